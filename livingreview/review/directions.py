"""Synthesis without meta-analysis: which way each controlled trial points, outcome by outcome.

References
----------
Campbell M et al. (2020). Synthesis without meta-analysis (SWiM) in systematic reviews: reporting
guideline. BMJ 368:l6890.
Thomson HJ, Thomas S (2013). The effect direction plot. Research Synthesis Methods 4:95–101.
Hilton Boon M, Thomson H (2021). The effect direction plot revisited. Research Synthesis Methods
12:29–33.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product

from scipy.special import bdtr, ndtr, stdtr

from .. import synthesis
from ..data import tables
from ..effects import Analysis, Effect, Evidence, Rules
from ..effects.candidates import Slot, not_comparable, slots, units
from ..effects.comparisons import KEPT_APART, MORE_DIFFERS, any_order
from ..effects.contrasts import EXACT_P, reported_effect, touches
from ..effects.estimates import row_effect, within_person
from ..effects.evidence import Contest
from ..effects.messages import said
from ..effects.question import APART
from ..effects.selection import shares_patients
from ..effects.values import QUALITIES, Reading, Unusable, reading, worst

INTERVENTION, COMPARATOR = "intervention", "comparator"
SAME, MIXED, UNKNOWN = "no-difference", "mixed", ""
POINTING = (INTERVENTION, COMPARATOR)
ALIKE = 0.7  # share of a trial's outcomes that must point one way (Hilton Boon 2021)
# How a direction is known: from the values of both arms, with their spread or without, from a
# difference as the report gives it, or from its words alone.
COMPUTED, POINTS, ESTIMATE, STATED = "computed", "values-only", "reported-estimate", "stated"
TRIALS = frozenset({"rct", "nonrandomised-controlled"})
_BOUND = re.compile(r"([<>≤≥])\s*(0?\.\d+(?:[eE]-?\d+)?)")
_TINY = 1e-12  # a difference that is only rounding
RULES = Rules(qualities=frozenset(QUALITIES), skewed=True, designs=TRIALS,
              other_classes=frozenset())


@dataclass(frozen=True)
class Direction:
    """Which way one outcome of one trial and comparison points.

    Attributes
    ----------
    direction : str
        ``intervention``, ``comparator``, ``no-difference``, ``mixed``, or empty where it is not
        stated.         That of the point estimate, whatever its p-value.
    basis : str
        ``computed``, ``values-only``, ``reported-estimate``, ``stated``; empty where unknown.
    visits : tuple of float
        All visits after baseline at which both arms have values.
    p, p_sign : float or None, str
        Two-sided p-value, and ``=``, ``<`` or ``>`` where it is known.
    not_counted : str
        Why the trial has no vote; empty where it has.
    """

    trial: str
    study: str
    comparison: str
    background: tuple[str, ...]
    treatment_class: str
    design: str | None
    blinding: str | None
    family: str
    outcome: str
    direction: str = UNKNOWN
    basis: str = ""
    months: float | None = None
    visits: tuple[float, ...] = ()
    n: float | None = None
    p: float | None = None
    p_sign: str = ""
    quality: str = ""
    why_unknown: str = ""
    readings: tuple[Reading, ...] = ()
    not_counted: str = ""


class _AfterBaseline(Analysis):
    """An analysis of any visit but baseline, those whose month is not printed included."""

    def in_window(self, months: float | None) -> bool:
        return months is None or months > 0


def _analysis(ev: Evidence, outcome: str, measure: str, favourable: str) -> Analysis:
    row = {c.name: () if c.many else None for c in tables.BY_NAME["analyses"].columns}
    return _AfterBaseline.of({**row, "indication": ev.indication, "target_type": "outcome",
                              "target": outcome, "measure": measure, "comparison": "any",
                              "favourable": favourable})


def _sign(value: float) -> str:
    """Direction of a difference in which above zero is better with the treatment."""
    return SAME if abs(value) < _TINY else INTERVENTION if value > 0 else COMPARATOR


def _p_of(effect: Effect) -> float | None:
    """Two-sided p-value: t for a difference of means, normal for a ratio."""
    if effect.yi is None or not effect.vi:
        return None
    z = abs(effect.yi) / effect.vi**0.5
    mean = effect.intervention is not None and effect.intervention.mean is not None
    if not mean:
        return float(2 * ndtr(-z))
    pair = (effect.n_intervention, effect.n_comparator)
    df = min(pair) - 1 if effect.within_person else sum(pair) - 2
    return float(2 * stdtr(df, -z)) if df > 0 else None


def printed_p(value: str | None) -> tuple[float | None, str]:
    """A p-value as printed: the number, and whether it is exact or a bound.

    Examples
    --------
    >>> printed_p("<0.05")
    (0.05, '<')
    """
    text = (value or "").strip()
    if EXACT_P.fullmatch(text):
        return float(text), "="
    bound = _BOUND.fullmatch(text)
    return (float(bound[2]), {"≤": "<", "≥": ">"}.get(bound[1], bound[1])) if bound else (None, "")


class _Trial:
    """One trial and comparison: the ways in which its outcomes can point."""

    def __init__(self, ev: Evidence, trial: str, contests: list[Contest]):
        # A companion may be retracted when its main report is not.
        contests = [c for c in contests if not ev.taken_back(c.study_id)] or contests
        self.ev, self.trial, self.contests = ev, trial, contests
        study = ev.studies[trial]
        kinds = {c.intervention.treatment_class for c in contests}
        self.blank = Direction(
            trial, contests[0].study_id, contests[0].kind, contests[0].background,
            kinds.pop() if len(kinds) == 1 else "mixed", study["design"], study["blinding"], "", "")

    def contrasts(self) -> list:
        """Contrasts between the arms of the comparison."""
        return [row for contest in self.contests for row in self.ev.contrasts[contest.study_id]
                if any(touches(contest.intervention, one) and touches(contest.comparator, other)
                       for one, other in ((row["arm_intervention"], row["arm_comparator"]),
                                          (row["arm_comparator"], row["arm_intervention"])))]

    def outcomes(self) -> list[str]:
        """Outcomes of which either arm, or a contrast, has a row after baseline."""
        found = {row["outcome"] for contest in self.contests
                 for group in (contest.intervention, contest.comparator)
                 for arm in (*group.arms, *(u for u, _ in group.unions))
                 for row in self.ev.outcomes[contest.study_id, arm]
                 if row["timepoint_months"] != 0}
        found |= {row["outcome"] for row in self.contrasts()}
        return [word for word in self.ev.data.words("outcome") if word in found]

    def pairs(self, outcome: str) -> list[tuple[Contest, Slot, list, list]]:
        """Visits after baseline, comparable between the arms, at which both have a row."""
        analysis = _analysis(self.ev, outcome, "MD", "higher")
        out = []
        for contest in self.contests:
            for slot, sides in slots(self.ev, analysis, self.trial, contest).items():
                if analysis.in_window(slot.months) and all(sides) and not not_comparable(
                        self.ev, contest.study_id, slot.months):
                    out.append((contest, slot, *([r for rows in side.values() for r in rows]
                                                 for side in sides)))
        return out

    def computed(self, outcome: str, betters: set) -> Direction | None:
        """From values that give an effect with its standard error."""
        found = []
        for measure, favourable in (("MD", "higher"), *(("RR", b) for b in sorted(betters))):
            try:
                effect = row_effect(self.ev, _analysis(self.ev, outcome, measure, favourable),
                                    self.trial, self.contests, RULES)
            except Unusable:
                continue
            sign = 1 if favourable == "higher" else -1
            p = _p_of(effect)
            found.append(replace(
                self.blank, study=effect.study_id, outcome=outcome, basis=COMPUTED,
                direction=_sign(sign * (effect.yi or 0.0)), months=effect.months,
                n=effect.participants, p=p, p_sign="=" if p is not None else "",
                quality=effect.quality, readings=effect.readings))
        return max(found, key=_latest, default=None)

    def points(self, outcome: str, pairs: list) -> Direction | None:
        """From values without a spread; all arms and instruments of a visit must point one way."""
        visits: dict[tuple, list] = {}
        for contest, slot, intervention, control in pairs:
            signs = {_sign(difference) for one, other in product(intervention, control)
                     if (difference := _difference(slot, one, other)) is not None}
            if signs:
                key = (-1.0 if slot.months is None else slot.months,
                       # As in the pools: final values first if randomised, else changes.
                       (slot.statistic == "final") == (self.blank.design == "rct"),
                       contest.study_id, slot.statistic)
                visits.setdefault(key, []).append((signs, contest, slot, intervention, control))
        if not visits:
            return None
        _, _, study, _ = latest = max(visits)
        found = visits[latest]
        signs = set().union(*(f[0] for f in found))
        rows = {r["row"]: r for *_, one, other in found for r in (*one, *other) if _point(r)}
        return replace(
            self.blank, study=study, outcome=outcome, basis=POINTS,
            direction=signs.pop() if len(signs) == 1 else MIXED, months=found[0][2].months,
            n=self._n(study, rows.values(), {a for f in found for a in f[1].intervention.arms}),
            quality=worst(*(r["quality"] or "as-reported" for r in rows.values())),
            readings=tuple(reading("outcomes", r) for r in rows.values()))

    def _n(self, study: str, rows: Iterable, intervention: set[str]) -> float | None:
        """Units behind values; each arm once, those of a within-person trial once."""
        analysis = _analysis(self.ev, "", "MD", "higher")
        arms = {r["arm_id"]: units(self.ev, analysis, r)[0] for r in rows}
        parts = {p for a in arms for p in self.ev.arms[study, a]["combines"]}
        sizes = {a: n for a, n in arms.items() if a not in parts}
        if None in sizes.values():
            return None
        treated = sum(n for a, n in sizes.items() if a in intervention
                         or set(self.ev.arms[study, a]["combines"]) & intervention)
        sides = treated, sum(sizes.values()) - treated
        return max(sides) if within_person(self.ev, study) else sum(sides)

    def reported(self, outcome: str) -> Direction | None:
        """From contrasts as reported: an estimate, or a p-value whose direction is stated."""
        rows = [r for r in self.contrasts() if r["outcome"] == outcome and not not_comparable(
            self.ev, r["study_id"], r["timepoint_months"])]
        found = [self._contrast(outcome, row) for row in rows]
        return max(found, key=lambda d: (bool(d.direction), *_latest(d)), default=None)

    def _contrast(self, outcome: str, row) -> Direction:
        p, sign = printed_p(row["p_value"])
        direction = {"neither": SAME}.get(row["favours"], row["favours"] or UNKNOWN)
        basis = ESTIMATE if row["estimate"] is not None else STATED
        if not direction and row["estimate"] is None:  # then the report's own conclusion
            direction = self.ev.studies[row["study_id"]]["stated_result"] or UNKNOWN
        p, sign = (p, sign) if p is not None else self._p_of_contrast(outcome, row)
        return replace(
            self.blank, study=row["study_id"], outcome=outcome, direction=direction,
            basis=basis if direction else "", months=row["timepoint_months"], p=p, p_sign=sign,
            n=self._allocated(row), quality=row["quality"] or "as-reported",
            why_unknown="" if direction else said("no-direction"),
            readings=(reading("contrasts", row),))

    def _p_of_contrast(self, outcome: str, row) -> tuple[float | None, str]:
        """The p-value of an estimate that is printed with its interval or standard error."""
        if row["estimate"] is None or row["measure"] is None:
            return None, ""
        analysis = _analysis(self.ev, outcome, row["measure"], "higher")
        try:
            effect = reported_effect(self.ev, analysis, self.trial, self.contests, RULES)
        except (Unusable, synthesis.SynthesisError):
            return None, ""
        if effect.readings[0].row != row["row"]:
            return None, ""
        return (p, "=") if (p := _p_of(effect)) is not None else (None, "")

    def _allocated(self, row) -> float | None:
        """Units allocated to the two arms of a contrast, else patients enrolled in these alone."""
        study = row["study_id"]
        numbers = [self.ev.arms[study, row[side]]["n_allocated"]
                   for side in ("arm_intervention", "arm_comparator")]
        if within_person(self.ev, study):
            return self.ev.studies[study]["n_enrolled"]
        if None in numbers:  # patients of further arms are not in this contrast
            alone = sum(name == study for name, _ in self.ev.arms) == len(numbers)
            return self.ev.studies[study]["n_enrolled"] if alone else None
        return sum(numbers)

    def direction(self, outcome: str) -> Direction:
        """The direction of an outcome, from the best that the sources give."""
        pairs = self.pairs(outcome)
        betters = {slot.better for _, slot, _, _ in pairs if slot.better in ("lower", "higher")}
        own = [d for d in (self.computed(outcome, betters), self.points(outcome, pairs)) if d]
        found = max(own, key=lambda d: (_latest(d), d.basis == COMPUTED), default=None)
        found = found or self.reported(outcome) or replace(
            self.blank, outcome=outcome, why_unknown=_why(pairs))
        visits = sorted({s.months for _, s, _, _ in pairs if s.months is not None}
                        | {r["timepoint_months"] for r in self.contrasts()
                           if r["outcome"] == outcome and r["timepoint_months"] is not None})
        return replace(found, family=self.ev.data.kind("outcome", outcome), visits=tuple(visits))


def _why(pairs: list) -> str:
    if not pairs:
        return said("one-arm-or-late")
    if any(slot.better in ("lower", "higher") for _, slot, _, _ in pairs):
        return said("nothing-comparable")
    return said("no-better-side")


def _latest(d: Direction) -> tuple[float]:
    return (-1.0 if d.months is None else d.months,)


def _point(row) -> tuple[str, float] | None:
    """Where the values of an arm lie: a mean, a median, or a share with the event."""
    for name in ("mean", "median", "percent"):
        if row[name] is not None:
            return name, row[name]
    if row["events"] is not None and row["total"]:
        return "percent", 100 * row["events"] / row["total"]
    return None


def _difference(slot: Slot, intervention, control) -> float | None:
    """Intervention minus comparator, above zero where it is better; None where not comparable."""
    one, other = _point(intervention), _point(control)
    if one is None or other is None or one[0] != other[0] or slot.better not in (
            "lower", "higher"):
        return None
    return (one[1] - other[1]) * (1 if slot.better == "higher" else -1)


def _barred(ev: Evidence, trial: str, intervention: str) -> str:
    """Why a trial has no vote."""
    study = ev.studies[trial]
    if study["design"] is None:
        return said("no-design")
    if ev.nameless(study):
        return said("nameless")
    if why := ev.taken_back(trial):
        return said(why)
    return APART if intervention == KEPT_APART else shares_patients(ev, trial, RULES)


def directions(ev: Evidence, designs: frozenset[str | None] = TRIALS | {None}) -> list[Direction]:
    """Directions of every outcome but harms, of every trial with an arm without the treatment.

    Parameters
    ----------
    ev : Evidence
    designs : set of str
        Studies to take; None is a design that is not stated.

    Returns
    -------
    list of Direction
        One for each trial, class of comparison and outcome of which anything is reported.
    """
    out = []
    for trial, alternatives in sorted(ev.contests("any").items()):
        if ev.studies[trial]["design"] not in designs:
            continue
        for contests in alternatives:
            side = _Trial(ev, trial, contests)
            barred = _barred(ev, trial, side.blank.treatment_class)
            found = [replace(side.direction(o), not_counted=barred) for o in side.outcomes()]
            out += [d for d in found if d.family != "safety"]
    return out


def within(rows: Iterable[Direction]) -> tuple[str, int, int]:
    """Direction of several outcomes of one trial in one family, how many share it, of how many.

    At least 70% must point one way, else they are mixed.

    Examples
    --------
    >>> within([])
    ('', 0, 0)
    """
    known = [d.direction for d in rows if d.direction]
    if not known:
        return UNKNOWN, 0, 0
    direction, most = Counter(known).most_common(1)[0]
    alike = direction != MIXED and most >= ALIKE * len(known)
    return (direction if alike else MIXED), most, len(known)


def isolates(direction: Direction) -> bool:
    """Whether the arms differ in the treatment alone, so that a direction is that of it."""
    return direction.comparison not in MORE_DIFFERS


def votes(rows: Iterable[Direction], order: Sequence[str]) -> list[dict]:
    """Vote counting by direction, with its exact sign test, by family.

    Every trial has one vote in a family: that of its first comparison, in the protocol's order,
    with a direction. Mixed results and results without a difference are counted, not tested.

    Parameters
    ----------
    rows : iterable of Direction
    order : sequence of str
        Classes of comparison in the protocol's order.

    Returns
    -------
    list of dict
        For each family and ``scope`` (``isolating``: randomised trials in which the arms differ
        in the treatment alone; ``all``: all controlled studies): ``intervention``, ``comparator``,
        ``no-difference``, ``mixed`` and ``not-stated`` (trials), ``share`` for the treatment among
        those that point one way with ``ci_low`` and ``ci_high`` (Clopper–Pearson), ``p`` (two-sided
        exact binomial test against a half), ``trials`` (those that point one way).
    """
    counted = [d for d in rows if not d.not_counted]
    scopes = {"isolating": [d for d in counted if d.design == "rct"
                            and isolates(d)], "all": counted}
    return [{"scope": scope, **_vote(family, [d for d in members if d.family == family], order)}
            for family in dict.fromkeys(d.family for d in counted)
            for scope, members in scopes.items()]


def _vote(family: str, rows: list[Direction], order: Sequence[str]) -> dict:
    """Votes of the trials of one family."""
    by_trial: dict[str, dict[str, list[Direction]]] = {}
    for d in rows:
        by_trial.setdefault(d.trial, {}).setdefault(d.comparison, []).append(d)
    voted = {trial: next((found for kind in order if (
        found := within(kinds.get(kind, ()))[0])), UNKNOWN) for trial, kinds in by_trial.items()}
    count = Counter(voted.values())
    pointing = [t for t, direction in voted.items() if direction in POINTING]
    out = {"family": family, **{word: count[word] for word in (*POINTING, SAME, MIXED)},
           "not-stated": count[UNKNOWN], "trials": sorted(pointing),
           "share": None, "ci_low": None, "ci_high": None, "p": None}
    if pointing:
        low, high = synthesis.clopper_pearson(count[INTERVENTION], len(pointing))
        out |= {"share": count[INTERVENTION] / len(pointing), "ci_low": low, "ci_high": high,
                "p": _sign_test(count[INTERVENTION], len(pointing))}
    return out


def _sign_test(successes: int, trials: int) -> float:
    """Two-sided p-value of the exact binomial test against a half."""
    return min(1.0, 2 * float(bdtr(min(successes, trials - successes), trials, 0.5)))


def document(evidence: dict[str, Evidence]) -> dict:
    """What ``results.json`` holds under ``directions``.

    Parameters
    ----------
    evidence : dict of str to Evidence
        By indication.
    """
    out = {}
    for indication, ev in evidence.items():
        rows = directions(ev)
        out[indication] = {"outcomes": [asdict(d) for d in rows],
                           "votes": votes(rows, any_order(ev.data))}
    return out
