"""One value of a registry as a row of a table, or the reason why it is none.

Standard errors stay standard errors and medians medians, as the protocol has it; what is converted
is said in the note, with the formula's source, and its quality is `derived`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from .. import synthesis
from .moments import followed, moments, visit
from .registry_results import NUMBER, Analysis, Group, Harm, Value

_ADJUSTED = {"LEAST SQUARES MEAN", "GEOMETRIC MEAN", "GEOMETRIC LEAST SQUARES MEAN", "LOG MEAN"}
_COUNTS = {"COUNT OF PARTICIPANTS", "COUNT OF UNITS"}
_PEOPLE = re.compile(r"\b(?:participants?|patients?|subjects?|people|persons?|individuals?)\b",
                     re.IGNORECASE)
_PERCENT = re.compile(r"percent|%", re.IGNORECASE)
_LEVEL = re.compile(r"(\d+(?:\.\d+)?)\s*%\s*(?:CONFIDENCE|C\.?I)|CONFIDENCE (\d+)")
_P = re.compile(r"(?:p\s*)?([<>≤≥]?)\s*=?\s*((?:0|1)?\.\d+|[01])", re.IGNORECASE)
_CHANGES = ("change", "percent-change")
_MEASURES = ((re.compile(r"\blog\b|median|slope|geometric"), ""),
             (re.compile(r"hazard ratio"), "HR"), (re.compile(r"odds ratio"), "OR"),
             (re.compile(r"(?:risk|relative risk).*ratio|relative risk"), "RR"),
             (re.compile(r"risk difference"), "RD"), (re.compile(r"mean difference"), "MD"))
_MINUS = re.compile(r"\s*(?:group|arm)?\s*\)?\s*(?:minus|[-–−]|/|over|divided by|relative to"
                    r"|(?:as )?compared (?:with|to))\s*\(?\s*(?:the)?\s*", re.IGNORECASE)


class Refused(Exception):
    """Why a value is no row."""


def number(text: str, what: str) -> float:
    """A number as printed.

    Raises
    ------
    Refused
        For ``NA``, ``<0.001`` and everything else that is no number.
    """
    if not text:
        raise Refused(f"no {what} is printed")
    if not NUMBER.fullmatch(text):
        raise Refused(f"the {what} is printed as {text}, which is no number")
    return float(text)


def _whole(text: str, what: str) -> int:
    found = number(text, what)
    if found < 0 or found != int(found):
        raise Refused(f"the {what} is {text}, which is no count")
    return int(found)


def _size(text: str, what: str) -> float:
    found = number(text, what)
    if found < 0:
        raise Refused(f"the {what} is {text}: expected 0 or more")
    return found


def _limits(value: str, low: str, high: str, what: str) -> tuple[float, float]:
    """Two limits with the value between them."""
    ends = number(low, f"lower limit ({what})"), number(high, f"upper limit ({what})")
    if not ends[0] <= number(value, "value") <= ends[1]:
        raise Refused(f"{value} is not within its limits, {low} to {high} ({what})")
    return ends


def outcome(value: Value, group: Mapping, mapped: Mapping, unit: str) -> tuple[dict, list[str]]:
    """A row of outcomes.csv, without study and source.

    Parameters
    ----------
    value : Value
    group, mapped : mapping
        What a person said of the group and of the title.
    unit : str
        What the study counts, of the list unit.

    Returns
    -------
    dict
    list of str
        What of the value is left out although the row is none to refuse.

    Raises
    ------
    Refused
    """
    months, words = visit(value.moment, value.frame, mapped["statistic"] in _CHANGES)
    if months is None:
        raise Refused(words)
    if value.param in _ADJUSTED:
        raise Refused(f"{value.param.lower()}: adjusted or transformed, no mean of what was "
                      "measured; the comparison, where one is posted, is drafted in contrasts")
    n = _analysed(value, unit)
    notes, left = [f"ClinicalTrials.gov: {words}"], []
    row = {"arm_id": group["arm_id"], "outcome": mapped["item"],
           "instrument": mapped["instrument"] or value.title,
           "scale_min": mapped["scale_min"], "scale_max": mapped["scale_max"],
           "better": mapped["better"], "timepoint_months": months,
           "statistic": mapped["statistic"], "locator": value.place}
    if value.param in ("MEAN", "MEDIAN"):
        row |= {"n": n, value.param.lower(): number(value.value, value.param.lower())}
        row |= _spread(value, n, notes, left)
    else:
        row |= _count(value, n, left)
    if value.comment:
        notes.append("the registry has a comment on it")
    return {**row, "note": "; ".join(notes)}, left


def _counts(units: str, unit: str) -> bool:
    """Whether units of analysis, as a registry calls them, are those of a word of the list unit."""
    if unit == "patient":
        return _PEOPLE.fullmatch(units.strip()) is not None
    return units.lower().strip().removesuffix("s").split()[-1:] == [unit]


def _analysed(value: Value, unit: str) -> int | None:
    """Units analysed, which are those of the study."""
    if value.units and not _counts(value.units, unit):
        raise Refused(f"n counts {value.units}, and the study counts by {unit}: expected one and "
                      "the same unit")
    if not value.n:
        return None
    n = _whole(value.n, "n")
    if n == 0:
        raise Refused("nobody was analysed")
    return n


def _spread(value: Value, n: int | None, notes: list[str], left: list[str]) -> dict:
    """The cells of the spread of a mean or median."""
    kind, is_mean = value.dispersion, value.param == "MEAN"
    level = level_of(kind)
    if not is_mean and (level or kind.startswith("STANDARD")):
        raise Refused(f"{kind.lower()} around a median: an interval of the median holds no "
                      "quartiles, and a standard deviation belongs to a mean")
    try:
        if kind == "STANDARD DEVIATION":
            return {"sd": _size(value.spread, "standard deviation")}
        if kind.startswith("STANDARD ERROR"):
            se = _size(value.spread, "standard error")
            if not n:
                raise Refused("a standard error without n gives no standard deviation")
            if not se or n < 2:
                raise Refused(f"a standard error of {value.spread} with n {n} gives no standard "
                              "deviation")
            notes.append(f"SD = SE x sqrt(n) = {synthesis.sd_from_se(se, n):.6g} (Cochrane "
                         "Handbook 6.5.2.2)")
            return {"se": se, "quality": "derived"}
        if level:
            return _interval(value, n, level, notes)
        if kind in ("INTER QUARTILE RANGE", "FULL RANGE"):
            names = ("q1", "q3") if kind.startswith("INTER") else ("min", "max")
            limits = _limits(value.value, value.low, value.high, kind.lower())
            return dict(zip(names, limits, strict=True))
    except Refused as why:
        if value.spread == "NA" or "NA" in (value.low, value.high):
            left.append(f"its spread: {why}")  # the mean stands by itself
            return {}
        raise
    if kind not in ("", "NA"):
        raise Refused(f"the spread is a {kind.lower()}: expected a standard deviation or error, a "
                      "confidence interval, quartiles or a range")
    return {}


def level_of(dispersion: str) -> float | None:
    """The level of an interval in per cent; None where it is none."""
    found = _LEVEL.search(dispersion)
    if found is None:
        return None
    return float(found[1]) if found[1] else {"975": 97.5}.get(found[2], float(found[2]))


def _interval(value: Value, n: int | None, level: float, notes: list[str]) -> dict:
    """Limits of 95 %; of another level the standard error that they give.

    SE = (high - low) / (2 t), t of n - 1 degrees of freedom at the level (Cochrane Handbook,
    chapter 6.5.2.2).
    """
    if level != 95 and (not n or n < 2):
        raise Refused(f"an interval of {level:g} % without n gives no standard error")
    low, high = _limits(value.value, value.low, value.high, f"{level:g} % interval")
    if level == 95:
        return {"ci_low": low, "ci_high": high}
    try:
        se = synthesis.sd_from_interval(low, high, n, level / 100) / math.sqrt(n)
    except synthesis.SynthesisError as error:
        raise Refused(f"interval of {level:g} %: {error}") from None
    notes.append(f"SE from the {level:g}% interval {value.low} to {value.high}: width / (2 t), "
                 f"t of {n - 1} degrees of freedom (Cochrane Handbook 6.5.2.2)")
    return {"se": float(f"{se:.6g}"), "quality": "derived"}


def _count(value: Value, n: int | None, left: list[str]) -> dict:
    """The cells of a count or a percentage."""
    if value.categories > 1:
        raise Refused(f"one of {value.categories} categories: a category is no event")
    percent = value.param == "NUMBER" and bool(_PERCENT.search(value.unit))
    if value.param not in _COUNTS and value.param != "NUMBER":
        raise Refused(f"{value.param.lower() or 'no kind of value'}: expected a mean, a median, a "
                      "count or a number")
    if value.param == "NUMBER" and not _PEOPLE.search(value.unit):
        raise Refused(f"a number of {value.unit or 'what is not said'} is neither a mean nor a "
                      "count of participants")
    if value.spread or value.low or value.high:
        left.append("its spread: a count has none")
    if percent:
        share = number(value.value, "percentage")
        if not 0 <= share <= 100:
            raise Refused(f"the percentage is {value.value}: expected 0 to 100")
        return {"percent": share, "total": n}
    events = _whole(value.value, "count")
    if n is None:
        raise Refused("a count without the number it is of")
    return {"events": _of(events, n), "total": n}


def _of(events: int, total: int) -> int:
    if events > total:
        raise Refused(f"{events} of {total}: more than there are")
    return events


def harm(one: Harm, group: Mapping, mapped: Mapping) -> dict:
    """A row of adverse_events.csv, without study and source.

    Raises
    ------
    Refused
    """
    people = bool(one.affected)
    events = _whole(one.affected if people else one.events, "count")
    total = _whole(one.at_risk, "number at risk")
    return {"arm_id": group["arm_id"], "event": mapped["item"],
            "events": _of(events, total) if people else events, "total": total,
            "count": "patients" if people else "events", "months": followed(one.frame),
            "locator": one.place,
            "note": "; ".join(filter(None, (f"ClinicalTrials.gov: {one.title}", one.note,
                                            one.frame and f"time frame: {one.frame}")))}


# --- comparisons ----------------------------------------------------------------------------------


def contrast(one: Analysis, arms: Mapping[str, Mapping], mapped: Mapping) -> dict:
    """A row of contrasts.csv, without study and source.

    Parameters
    ----------
    one : Analysis
    arms : mapping of str to mapping
        The study's arms by title of the group.
    mapped : mapping
        What a person said of the title.

    Raises
    ------
    Refused
        Where the direction is not stated, among others.
    """
    measure = _measure(one["paramType"])
    first, second = _direction(one)
    roles = [arms[group.title]["role"] for group in (first, second)]
    if sorted(roles) != ["comparator", "intervention"]:
        raise Refused("it compares no group with a control: both are of one role")
    reversed_ = roles[0] == "comparator"
    estimate = number(one["paramValue"], "estimate")
    months, words = _when(one, mapped)
    notes = [f"ClinicalTrials.gov: {words}", one["statisticalMethod"] and
             f"method: {one['statisticalMethod']}"]
    cells = {"estimate": estimate, **_error(one, measure, notes)}
    if reversed_:
        notes.append("printed the other way round")
        cells = _turned(cells, measure)
    if measure == "MD" and mapped["better"] not in ("lower", "higher"):
        raise Refused("which way is better is not mapped, so that nobody knows whom it favours")
    p_value = _p_value(one["pValue"], notes)
    ends = [arms[group.title]["arm_id"] for group in (first, second)]
    ends = ends[::-1] if reversed_ else ends
    return {"arm_intervention": ends[0], "arm_comparator": ends[1], "outcome": mapped["item"],
            "instrument": mapped["instrument"] or one.title, "timepoint_months": months,
            "measure": measure, "scale_max": mapped["scale_max"] if measure == "MD" else None,
            "favours": _favours(cells["estimate"], mapped["better"]) if measure == "MD" else None,
            "p_value": p_value, **cells, "locator": one.place,
            "note": "; ".join(filter(None, notes))}


def _p_value(text: str, notes: list[str]) -> str | None:
    """A p value as a number, with the sign before it; what is none goes to the notes."""
    found = _P.fullmatch(text)
    if text and not found:
        notes.append(f"p value as printed: {text}")
    return found and f"{found[1]}{found[2] if found[2][0] != '.' else '0' + found[2]}"


def _measure(text: str) -> str:
    found = next((name for form, name in _MEASURES if form.search(text.lower())), "")
    if not found:
        raise Refused(f"it estimates {text or 'nothing that is named'}: expected a mean "
                      "difference, a risk, odds or hazard ratio, or a risk difference")
    return found


def _direction(one: Analysis) -> tuple[Group, Group]:
    """Which group minus, or over, which: only as the record says it in words."""
    if len(one.groups) != 2:
        raise Refused(f"it is of {len(one.groups)} groups: expected two")
    text = " ".join(" ".join((one["estimateComment"], one["groupDescription"],
                              one["paramType"])).split())
    found = set()
    for first, second in (one.groups, one.groups[::-1]):
        form = re.escape(first.title) + _MINUS.pattern + re.escape(second.title)
        if first.title and second.title and re.search(form, text, re.IGNORECASE):
            found.add((first, second))
    if len(found) != 1:
        raise Refused("its direction is not stated: expected one group minus, or over, the other, "
                      "by their titles")
    return found.pop()


def _when(one: Analysis, mapped: Mapping) -> tuple[float, str]:
    """The visit of a comparison: named in its own words, else by the time frame."""
    change = mapped["statistic"] in _CHANGES
    for text in (one["groupDescription"], one["estimateComment"]):
        if moments(text).months:
            months, words = visit(text, "", change)
            if months is None:
                raise Refused(words)
            return months, "time in the words of the comparison"
    months, words = visit("", one.frame, change)
    if months is None:
        raise Refused(words)
    return months, words


def _error(one: Analysis, measure: str, notes: list[str]) -> dict:
    """Limits of 95 %; of another level, or where there are none, the standard error.

    SE = (high - low) / (2 z), of ratios by their logarithms (Cochrane Handbook, chapter 6.3.1).
    """
    if one["ciLowerLimit"] or one["ciUpperLimit"]:
        if "ONE" in one["ciNumSides"].upper() or one["ciNumSides"].startswith("1"):
            raise Refused("its interval has one side")
        level = number(one["ciPctValue"], "level of its interval")
        if not 50 <= level < 100:  # 0.95 would be a share
            raise Refused(f"the level of its interval is {level:g}: expected a per cent, as 95")
        low, high = _limits(one["paramValue"], one["ciLowerLimit"], one["ciUpperLimit"],
                            f"{level:g} % interval")
        ratio = measure in ("OR", "RR", "HR")
        if ratio and low <= 0:
            raise Refused("a ratio whose interval reaches 0")
        if level == 95:
            return {"ci_low": low, "ci_high": high}
        ends = (math.log(low), math.log(high)) if ratio else (low, high)
        try:
            se = synthesis.se_from_interval(*ends, level / 100)
        except synthesis.SynthesisError as error:
            raise Refused(f"interval of {level:g} %: {error}") from None
        notes.append(f"SE{' of the logarithm' * ratio} from the {level:g}% interval "
                     f"{low:g} to {high:g}: width / (2 z) (Cochrane Handbook 6.3.1)")
        return {"se": float(f"{se:.6g}"), "quality": "derived"}
    if "ERROR" in one["dispersionType"].upper() and measure == "MD":
        return {"se": _size(one["dispersionValue"], "standard error")}
    return {}


def _turned(cells: Mapping, measure: str) -> dict:
    """A comparison read the other way round."""
    def turn(x: float) -> float:
        if measure in ("MD", "RD"):
            return -x
        if x <= 0:
            raise Refused("a ratio that is not positive")
        return float(f"{1 / x:.6g}")

    limits = {"ci_low": turn(cells["ci_high"]), "ci_high": turn(cells["ci_low"])} if (
        "ci_low" in cells) else {}
    return {**cells, "estimate": turn(cells["estimate"]), **limits}


def _favours(estimate: float, better: str) -> str:
    if estimate == 0:
        return "neither"
    return "intervention" if (estimate < 0) == (better == "lower") else "comparator"
