"""Dose and effect: between trials, and between the dose arms of a trial."""

from __future__ import annotations

from collections import defaultdict

from ..effects import Evidence
from ..effects.messages import Message
from ..review.dose import FEWEST
from ..review.measure import measure, ratio
from .base import Label, Struct, View, label, wording
from .finding import Estimate, Finding
from .forest import Forests
from .message import message
from .plot import Axes, Scale, Tag, area, tags

ENOUGH = 10  # trials that the Cochrane Handbook (10.11.4) asks for before a meta-regression
HEIGHT = 300
BESIDE = 6  # pixels between trials of one dose
PAD = 1.25  # a dose axis goes on by this factor beyond its marks
ARMS = ("estimate", "ci_low", "ci_high")


class Slope(Struct):
    """The change of an effect per tenfold dose."""

    value: float
    low: float
    high: float


class Trial(Struct):
    """A trial that states one dose, with the places of its effect."""

    name: str
    dose: float
    source: Label
    against: Label
    estimate: Estimate
    kind: int  # number of its source among those of the figure
    x: float
    y: tuple[float, float, float]  # effect and ends of its interval
    radius: float


class Chart(Struct):
    """Effects of trials against their doses."""

    trials: tuple[Trial, ...]
    sources: tuple[Label, ...]
    axes: Axes
    null: float | None
    line: tuple[tuple[float, float], ...]  # places of the line of the regression
    tags: tuple[Tag, ...]


class Regression(Struct):
    """The regression of effects on doses over trials."""

    k: int
    n: float
    low: float
    high: float
    slope: Slope
    # ``better`` or ``worse``: results of higher doses; empty where the line is level
    direction: str
    r2: float | None  # None where there is no variance to explain
    # the lowest and the highest slope without one trial, and which; empty where there is none
    without: tuple[tuple[str, float], ...]
    # cases, open: how many such slopes there are, and how many have an interval that holds no
    # association
    cases: int
    open: int
    line: tuple[tuple[float, Estimate], ...]  # average effects at some doses


class Arm(Struct):
    """A dose arm against the control of its trial, with the slope inside that trial."""

    trial: str
    dose: float
    n: float | None
    estimate: Estimate
    slope: Slope


class Within(Struct):
    """Slopes inside trials."""

    trials: int  # with a slope
    arms: tuple[Arm, ...]
    pooled: tuple[int, Slope] | None  # None with fewer than two such trials
    # why trials with several doses give no slope, and which
    unusable: tuple[tuple[Message, tuple[str, ...]], ...]


class Dose(View, template="dose"):
    """Both looks at dose and effect in one analysis."""

    finding: Finding
    dose: Label
    amount: Label
    source: Label
    unit: Label
    stated: tuple[tuple[str, float, Estimate], ...]  # trials that state one dose
    silent: tuple[str, ...]  # trials that do not
    chart: Chart | None  # None with fewer than two trials that state their dose
    regression: Regression | None
    within: Within | None  # None where no trial has an effect
    # fewest, enough: trials that a line needs, and that it should have
    fewest: int = FEWEST
    enough: int = ENOUGH

    @property
    def anchor(self) -> str:
        """The first identifier that it has on a page; empty where it has none."""
        if self.chart:
            return f"dose-{self.finding.id}"
        return f"dose-within-{self.finding.id}" if self.within and self.within.arms else ""


def dose(forests: Forests, ev: Evidence, result: dict) -> Dose:
    """Both looks at dose and effect in one analysis, each with what it cannot say.

    Parameters
    ----------
    forests : Forests
        Of the indication.
    ev : Evidence
    result : dict
        One analysis of ``results.json``.
    """
    data, found = forests.data, result["dose_response"] or {"trials": {}}
    names = {t: forests.names[t] for t in found["trials"]}
    doses = {t: d for t, d in found["trials"].items() if d}
    studies = sorted((s for s in result["studies"] if s["trial_id"] in doses),
                     key=lambda s: doses[s["trial_id"]])
    across = found.get("across")
    return Dose(
        forests.findings.of(result),
        *(wording(data, w) for w in ("dose", "amount", "source", "dose-unit")),
        tuple((names[s["trial_id"]], doses[s["trial_id"]], _estimate(s)) for s in studies),
        tuple(names[t] for t in names if t not in doses),
        _chart(ev, result, names, doses, studies) if len(doses) > 1 else None,
        _regression(result, names, across) if across else None,
        _within(names, found["within"]) if names else None)


