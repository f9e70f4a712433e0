"""Trials over time: one small panel for each study, from baseline to its last visit."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import fill

from scipy.special import stdtrit

from ..effects import Evidence
from ..effects.candidates import scale_of, source_rank
from ..effects.comparisons import UNCONTROLLED_DESIGNS
from ..review.harms import got_cells
from ..view.naming import arm_names, brief
from .drawing import ACCENT, FAINT, INK, LETTERS, SECOND, chart, despine, inline_svg, style
from .html import Html, count, data_table, join, link, number, paragraph, text

STATISTICS = ("final", "change", "percent-change")
_LINES = {True: ("-", (ACCENT, SECOND, INK)), False: ("--", (INK, FAINT, SECOND))}
_MARKERS = {True: "osDv", False: "^x+<"}
INTERVAL, QUARTILES, RANGE, DEVIATION = (
    "95% interval of the mean", "quartiles", "range", "standard deviation")


@dataclass(frozen=True)
class Point:
    """One arm at one visit, as printed.

    `low`, `high` are the ends of its bar, of which `bar` says what it is; empty without a spread.
    """

    row: dict
    months: float | None
    centre: float
    low: float | None
    high: float | None
    bar: str
    n: float | None


@dataclass(frozen=True)
class Panel:
    """One study at one statistic, instrument and scale: the points of each arm by visit."""

    trial: str
    statistic: str
    instrument: str
    scale: tuple[float | None, float | None]
    better: str | None
    arms: dict[tuple[str, str], tuple[Point, ...]]

    @property
    def factor(self) -> float | None:
        """What a value is multiplied by to be of 100; None where the scale is not known."""
        if None in self.scale or self.statistic == "percent-change":
            return None
        return 100 / (self.scale[1] - self.scale[0])

    @property
    def course(self) -> bool:
        """Whether there are two dated values to join; a change starts from zero at baseline."""
        start = self.statistic != "final"
        return any(start + len({p.months for p in points if p.months is not None
                                and (p.months or not start)}) > 1
                   for points in self.arms.values())

    def shown(self, value: float) -> float:
        """A value as drawn: of 100 where the scale is known, else as printed."""
        if self.factor is None:
            return value
        return (value - (self.scale[0] if self.statistic == "final" else 0)) * self.factor


def _point(ev: Evidence, row) -> Point | None:
    """What a row prints of where an arm lies and how far its patients, or its mean, spread."""
    n = row["n"] if row["n"] is not None else (
        ev.arms[row["study_id"], row["arm_id"]]["n_allocated"])
    mean, median = row["mean"], row["median"]
    if mean is None and median is None:
        return None
    low = high = None
    bar = ""
    if mean is None:
        for kind, ends in ((QUARTILES, ("q1", "q3")), (RANGE, ("min", "max"))):
            if not bar and None not in (row[ends[0]], row[ends[1]]):
                bar, low, high = kind, row[ends[0]], row[ends[1]]
    elif row["ci_low"] is not None and row["ci_high"] is not None:
        bar, low, high = INTERVAL, row["ci_low"], row["ci_high"]
    elif (error := _standard_error(row, n)) is not None:
        half = float(stdtrit(n - 1, 0.975)) * error
        bar, low, high = INTERVAL, mean - half, mean + half
    elif row["sd"]:
        bar, low, high = DEVIATION, mean - row["sd"], mean + row["sd"]
    return Point(row, row["timepoint_months"], median if mean is None else mean, low, high, bar,
                 row["n"])


def _standard_error(row, n: float | None) -> float | None:
    """Standard error of a mean; None where it, or the number of patients, is not known."""
    if not n or n < 2:
        return None
    return row["se"] or (row["sd"] / math.sqrt(n) if row["sd"] else None)


def study_panels(ev: Evidence, outcome: str) -> list[Panel]:
    """The panels of an outcome: final values where a study has them, else changes.

    An arm and visit is shown once, from the study's own report where there is one; the union of
    arms only where its parts are not shown. Human studies only.

    Parameters
    ----------
    ev : Evidence
    outcome : str
    """
    found: dict[str, dict[tuple, dict]] = {}
    for (study, arm), rows in ev.outcomes.items():
        if ev.studies[study]["design"] == "animal-experiment":
            continue
        trial = ev.trial_of(study)
        for row in sorted(rows, key=lambda r: source_rank(ev, r)):
            if row["outcome"] != outcome or (point := _point(ev, row)) is None:
                continue
            key = (row["statistic"], row["instrument"] or "", scale_of(ev, trial, row)[0],
                   row["better"])
            found.setdefault(trial, {}).setdefault(key, {}).setdefault(
                (study, arm), {}).setdefault(point.months, point)
    out = []
    for trial, panels in found.items():
        chosen = next(s for s in STATISTICS if any(
            k[0] == s and _follows(arms) for k, arms in panels.items()) or not any(
                _follows(arms) for arms in panels.values()))
        out += [Panel(trial, *key, _once(ev, arms)) for key, arms in panels.items()
                if key[0] == chosen]
    return sorted(out, key=lambda p: (trial_alone(ev, p.trial), p.trial))


def _follows(arms: dict) -> bool:
    """Whether there is a value after baseline."""
    return any(months != 0 for visits in arms.values() for months in visits)


def _once(ev: Evidence, arms: dict) -> dict[tuple[str, str], tuple[Point, ...]]:
    """Points of each arm in order of time, without unions whose parts are there."""
    return {key: tuple(sorted(visits.values(), key=lambda p: (p.months is None, p.months)))
            for key, visits in arms.items()
            if not any((key[0], part) in arms for part in ev.arms[key]["combines"])}


def trial_alone(ev: Evidence, trial: str) -> bool:
    """Whether a trial has no arm without cells."""
    return trial not in ev.contests("any")


def _alone(ev: Evidence, trial: str) -> str:
    """What a trial without an arm without cells is called; empty for others."""
    if not trial_alone(ev, trial):
        return ""
    return ("no comparison group" if ev.studies[trial]["design"] in UNCONTROLLED_DESIGNS
            else f"all arms got {ev.data.wording('intervention')}")


# --- what is missing ----------------------------------------------------------------------------


def lacking(ev: Evidence, panel: Panel) -> list[str]:
    """What a study does not give for an outcome, in plain words."""
    points = [p for visits in panel.arms.values() for p in visits]
    later = {p.months for p in points if p.months not in (0, None)}
    checks = [
        (panel.statistic == "final" and any(
            not any(p.months == 0 for p in visits) for visits in panel.arms.values()),
         "no baseline value of some or all arms"),
        (not later, "no visit after baseline with its month"),
        (len(later) == 1, "one visit after baseline only"),
        (any(p.months is None for p in points), "a value whose visit is not printed"),
        (any(not p.bar for p in points), "no spread of some or all values"),
        (any(p.n is None for p in points), "no number analysed of some or all values"),
        (None in panel.scale and panel.statistic != "percent-change", "scale not stated"),
        (panel.better not in ("lower", "higher"), "which way is better not stated"),
        (not trial_alone(ev, panel.trial) and len({got_cells(ev.arms[k]) for k in panel.arms})
         == 1, "values of one side of the comparison only"),
        (panel.statistic != "final", "changes only, no values at the visits")]
    return [words_ for missing, words_ in checks if missing]


def _lacking_list(ev: Evidence, names: dict[str, str], panels: Sequence[Panel]) -> Html:
    """Each study with what is missing in it."""
    said: dict[str, list[str]] = {}
    for panel in panels:
        said.setdefault(panel.trial, []).extend(lacking(ev, panel))
    items = "".join(
        f"<li>{link(f'#study-{trial}', names[trial])}: "
        f"{text('; '.join(dict.fromkeys(missing)) or 'nothing of this is missing')}.</li>"
        for trial, missing in said.items())
    return Html(f'<p class="lr-legend">What is missing in which study:</p>'
                f'<ul class="lr-legend">{items}</ul>')


# --- drawing ------------------------------------------------------------------------------------


def _arms(ev: Evidence, names: dict[str, str], panels_: Sequence[Panel]) -> list[dict]:
    """Arms of each panel by what they got; those of a later report with it where both are drawn."""
    named, out = arm_names(ev.data, ev.indication), []
    for panel in panels_:
        double = Counter(named[key] for key in panel.arms)
        out.append({key: f"{named[key]} ({names[key[0]]})" if double[named[key]] > 1
                    and key[0] != panel.trial else named[key] for key in panel.arms})
    return out


def _limits(panels_: Sequence[Panel]) -> tuple[float, float] | None:
    """The axis of all panels whose scale is known: the whole scale, or the range of changes."""
    known = [p for p in panels_ if p.factor is not None]
    if not known:
        return None
    if known[0].statistic == "final":
        return -2, 102
    ends = [p.shown(v) for p in known for points in p.arms.values() for point in points
            for v in (point.centre, point.low, point.high) if v is not None]
    low, high = min(0, *ends), max(0, *ends)
    return low - 0.05 * (high - low), high + 0.05 * (high - low)


def _draw(ev: Evidence, names: dict[str, str], panel: Panel, arms: dict, named: str,
          limits: tuple[float, float] | None):
    """One panel; `named` is what it measures with, where its study has several."""
    labels = {key: fill(arms[key], LETTERS - 4) for key in panel.arms}
    figure, axes = chart(2.3 + 0.16 * sum(len(said.splitlines()) for said in labels.values()))
    used = {True: 0, False: 0}
    places = _places(panel)
    start = [0.0] if panel.statistic != "final" and 0 not in places else []
    for key, points in panel.arms.items():
        cells = got_cells(ev.arms[key])
        place, (line, colours) = used[cells], _LINES[cells]
        used[cells] += 1
        colour, marker = colours[place % 3], _MARKERS[cells][place % 4]
        for p in points:
            if p.bar:
                axes.plot([places[p.months]] * 2, [panel.shown(p.low), panel.shown(p.high)],
                          color=colour, linewidth=0.8)
        axes.plot(start + [places[p.months] for p in points],
                  start + [panel.shown(p.centre) for p in points], line,
                  marker=marker, color=colour, linewidth=1.4, markersize=4,
                  label=labels[key])
    limit = ev.studies[panel.trial]["comparable_until_months"]
    if limit is not None and limit < max(places.values()):
        axes.axvline(limit, color=FAINT, linestyle=":", linewidth=1.2)
    if panel.statistic != "final":
        axes.axhline(0, color=FAINT, linewidth=0.8)
    if panel.factor is not None:
        axes.set_ylim(*limits)
    figure.legend(frameon=False, loc="outside lower left", handlelength=2.5)
    title = filter(None, (brief(names[panel.trial]), named, _alone(ev, panel.trial)))
    figure.suptitle("\n".join(fill(part, LETTERS) for part in title), fontsize=9, x=0.02,
                    ha="left")
    axes.set_xlabel("months")
    axes.set_ylabel(fill(_axis_words(panel), LETTERS // 2))
    _month_ticks(axes, places | {0: 0.0} if start else places)
    despine(figure)
    return figure


def _places(panel: Panel) -> dict[float | None, float]:
    """Where each visit stands; one whose month is not printed stands behind all others."""
    months = {p.months for points in panel.arms.values() for p in points}
    dated = sorted(m for m in months if m is not None)
    places = {m: m for m in dated}
    if None in months:
        places[None] = 1.2 * dated[-1] if dated and dated[-1] else 1.0
    return places


def _month_ticks(axes, places: dict[float | None, float]) -> None:
    """Ticks at visits that do not touch, the last first."""
    span = max(places.values()) - min(places.values()) or 1
    kept: dict[float, str] = {}
    for month, place in sorted(places.items(), key=lambda item: -item[1]):
        if all(abs(place - other) > 0.12 * span for other in kept):
            kept[place] = "not printed" if month is None else f"{month:g}"
    axes.set_xticks(list(kept), list(kept.values()))
    axes.set_xlim(min(places.values()) - 0.06 * span, max(places.values()) + 0.06 * span)


def _axis_words(panel: Panel) -> str:
    """What is on the vertical axis, and which way is better."""
    what = {"final": "", "change": "change, ", "percent-change": "% change, "}[panel.statistic]
    unit = "of 100" if panel.factor is not None else "own axis"
    better = {"lower": "↓ better", "higher": "↑ better"}.get(panel.better, "better: not stated")
    return f"{what}{unit}, {better}"


def _in_words(ev: Evidence, names: dict[str, str], panel: Panel, arms: dict) -> str:
    """A panel for readers who cannot see it."""
    said = []
    for key, points in panel.arms.items():
        visits = ", ".join(
            f"{'visit not printed' if p.months is None else f'month {p.months:g}'}: "
            f"{number(panel.shown(p.centre))}" for p in points)
        said.append(f"{arms[key]}: {visits}")
    alone = _alone(ev, panel.trial)
    return (f"{names[panel.trial]}{f' ({alone})' if alone else ''}, {_axis_words(panel)}. "
            f"{'; '.join(said)}.")


def _without_comparator(trials: int, alone: int) -> str:
    """How many of the studies have nothing to compare with; empty without any."""
    if not alone:
        return ""
    which, lines = ("without a comparator", "the lines show") if alone == trials else (
        f"{alone} of them without a comparator", "the lines of such a study show")
    return f", {which}: {lines} change in treated patients, without a comparison"


def _caption(label: str, statistic: str, panels: Sequence[Panel], alone: int) -> str:
    """What is drawn, and what the bars are."""
    bars = {p.bar for panel in panels for ps in panel.arms.values() for p in ps if p.bar}
    own = sum(p.factor is None for p in panels)
    what = {"final": "values at each visit", "change": "changes from baseline",
            "percent-change": "changes from baseline in percent"}[statistic]
    trials = len({p.trial for p in panels})
    said = [f"{label}, {what}: {trials} {'study' if trials == 1 else 'studies'}"
            + _without_comparator(trials, alone) + ".",
            "Full lines: treated arms; dashed lines: comparators."]
    if own < len(panels) and statistic != "percent-change":
        said.append("Values are shown as points of 100, the range of their scale.")
    if statistic != "final":
        said.append("Changes start from zero at baseline.")
    if own and statistic != "percent-change":
        said.append(f"Panels with an axis of their own, because the scale is not known: {own}.")
    said.append(f"Bars: {', '.join(sorted(bars))}; no bar, no spread known." if bars
                else "No spread is known of any value.")
    said.append("A dotted vertical line: after it the arms can no longer be compared.")
    return " ".join(said)


_HEADER = ["study", "arm", "instrument", "scale", "better", "month", "n", "mean or median",
           "spread from", "spread to", "spread is", "source"]


def _data_rows(ev: Evidence, names: dict[str, str], panels: Sequence[Panel]) -> list[list]:
    """Every value, as printed."""
    return [[names[panel.trial], arms[key], panel.instrument,
             "" if None in panel.scale else f"{panel.scale[0]:g} to {panel.scale[1]:g}",
             panel.better or "", "" if p.months is None else f"{p.months:g}", count(p.n),
             number(p.centre), number(p.low), number(p.high), p.bar,
             f"{p.row['source_id']}, row {p.row['row']}"]
            for panel, arms in zip(panels, _arms(ev, names, panels), strict=True)
            for key, points in panel.arms.items() for p in points]


def panels(ev: Evidence, names: dict[str, str], outcome: str) -> Html:
    """Every study of an outcome over time, its values, and what is missing in which.

    Parameters
    ----------
    ev : Evidence
    names : dict of str to str
    outcome : str
        A word of the vocabulary `outcome`.
    """
    found, label = study_panels(ev, outcome), ev.data.label("outcome", outcome)
    if not found:
        return paragraph(f"{label}: no study gives a mean or median in the sources read.",
                         "lr-empty")
    parts = []
    for statistic in STATISTICS:
        group = [p for p in found if p.statistic == statistic]
        if group:
            parts.append(_figure(ev, names, f"panels-{ev.indication}-{outcome}-{statistic}", label,
                                 statistic, group))
    return join([*parts, _lacking_list(ev, names, found)])


def _figure(ev: Evidence, names: dict[str, str], identifier: str, label: str, statistic: str,
            group: Sequence[Panel]) -> Html:
    """The panels of one statistic beside each other; they fold on a narrow screen."""
    drawn, everything = [], group
    group = [p for p in group if p.course]
    single = sorted({names[p.trial] for p in everything} - {names[p.trial] for p in group})
    alone_in_table = (f"One visit only, so that nothing is drawn; the values are in the table: "
                      f"{', '.join(single)}." if single else "")
    values = data_table(identifier, f"{label}, as printed", _HEADER,
                        _data_rows(ev, names, everything))
    if not group:
        return join([paragraph(f"{label}. {alone_in_table}", "lr-empty"), values])
    of_trial, arms = Counter(p.trial for p in group), _arms(ev, names, group)
    with style():
        for i, panel in enumerate(group):
            named = panel.instrument if of_trial[panel.trial] > 1 else ""
            drawn.append(inline_svg(
                _draw(ev, names, panel, arms[i], named, _limits(group)), f"{identifier}-{i}",
                f"{label}: {names[panel.trial]}", _in_words(ev, names, panel, arms[i])))
    alone = len({p.trial for p in group if trial_alone(ev, p.trial)})
    caption = f"{_caption(label, statistic, group, alone)} {alone_in_table}".strip()
    return Html(
        f'<figure class="lr-figure" id="{identifier}"><div class="lr-panels">{"".join(drawn)}</div>'
        f"<figcaption>{text(caption)}</figcaption>{values}</figure>")
