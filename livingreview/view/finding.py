"""A finding: what one analysis asks, what it found, how sure it is, and on whom it rests."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from ..data import doubts
from ..data.dataset import Dataset
from ..review.certainty import FREQUENCY
from ..review.measure import measure, ratio, uncontrolled, varying
from ..review.missing import FINISHED_REPORTED, FINISHED_UNREPORTED
from ..review.robustness import WITHOUT_DOUBTFUL
from ..review.written import rounded
from .addresses import Addresses
from .base import Label, Struct, View, label, labels, stated, wording
from .naming import study_names

LEVELS = ("very low", "low", "moderate", "high")


class Question(Struct):
    """What an analysis asks."""

    outcome: Label  # with `part` and `conditions`: instrument, stage or product that narrows it
    part: Label | None
    conditions: tuple[Label, ...]
    # ``event``, ``response`` (of patients), ``chance`` (another outcome that patients have or have
    # not), ``frequency`` (how common it is, where nobody was treated) or ``score``
    kind: str
    # months, open at the beginning; None at both ends is the longest follow-up
    window: tuple[float | None, float | None]
    comparison: str  # a word of `analysis_comparison`
    comparator: Label
    background: Label | None  # what both groups got besides
    given: Label
    number: int  # grammatical number of what is given: 1, or 2 for a plural
    measure: str
    decimals: int
    unit: str  # a key: ``points-of-100``, ``points``, ``sd``, ``percent``, or the data's own unit
    favourable: str
    uncontrolled: bool


class Estimate(Struct):
    """An estimate with its interval, and where a new trial is expected, if that is known."""

    value: float
    low: float
    high: float
    k: int
    pi_low: float | None = None
    pi_high: float | None = None


class Posterior(Struct):
    """The posterior of few trials."""

    main: bool  # whether it is the estimate of the analysis, or stands beside it
    family: str  # of the prior on the standard deviation between trials
    scale: float  # of that prior, in the unit of the effects (log scale for ratios)
    estimate: Estimate
    # share, sd: the scale is this share of the unit information SD of the trials; None where it is
    # stated
    share: float | None = None
    sd: float | None = None


class Without(Struct):
    """The estimate without, or with, some trials, and why it is said."""

    names: tuple[str, ...]
    hrefs: tuple[str, ...]
    reasons: tuple[Label, ...]
    estimate: Estimate | None
    taken_in: bool = False


class Heavy(Struct):
    """A trial that has more than half of the weight in an estimate; `share` is of one."""

    name: str
    href: str
    share: float


class Finding(View, template="finding"):
    """What one analysis found."""

    id: str
    indication: str
    title: str
    role: str
    href: str
    question: Question
    k: int
    n: float
    n_least: bool
    k_without: int
    n_without: float
    estimate: Estimate | None
    # for two studies with one common value: the interval that lets them differ
    spread: Estimate | None
    # of two trials, whose estimate it is; of three and four beside their estimate
    posterior: Posterior | None
    apart: bool  # whether there are two trials, and their intervals do not overlap
    # beside an estimate of Mantel–Haenszel of three trials or more: that by random effects
    random: Estimate | None
    direction: str  # ``better``, ``worse``, ``unclear`` or ``none`` (no estimate)
    level: str  # certainty; empty where it is not rated
    # what is rated: ``important``, ``little`` (or no effect) or ``any`` effect; empty where nothing
    # is
    target: str
    mid: float | None  # the smallest change that a patient notices
    # of 100 people: with the comparator, with the treatment, and the ends of its interval
    risks: tuple[float, float, float, float] | None
    # nobody had the event: the percentage that the risk is at most
    at_most: tuple[float, float] | None
    at_least: tuple[float, float] | None
    trial: tuple[str, str] | None
    heavy: Heavy | None
    entry: Label | None
    moving: Without | None
    doubt: Without | None
    # trials whose effect is hardly plausible, and the estimate without them
    implausible: Without | None
    # of the one trial of a ratio, where a group had no event: events and people, with the treatment
    # and with the comparator
    empty: tuple[float, float, float, float] | None
    known: int  # trials of this comparison that are not in the estimate
    n_pool: float
    n_finished: float  # participants of finished trials, those of the estimate included
    unsized: int  # finished trials whose size is not stated
    marks: dict  # see :func:`marks`


def _kind(data: Dataset, question: dict) -> str:
    """What the sentence of an outcome is about."""
    if question["target_type"] == "event":
        return "event"
    if question["measure"] == "proportion" and _counted_alone(data, question):
        return "frequency"
    if question["measure"] in ("RR", "OR", "HR", "RD", "proportion"):
        kind = data.kind("outcome", question["target"])
        return "response" if kind == "responder" else "chance"
    return "score"


def _counted_alone(data: Dataset, question: dict) -> bool:
    """Whether it is asked how common something is, not what became of those treated."""
    family = question["target"] if question["target_type"] == "family" else (
        data.kind("outcome", question["target"]))
    return data.kind("family", family) == FREQUENCY


def _unit(question: dict) -> str:
    if question["measure"] == "SMD":
        return "sd"
    if question["measure"] in ("proportion", "RD"):
        return "percent"
    return question.get("unit") or ("points-of-100" if question["rescaled_0_100"] else "points")


def grammatical_number(data: Dataset) -> int:
    """Of what the review calls its intervention: 1, or 2 for a plural."""
    return 2 if data.kind("wording", "intervention") == "plural" else 1


def without_brackets(said: Label) -> Label:
    """A label without what it explains in brackets."""
    return Label(*(re.sub(r"\s*[(（].*[)）]$", "", w) for w in (said.en, said.zh)))


def question(data: Dataset, result: dict) -> Question:
    """What an analysis asks.

    Parameters
    ----------
    data : Dataset
    result : dict
        One analysis of ``results.json``.
    """
    q = result["question"]
    vocabulary = {"family": "family", "event": "event"}.get(q["target_type"], "outcome")
    conditions = [label(data, "condition", w) for w in q.get("condition", ())]
    conditions += [label(data, "treatment_product", w) for w in q.get("products", ())]
    kind, outcome = _kind(data, q), label(data, vocabulary, q["target"])
    # where a unit is declared, that is all that the instrument was asked for
    part = Label(q["instrument_contains"], "") if (
        q["instrument_contains"] and not q.get("unit")) else None
    if part and kind == "response" and vocabulary == "outcome" and not uncontrolled(result):
        # the definition, in words that the catalogue of the data has in other languages
        outcome, part = Label(result["title"].split(",")[0], ""), None
    background = stated(data, "cointervention", q["background"])
    return Question(
        outcome, part, tuple(conditions), kind, (q["window_from"], q["window_to"]),
        q["comparison"], without_brackets(label(data, "analysis_comparison", q["comparison"])),
        background, wording(data, "intervention"),
        grammatical_number(data), q["measure"],
        measure(result).decimals, _unit(q), q["favourable"], uncontrolled(result))


def estimate_of(values: dict | None) -> Estimate | None:
    """An estimate of a result or of a row of its robustness; None where there is none."""
    if not values or values.get("estimate") is None:
        return None
    return Estimate(values["estimate"], values["ci_low"], values["ci_high"], values["k"],
                    values.get("pi_low"), values.get("pi_high"))


def posterior_of(result: dict) -> Posterior | None:
    """The posterior of few trials; None where a result has none."""
    estimate = estimate_of(result["posterior"])
    if estimate is None:
        return None
    prior = result["method"]["prior"]
    origin = result["method"]["prior_from"]
    return Posterior(result["pooled"]["model"] == "posterior", prior["family"], prior["scale"],
                     estimate, origin["share"], origin["sd"])


def marks(result: dict) -> dict:
    """What an element that states a result bears, for those who read the page by machine.

    Parameters
    ----------
    result : dict
        One analysis of ``results.json``.

    Returns
    -------
    dict
        ``result``; ``k`` and ``n``, trials and participants of the estimate; ``unstated``, how many
        of these trials do not state theirs; ``without``, participants of trials that give no ratio;
        ``estimate`` with the ends of its interval; ``certainty``. Empty is what there is none of.
    """
    pooled, rated = result["pooled"] or {}, result["certainty"]
    return {"result": result["id"], "k": result["k"],
            "n": round(result["n"]) if result["n"] or not result["k"] else "",
            "unstated": result.get("k_without_n") or "",  # results of earlier versions have none
            "without": round(result["n_without_ratio"]) if result["k_without_ratio"] else "",
            "estimate": " ".join(f"{rounded(pooled[key]):.10g}"
                                 for key in ("estimate", "ci_low", "ci_high") if pooled),
            "certainty": rated["level"] if rated else ""}


def direction(result: dict) -> str:
    """Which side an estimate is on, when its interval excludes the other."""
    pooled, null = result["pooled"], measure(result).null
    if pooled is None:
        return "none"
    if null is None or pooled["ci_low"] <= null <= pooled["ci_high"]:
        return "unclear"
    lower = pooled["estimate"] < null
    return "better" if lower == (result["question"]["favourable"] == "lower") else "worse"


def _risks(result: dict) -> tuple[float, float, float, float] | None:
    a = result["absolute"]
    if not a:
        return None
    return (a["comparator_per_1000"] / 10, *(
        a[f"intervention_{key}_per_1000"] / 10 for key in ("estimate", "ci_low", "ci_high")))


def _empty(result: dict) -> tuple[float, float, float, float] | None:
    """The counts behind the ratio of a single trial in which a group had no event."""
    trials = [s for s in result["studies"] if s["yi"] is not None]
    arms = [trials[0][side] for side in ("intervention", "comparator")] if len(trials) == 1 else []
    counts = [arm[key] for arm in arms if arm for key in ("events", "n")]
    if not ratio(result) or len(counts) < 4 or None in counts or all(counts):
        return None
    return tuple(counts)


class Findings:
    """Findings of one indication."""

    def __init__(self, data: Dataset, indication: str, addresses: Addresses):
        self.data, self.indication, self.addresses = data, indication, addresses
        self.names = study_names(data, indication)

    def trial(self, trial_id: str) -> tuple[str, str]:
        """Name and address of a trial."""
        return self.names[trial_id], self.addresses.trial(self.indication, trial_id)

    def of(self, result: dict) -> Finding:
        """The finding of an analysis.

        Parameters
        ----------
        result : dict
            One analysis of ``results.json``.
        """
        missing, trials = result["not_in_pool"], [
            s["trial_id"] for s in result["studies"] if s["yi"] is not None]
        seen, all_seen = result["none_seen"], result["all_seen"]
        spread = result["random_effects"] if (result["pooled"] or {}).get("model") == (
            "common") else None
        mid = result["minimal_important_difference"]
        return Finding(
            id=result["id"], indication=result["indication"], title=result["title"],
            role=result["role"], href=self.addresses.figure(result["id"]),
            question=question(self.data, result),
            k=result["k"], n=result["n"], n_least=bool(result.get("k_without_n")),
            k_without=result["k_without_ratio"], n_without=result["n_without_ratio"],
            estimate=estimate_of(result["pooled"] and {
                **result["pooled"], **{k: varying(result)[k] for k in ("pi_low", "pi_high")}}),
            spread=estimate_of(spread), posterior=posterior_of(result),
            apart=bool(result["apart"]), random=self._random(result), direction=direction(result),
            level=result["certainty"]["level"] if result["certainty"] else "",
            target=((result["certainty"] or {}).get("target") or {}).get("kind", ""),
            mid=mid["value"] if mid else None, risks=_risks(result),
            at_most=(seen["n"], seen["upper_percent"]) if seen else None,
            at_least=(all_seen["n"], all_seen["lower_percent"]) if all_seen else None,
            trial=self.trial(trials[0]) if len(trials) == 1 else None, heavy=self._heavy(result),
            entry=self._entry(result, trials), moving=self._moving(result),
            doubt=self._doubt(result),
            implausible=self._implausible(result), empty=_empty(result),
            known=len(missing["trials"]), n_pool=missing["n_pool"],
            n_finished=missing["n_finished"], unsized=len(missing["unsized"]),
            marks=marks(result))

    def _heavy(self, result: dict) -> Heavy | None:
        """The one of several trials on which most of an estimate rests."""
        shares = {s["trial_id"]: s["weight"] for s in result["studies"] if s["weight"]}
        most = max(shares, key=shares.get, default=None)
        if len(shares) < 2 or shares[most] <= 0.5:
            return None
        return Heavy(*self.trial(most), shares[most])

    def _entry(self, result: dict, trials: list[str]) -> Label | None:
        """Stage or form of the disease at entry that all trials share, where it is not asked."""
        asked = result["question"]
        if asked["instrument_contains"] or asked.get("condition") or not result["pooled"]:
            return None
        stated = {s["study_id"]: s["condition"]
                  for s in self.data.records("studies", self.indication)}
        found = {stated.get(t) for t in trials}
        if len(found) != 1 or None in found:
            return None
        return label(self.data, "condition", found.pop())

    def _moving(self, result: dict) -> Without | None:
        """The one trial without which the answer is another: it decides what is clear."""
        if result["pooled"] is None or result["k"] < 3:
            return None
        here = direction(result)
        for row in result["leave_one_out"]:
            if row.get("estimate") is None or not row.get("trial_id"):
                continue
            if direction({**result, "pooled": row}) != here:
                name, href = self.trial(row["trial_id"])
                return Without((name,), (href,), (), estimate_of(row))
        return None

    @staticmethod
    def _random(result: dict) -> Estimate | None:
        """Beside an estimate of Mantel–Haenszel, that by random effects; of two trials it says
        nothing, as its interval rests on one degree of freedom."""
        beside = (result["pooled"] or {}).get("model") == "mantel-haenszel" and result["k"] > 2
        return estimate_of(result["random_effects"]) if beside else None

    def _implausible(self, result: dict) -> Without | None:
        """Trials whose effect is beyond two standard deviations, and the estimate without them.

        Without an estimate all trials are such: their spreads may be standard errors.
        """
        row = next((r for r in result["robustness"] if r["id"] == "no-large-effect"), None)
        if row is None or result["pooled"] is None:
            return None
        without = estimate_of(row)
        if without and result["k"] < 3:
            return None
        named = [self.trial(t) for t in row.get("left_out", ())]
        return Without(tuple(n for n, _ in named), tuple(h for _, h in named), (), without)

    def _doubt(self, result: dict) -> Without | None:
        """Trials whose values are in doubt, with the estimate that takes the other side."""
        rows = {r["id"]: r for r in result["robustness"]}
        if WITHOUT_DOUBTFUL in rows:  # the analysis takes them in
            taken, other = True, rows[WITHOUT_DOUBTFUL]
            trials = [s["trial_id"] for s in result["studies"] if s["quality"] == "doubtful"]
        else:
            taken, other = False, rows.get("with-doubtful", {})
            trials = list(other.get("brings", []))
        if not trials:
            return None
        known = doubts.reasons(self.data, self.indication, _asked(self.data, result["question"]))
        reasons = dict.fromkeys(r for t in trials for r in known.get(t, ()))
        named = [self.trial(t) for t in trials]
        return Without(tuple(n for n, _ in named), tuple(h for _, h in named),
                       labels(self.data, "doubt_rule", reasons),
                       estimate_of(other), taken)

    def missing(self, result: dict) -> list[dict]:
        """Finished trials of the comparison that are in no estimate, the largest first."""
        return sorted((t for t in result["not_in_pool"]["trials"] if t["counted"] and t["n"]
                       and t["group"] in (FINISHED_REPORTED, FINISHED_UNREPORTED)),
                      key=lambda t: -t["n"])


def _asked(data: Dataset, question: dict) -> Callable[[str | None, float | None], bool]:
    """Whether an outcome or event at a visit, None being all, is of a question."""
    low, high = question["window_from"] or 0, question["window_to"] or math.inf
    family = {r["outcome"] for r in data.records("hierarchy") if r["family"] == question["target"]}
    items = {None, *(family if question["target_type"] == "family" else {question["target"]})}
    return lambda item, months: item in items and (months is None or low < months <= high)
