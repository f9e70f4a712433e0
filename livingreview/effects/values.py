"""What one arm has at one outcome and visit: a mean with its spread, or a count."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .. import synthesis
from .messages import said

QUALITIES = ("as-reported", "derived", "borrowed", "digitised", "doubtful")
MAIN_QUALITIES = frozenset({"as-reported", "derived"})
SOURCE_RANK = {"abstract": 0, "full-text": 0, "full-text-table": 0, "registry": 1,
               "review-table": 2, "review-text": 2, "company-page": 3}
SOURCE_NAMES = ("own-report", "registry", "review", "seller")  # of each rank, as messages
NUMBERS = ("n", "mean", "sd", "se", "ci_low", "ci_high", "median", "q1", "q3", "min", "max",
           "events", "total", "percent", "estimate", "p_value")


@dataclass(frozen=True)
class Reading:
    """One row of data and what is printed in it: the end of every provenance link."""

    table: str
    row: int
    study_id: str
    arm_id: str
    source_id: str
    locator: str
    printed: tuple[tuple[str, str], ...]
    note: str = ""


@dataclass(frozen=True)
class ArmValue:
    """An arm, or several that are counted as one.

    Attributes
    ----------
    arms : tuple of str
    n : float
        Units analysed (continuous) or at risk (binary); fractional after a design effect.
    mean, sd : float or None
        In the units of the row, or of the analysis once oriented.
    events : float or None
    quality : str
        The weakest quality of what entered.
    skewed : bool
        Whether quartiles or a range show skewness (Shi's test).
    derivation : tuple of str
        Every step from the printed values, in words.
    readings : tuple of Reading
    patients : float or None
        Patients behind `n`, where several units are of one patient; None where `n` counts them.
    low_follow_up : bool
        Whether fewer of an arm were analysed than the protocol asks for without a warning.
    """

    arms: tuple[str, ...]
    n: float
    mean: float | None
    sd: float | None
    events: float | None
    quality: str
    skewed: bool
    derivation: tuple[str, ...]
    readings: tuple[Reading, ...]
    patients: float | None = None
    low_follow_up: bool = False

    @property
    def people(self) -> float:
        """Patients in the value."""
        return self.n if self.patients is None else self.patients

    def thinned(self, units_per_patient: float, icc: float) -> ArmValue:
        """Total and events divided by the design effect, for joints of the same patients."""
        if units_per_patient <= 1:
            return self
        design_effect = 1 + (units_per_patient - 1) * icc
        patients = self.n / units_per_patient
        if design_effect == 1:
            return replace(self, patients=patients)
        events = None if self.events is None else self.events / design_effect
        words = said("thinned", effect=f"{design_effect:.3g}")
        return replace(self, n=self.n / design_effect, events=events, patients=patients,
                       derivation=(*self.derivation, words))


class Unusable(Exception):
    """Why a row gives no value."""


def refused(quality: str, row) -> Unusable:
    """A value whose quality keeps it out, with what is said of its source."""
    doubt = row.get("doubt")
    return Unusable(said("quality-doubt", quality=quality, doubt=doubt) if doubt
                    else said("quality", quality=quality))


def doubt_of(row) -> tuple[str, ...]:
    """What is said of a row whose source makes it doubtful, as a part of a derivation."""
    return (row["doubt"],) if row.get("doubt") else ()


def worst(*qualities: str) -> str:
    """The weakest of several qualities."""
    return max(qualities, key=QUALITIES.index)


def reading(table: str, row) -> Reading:
    """Provenance of a row: where it is and every number printed in it."""
    printed = tuple((name, f"{row[name]:g}" if isinstance(row[name], float) else str(row[name]))
                    for name in NUMBERS if name in row and row[name] is not None)
    return Reading(table, row["row"], row["study_id"], row.get("arm_id", ""), row["source_id"],
                   row["locator"] or "", printed, row["note"] or "")


def _mean(row, n: float) -> tuple[float, tuple[str, ...]]:
    if row["mean"] is not None:
        return row["mean"], ()
    median, q1, q3 = row["median"], row["q1"], row["q3"]
    if median is not None and q1 is not None and q3 is not None:
        return float(synthesis.mean_from_quartiles(q1, median, q3, n)), (
            said("mean-quartiles"),)
    if median is not None and row["min"] is not None and row["max"] is not None:
        return float(synthesis.mean_from_range(row["min"], median, row["max"], n)), (
            said("mean-range"),)
    raise Unusable(said("no-mean"))


def _sd(row, n: float) -> tuple[float, tuple[str, ...]]:
    if row["sd"] is not None:
        if row["sd"] == 0:
            raise Unusable(said("zero-sd"))
        return row["sd"], ()
    if row["se"]:
        return float(synthesis.sd_from_se(row["se"], n)), (said("sd-se"),)
    # An interval beside a median is an interval of the median: it gives no SD of the values.
    has_interval = row["ci_low"] is not None and row["ci_high"] is not None
    if row["mean"] is not None and has_interval and row["ci_low"] < row["ci_high"]:
        return float(synthesis.sd_from_interval(row["ci_low"], row["ci_high"], n)), (
            said("sd-interval"),)
    if row["q1"] is not None and row["q3"] is not None and row["q1"] < row["q3"]:
        return float(synthesis.sd_from_quartiles(row["q1"], row["q3"], n)), (
            said("sd-quartiles"),)
    if row["min"] is not None and row["max"] is not None and row["min"] < row["max"]:
        return float(synthesis.sd_from_range(row["min"], row["max"], n)), (
            said("sd-range"),)
    raise Unusable(said("no-spread"))


def _is_skewed(row, n: float) -> bool:
    median = row["median"]
    if median is None or row["mean"] is not None:
        return False
    if row["q1"] is not None and row["q3"] is not None and row["q1"] < row["q3"]:
        return bool(synthesis.skewed_by_quartiles(row["q1"], median, row["q3"], n))
    if row["min"] is not None and row["max"] is not None and row["min"] < row["max"]:
        return bool(synthesis.skewed_by_range(row["min"], median, row["max"], n))
    return False


def continuous(row, n: float | None, n_words: tuple[str, ...] = ()) -> ArmValue:
    """The mean and SD of a row of `outcomes.csv`, derived where they are not printed.

    Parameters
    ----------
    row : mapping
    n : float or None
        Units analysed.
    n_words : tuple of str
        How `n` was found, where the row does not print it.

    Raises
    ------
    Unusable
        With the reason.

    References
    ----------
    Cochrane Handbook, chapter 6.5.2; Luo et al. 2018; Wan et al. 2014; Shi et al. 2023.
    """
    if n is None:
        raise Unusable(said("no-n"))
    if n < 2:
        raise Unusable(said("few-units", n=f"{n:g}"))
    try:
        mean, mean_words = _mean(row, n)
        sd, sd_words = _sd(row, n)
    except synthesis.SynthesisError as error:
        raise Unusable(str(error)) from error
    words = (*n_words, *mean_words, *sd_words, *doubt_of(row))
    made = "derived" if mean_words or sd_words else "as-reported"
    return ArmValue((row["arm_id"],), float(n), mean, sd, None,
                    worst(row["quality"] or "as-reported", made), _is_skewed(row, n), words,
                    (reading("outcomes", row),))


def binary(table: str, row, total: float | None, total_words: tuple[str, ...] = ()) -> ArmValue:
    """The count of a row of `outcomes.csv` or `adverse_events.csv`.

    Raises
    ------
    Unusable
        With the reason.
    """
    if row.get("count") == "events":
        raise Unusable(said("events-counted"))
    events, words = row["events"], total_words
    if events is None and row["percent"] is None:
        raise Unusable(said("no-count"))
    if events and table == "adverse_events" and row["count"] is None:  # none is none of both
        raise Unusable(said("what-counted"))
    if total is None or total < 1:
        raise Unusable(said("no-total"))
    if events is None:
        events = synthesis.events_from_percentage(f"{row['percent']:g}", int(total))
        if events is None:
            raise Unusable(said("no-single-count"))
        words = (*words, said("count-percent", percent=f"{row['percent']:g}",
                              total=f"{total:g}"))
    if events > total:
        raise Unusable(said("too-many"))
    made = "derived" if len(words) > len(total_words) else "as-reported"
    return ArmValue((row["arm_id"],), float(total), None, None, float(events),
                    worst(row.get("quality") or "as-reported", made), False,
                    (*words, *doubt_of(row)),
                    (reading(table, row),))


def combined(values: list[ArmValue]) -> ArmValue:
    """Arms that differ in dose or number of administrations alone, counted as one.

    References
    ----------
    Cochrane Handbook for Systematic Reviews of Interventions, table 6.5.a.
    """
    if len(values) == 1:
        return values[0]
    arms = tuple(arm for value in values for arm in value.arms)
    words = tuple(dict.fromkeys(
        [w for v in values for w in v.derivation] + [said("combined", arms=", ".join(arms))]))
    readings = tuple(r for v in values for r in v.readings)
    n = sum(v.n for v in values)
    mean = sd = events = None
    if values[0].mean is not None:
        n, mean, sd = (float(x) for x in synthesis.combine_groups(
            [v.n for v in values], [v.mean for v in values], [v.sd for v in values]))
    else:
        events = sum(v.events for v in values)
    quality = worst("derived", *(v.quality for v in values))
    patients = None
    if any(v.patients is not None for v in values):
        patients = sum(v.people for v in values)
    return ArmValue(arms, n, mean, sd, events, quality, any(v.skewed for v in values), words,
                    readings, patients, any(v.low_follow_up for v in values))