def _estimate(values: dict) -> Estimate:
    return Estimate(*(values[k] for k in ARMS), 1)


def _slope(values: dict, before: str = "") -> Slope:
    return Slope(*(values[k] for k in ("slope", f"{before}ci_low", f"{before}ci_high")))


def _source(ev: Evidence, question: dict, study: dict) -> Label:
    """Source of a trial's first treated arm; empty where it is not known."""
    if study["intervention"]:
        arms = [(study["study_id"], arm) for arm in study["intervention"]["arms"]]
    else:  # a difference as printed names no arms: they are those of its comparison
        found = ev.contests(question["comparison"], question["background"])
        arms = [(c.study_id, arm) for contests in found.get(study["trial_id"], ())
                for c in contests if (c.study_id, c.kind) == (study["study_id"],
                                                              study["comparison"])
                for arm in c.intervention.arms]
    words = [ev.arms[arm]["treatment_source"] for arm in arms[:1]]
    return label(ev.data, "treatment_source", words[0]) if any(words) else Label("")


def _chart(ev: Evidence, result: dict, names: dict[str, str], doses: dict[str, float],
           studies: list[dict]) -> Chart:
    """Effects against doses, trials of one dose beside each other."""
    within, null, across = area(HEIGHT, top=22), measure(result).null, result["dose_response"][
        "across"]
    line = across["line"] if across else []
    values = [v for s in studies for v in (s["ci_low"], s["ci_high"])]
    values += [p["estimate"] for p in line] + ([] if null is None else [null])
    y = Scale(min(values), max(values), within.bottom - 4, within.top + 4, ratio(result))
    x = Scale(min(doses.values()) / PAD, max(doses.values()) * PAD, within.left, within.right, True)
    sources = {s["trial_id"]: _source(ev, result["question"], s) for s in studies}
    kinds = sorted(set(sources.values()), key=lambda s: s.en)
    taken: dict[float, int] = defaultdict(int)
    trials = []
    for s in studies:
        at, source = doses[s["trial_id"]], sources[s["trial_id"]]
        trials.append(Trial(
            names[s["trial_id"]], at, source,
            label(ev.data, "comparison_class", s["comparison"]), _estimate(s), kinds.index(source),
            round(x.at(at) + BESIDE * taken[at], 1), tuple(y.at(s[k]) for k in ARMS),
            round(3 + 5 * (s["weight"] or 0) ** 0.5, 1)))
        taken[at] += 1
    drawn = tuple((x.at(p["dose"]), y.at(p["estimate"])) for p in line)
    bars = [((t.x, t.y[1]), (t.x, t.y[2])) for t in trials]
    return Chart(
        tuple(trials), tuple(kinds), Axes(within, x.ticks(), y.ticks()),
        None if null is None else y.at(null), drawn,
        tags([(t.x, t.y[0], str(i)) for i, t in enumerate(trials, 1)], within, [drawn, *bars]))


def _regression(result: dict, names: dict[str, str], across: dict) -> Regression:
    null, rows = measure(result).null, sorted(across["leave_one_out"], key=lambda r: r["slope"])
    higher = across["slope"] < null, across["slope"] > null
    side = "" if not any(higher) else (
        "better" if higher[0] == (result["question"]["favourable"] == "lower") else "worse")
    return Regression(
        across["k"], across["n"], across["dose_low"], across["dose_high"],
        _slope(across, "slope_"), side, across["r2"],
        tuple((names[r["trial_id"]], r["slope"]) for r in (rows[:1] + rows[-1:])), len(rows),
        sum(r["slope_ci_low"] < null < r["slope_ci_high"] for r in rows),
        tuple((p["dose"], _estimate(p)) for p in across["line"]))


def _within(names: dict[str, str], found: dict) -> Within:
    arms = tuple(Arm(names[t["trial_id"]], a["dose"], a["n"], _estimate(a), _slope(t))
                 for t in found["trials"] for a in t["arms"])
    reasons = defaultdict(list)
    for trial, why in found["unusable"].items():
        reasons[why].append(names[trial])
    pooled = found["pooled"]
    return Within(len(found["trials"]), arms, (pooled["k"], _slope(pooled)) if pooled else None,
                  tuple((message(why, names), tuple(trials)) for why, trials in reasons.items()))
