"""Effect-direction and albatross plots: which way trials point where they cannot be pooled.

References
----------
Harrison S et al. (2017). The albatross plot. Research Synthesis Methods 8:281–289.
Chinn S (2000). A simple method for converting an odds ratio to effect size. Statistics in Medicine
19:3127–3131.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import ndtri

from ..data.tables import DOUBTFUL_SOURCES
from ..effects import Evidence
from ..effects.comparisons import any_order
from ..review.directions import (
    BASES,
    CELLS,
    COMPARATOR,
    COMPUTED,
    MIXED,
    POINTING,
    POINTS,
    SAME,
    UNKNOWN,
    Direction,
    directions,
    isolates,
    votes,
    within,
)
from ..review.robustness import odd_values
from ..view.naming import arm_names, spoken
from . import words
from .drawing import (
    ACCENT,
    FAINT,
    INK,
    SECOND,
    chart,
    despine,
    figure_html,
    key,
    label_marks,
    style,
)
from .html import Column, Html, count, details, interval, join, link, number, paragraph, table, text

# Full marks: from the values of both arms; hollow marks: as the report states it.
MARKS = {CELLS: ("▲", "△"), COMPARATOR: ("▼", "▽"), MIXED: ("◄►", "◁▷"), SAME: ("■", "□"),
         UNKNOWN: ("?", "?")}
SMALL, LARGE = 50, 300  # patients or joints: below, and above, which a trial is small or large
CONTOURS = (0.2, 0.5, 0.8)  # standardised differences called small, moderate and large
_TO_LOG_ODDS = math.pi / math.sqrt(3)
FARTHEST = 6.5  # a p-value of less than ten to the minus this stands at the edge


def direction_word(data, direction: str) -> str:
    """A direction in words."""
    return data.label("stated_result", direction) if direction else "Direction not stated"


def p_words(d: Direction) -> str:
    """A p-value as known: exact, or as a bound."""
    if d.p is None:
        return ""
    exact = "< 0.001" if d.p < 0.001 else number(d.p, 3)
    return exact if d.p_sign == "=" else f"{d.p_sign} {d.p:g}"


def _whole(n: float | None) -> str:
    """A number of patients; a design effect can make it fractional."""
    return "" if n is None else count(round(n))


def _size(n: float | None) -> str:
    if n is None:
        return "unknown"
    return "small" if n < SMALL else "large" if n > LARGE else "medium"


def _mark(data, rows: Sequence[Direction], n: float | None) -> Html:
    """The mark of one trial in one family, its months, and how many outcomes are behind it."""
    direction, alike, known = within(rows)
    numbers = any(d.basis in (COMPUTED, POINTS) for d in rows if d.direction)
    said = f"{direction_word(data, direction)}; {_size(n)} sample"
    said += "; computed" if numbers else "; as stated" if direction else ""
    months = sorted({d.months for d in rows if d.direction and d.months is not None})
    under = [f"month {' and '.join(f'{m:g}' for m in months)}"] if months else []
    if len(rows) > 1:
        under.append(f"{alike} of {len(rows)} outcomes" if known else f"{len(rows)} outcomes")
    if 0 < known < len(rows):
        under.append(f"{len(rows) - known} not stated")
    mark = (f'<span class="lr-way lr-way-{_size(n)}" role="img" aria-label="{text(said)}" '
            f'title="{text(said)}">{MARKS[direction][not numbers]}</span>')
    return Html(f"{link(f'#study-{rows[0].trial}', Html(mark))}"
                f'<span class="lr-sub">{text(", ".join(under))}</span>')


def _families(data, rows: Sequence[Direction]) -> list[str]:
    found = {d.family for d in rows}
    return [f for f in data.words("family") if f in found]


def _groups(ev: Evidence, rows: Sequence[Direction]) -> list[tuple[list[Direction], float | None]]:
    """Rows by trial and comparison with the trial's size; counted, randomised, large first."""
    groups: dict[tuple[str, str], list[Direction]] = {}
    for d in rows:
        groups.setdefault((d.trial, d.comparison), []).append(d)
    sized = [(g, max((d.n for d in g if d.n is not None),
                     default=ev.studies[g[0].trial]["n_enrolled"])) for g in groups.values()]
    return sorted(sized, key=lambda s: (bool(s[0][0].not_counted), s[0][0].design != "rct",
                                        -(s[1] or 0), s[0][0].trial))


def _row(ev: Evidence, names: dict, families: list[str], group: list[Direction],
         n: float | None) -> dict:
    """One trial and comparison."""
    data, first = ev.data, group[0]
    trial = ev.studies[first.trial]
    said = [data.label("design", first.design) or "design not stated",
            words.in_text(data.label("blinding", first.blinding)) or "blinding not stated"]
    against = words.in_text(data.label("comparison_class", first.comparison))
    out_of = f"not counted: {first.not_counted}" if first.not_counted else ""
    under = "; ".join(filter(None, [f"against {against}", *said, out_of]))
    row = {
        "trial": Html(f"{link(f'#study-{first.trial}', names[first.trial])}"
                      f'<span class="lr-sub">{text(under)}</span>'),
        "name": names[first.trial], "design": said[0], "blinding": said[1], "out": out_of,
        "against": against,
        "n": link(f"#study-{first.trial}", count(round(n))) if n is not None else "not stated",
        "said": data.label("stated_result", trial["stated_result"]) or "not extracted"}
    for family in families:
        inside = [d for d in group if d.family == family]
        row[family] = _mark(data, inside, n) if inside else ""
        row[f"{family}-word"] = direction_word(data, within(inside)[0]) if inside else ""
    return row


def _legend(ev: Evidence) -> Html:
    """What the marks mean."""
    means = "; ".join(f"{'or'.join(dict.fromkeys(f' {m} ' for m in marks)).strip()} "
                      f"{words.in_text(direction_word(ev.data, way))}"
                      for way, marks in MARKS.items())
    return paragraph(
        f"Marks: {means}. A full mark was computed from the values of both arms, a hollow one is "
        f"what the report states. Small marks: fewer than {SMALL} patients or units; large: "
        f"more than {LARGE}. The direction is that of the point estimate, whatever its p-value, "
        "at the latest visit at which the arms can be compared. Where a trial has several outcomes "
        "of one kind, at least seven in ten must point one way, else they are mixed. Where "
        "nothing stands, the sources read say nothing on this kind of outcome. Harms are in their "
        "own section.",
        "lr-legend")


def direction_plot(ev: Evidence, names: dict[str, str]) -> Html:
    """The effect-direction plot of an indication, with its votes and what is behind it.

    Parameters
    ----------
    ev : Evidence
    names : dict of str to str
    """
    rows = directions(ev)
    silent = _silent(ev, names, rows)
    if not rows:
        return join([paragraph("No controlled study reports an outcome in the sources read, so "
                               "that no direction can be shown.", "lr-empty"), silent])
    data, families = ev.data, _families(ev.data, rows)
    groups = _groups(ev, rows)
    known = {d.trial for d in rows if d.direction}
    studies = {d.trial for d in rows}
    caption = (f"Effect directions: {len(studies)} controlled studies in {len(groups)} "
               f"comparisons; a direction of at least one outcome is known in {len(known)}")
    columns = [
        Column("trial", "Study", place="page"), Column("name", "Study", place="file"),
        Column("design", "Design", place="file"), Column("blinding", "Blinding", place="file"),
        Column("out", "Not counted", place="file"),
        Column("against", "Compared with", place="file"),
        Column("n", "n", True)]
    for family in families:
        columns += [Column(family, data.label("family", family), place="page"),
                    Column(f"{family}-word", data.label("family", family), place="file")]
    columns.append(Column("said", "The report's conclusion"))
    return join([
        table(f"{ev.indication}-directions", caption, columns,
              [_row(ev, names, families, group, n) for group, n in groups], interactive=False,
              cards=True),
        _legend(ev), silent, vote_table(ev, rows),
        details("Every outcome behind the marks", _outcomes(ev, names, rows))])


def _silent(ev: Evidence, names: dict, rows: Sequence[Direction]) -> Html | str:
    """Controlled human studies of which no outcome could be read."""
    seen = {d.trial for d in rows}
    none = sorted(names[t] for t in ev.contests("any") if t not in seen
                  and ev.studies[t]["design"] != "animal-experiment")
    return "" if not none else details(
        f"{len(none)} more controlled studies, of which the sources read give no outcome",
        paragraph("; ".join(none) + "."))


def vote_table(ev: Evidence, rows: Sequence[Direction]) -> Html:
    """Vote counting by direction with its sign test, and what that can and cannot say."""
    scopes = {"isolating": "randomised, arms differ in the intervention alone",
              "all": "all controlled studies"}
    shown = [{
        "family": ev.data.label("family", v["family"]), "scope": scopes[v["scope"]],
        CELLS: v[CELLS], COMPARATOR: v[COMPARATOR], MIXED: v[MIXED], SAME: v[SAME],
        "not-stated": v["not-stated"],
        "share": "" if v["share"] is None else
        f"{number(100 * v['share'], 0)}% ({interval(100 * v['ci_low'], 100 * v['ci_high'], 0)})",
        "p": "" if v["p"] is None else number(v["p"], 3) if v["p"] >= 0.001 else "< 0.001"}
        for v in votes(rows, any_order(ev.data))]
    return join([
        table(f"{ev.indication}-votes", "Vote counting by direction: one vote for each trial",
              [Column("family", "Outcome"), Column("scope", "Which studies"),
               Column(CELLS, f"Favour {ev.data.wording('intervention')}", True),
               Column(COMPARATOR, "Favour comparator", True),
               Column(MIXED, "Mixed", True), Column(SAME, "No difference", True),
               Column("not-stated", "Not stated", True),
               Column("share", "Share for it (95% interval)", True),
               Column("p", "Sign test, p", True)], shown, interactive=False),
        paragraph(
            "The sign test asks whether as many trials would point one way if each were the toss "
            "of a coin. It says nothing of the size of an effect, gives a small trial the vote of "
            "a large one, and cannot tell an effect from the bias that trials without blinding "
            "share. With few trials it can show nothing. Studies that compare it with another "
            "operation or with another treatment have a vote only among all controlled studies, "
            "because there the direction may be that of what else differs.", "lr-legend")])


def _outcomes(ev: Evidence, names: dict, rows: Sequence[Direction]) -> Html:
    """Every outcome of every trial, with its source."""
    data, arms = ev.data, arm_names(ev.data, ev.indication)
    shown = [{
        "trial": link(f"#study-{d.study}", names[d.study]),
        "against": words.in_text(data.label("comparison_class", d.comparison)),
        "outcome": data.label("outcome", d.outcome),
        "direction": direction_word(data, d.direction), "basis": BASES[d.basis] or d.why_unknown,
        "month": "" if d.months is None else f"{d.months:g}",
        "visits": ", ".join(f"{m:g}" for m in d.visits), "n": _whole(d.n), "p": p_words(d),
        "quality": words.in_text(data.label("quality", d.quality)) if d.quality else "",
        "values": _values(ev, arms, d),
        "odd": spoken("; ".join(wrong for _, wrong in odd_values(ev, d)), names),
        "out": spoken(d.not_counted, names)} for d in rows]
    return table(
        f"{ev.indication}-direction-outcomes", "Directions, outcome by outcome",
        [Column("trial", "Study"), Column("against", "Compared with"), Column("outcome", "Outcome"),
         Column("direction", "Direction"), Column("basis", "Where it comes from"),
         Column("month", "Month", True), Column("visits", "Visits after baseline"),
         Column("n", "n", True), Column("p", "p (two-sided)", True),
         Column("quality", "Values"), Column("values", "Printed, with its row"),
         Column("odd", "Doubt about the values"), Column("out", "Not counted because")], shown)


def _values(ev: Evidence, arms: dict, d: Direction) -> Html:
    """The printed values behind a direction, where they stand, and what their source makes them."""
    def doubt(r) -> str:
        said = DOUBTFUL_SOURCES.get(ev.sources[r.source_id]["kind"])
        return f", {said}" if said else ""

    items = "".join(
        f"<li>{text(arms.get((r.study_id, r.arm_id), ''))} {text(words.printed(r.printed))} "
        f"({text(ev.indication)}/{text(r.table)}.csv, row {r.row}{text(doubt(r))})</li>"
        for r in d.readings)
    return Html(f"<ul>{items}</ul>") if items else Html("")


# --- albatross plot -----------------------------------------------------------------------------


def contour(p: np.ndarray, d: float) -> np.ndarray:
    """Patients in two equal groups at which a standardised difference has a two-sided p-value.

    Parameters
    ----------
    p : ndarray
    d : float
        Standardised mean difference.

    References
    ----------
    Harrison 2017: N = z² (8 + d²) / (2 d²).
    """
    return ndtri(np.asarray(p) / 2) ** 2 * (8 + d**2) / (2 * d**2)


def albatross_points(ev: Evidence, rows: Sequence[Direction], family: str) -> list[Direction]:
    """One result of each counted trial in a family: with direction, n and p-value.

    Values that are equal in both arms stand in the middle; a report that speaks of no difference
    has no place, because its p-value has no side. The comparison first in the protocol's order,
    then an exact p-value before a bound, then the outcome first in the family's order.
    """
    order = [r["outcome"] for r in sorted(ev.data.records("hierarchy"), key=lambda r: r["position"])
             if r["family"] == family] + list(ev.data.words("outcome"))
    kinds = any_order(ev.data)
    usable = [d for d in rows if d.family == family and not d.not_counted and d.n
              and d.p is not None and 0 < d.p <= 1
              and (d.direction in POINTING or (d.direction == SAME and d.basis == COMPUTED))]
    best: dict[str, Direction] = {}
    for d in sorted(usable, key=lambda d: (kinds.index(d.comparison), d.p_sign != "=",
                                           order.index(d.outcome))):
        best.setdefault(d.trial, d)
    return sorted(best.values(), key=lambda d: (-d.n, d.trial))


def _x(d: Direction) -> float:
    """Place of a p-value: to the right where it favours cells, further out the smaller it is."""
    return max(-math.log10(d.p), 0.0) * {CELLS: 1, SAME: 0}.get(d.direction, -1)


def _contours(axes, widest: float, low: float, high: float, binary: bool) -> None:
    """Lines of equal effect, named where they leave the drawing on the right."""
    grid = np.linspace(0.02, widest, 400)
    above, before = 0, -widest
    for dashes, effect in zip((":", "--", "-."), CONTOURS, strict=True):
        n = contour(10.0**-grid, effect)
        for side in (-1, 1):
            axes.plot(side * grid, n, linestyle=dashes, color=FAINT, linewidth=1)
        inside = np.flatnonzero(n <= high)
        if n[inside[-1]] < low:
            continue
        end = grid[inside[-1]]
        top = inside[-1] < len(grid) - 1
        above, before = (above + 1 if end - before < 0.7 * widest else 0), end
        name = (f"OR {number(math.exp(effect * _TO_LOG_ODDS))}" if binary
                else f"SMD {number(effect)}")
        axes.annotate(name, (end, high if top else n[inside[-1]]), color=FAINT,
                      va="bottom" if top else "center", annotation_clip=False,
                      xytext=(0, 1 + 11 * above) if top else (4, 0), textcoords="offset points")


def _points(axes, points: list[Direction], widest: float) -> list[float]:
    """The trials, an arrow where the p-value is a bound or beyond the edge; where they stand."""
    places = []
    for d in points:
        colour = ACCENT if isolates(d) else SECOND
        far = abs(_x(d)) > FARTHEST
        x = math.copysign(min(abs(_x(d)), 0.86 * widest), _x(d)) if far else _x(d)
        axes.plot([x], [d.n], "o" if d.design == "rct" else "s", color=colour, markersize=4.5,
                  markerfacecolor=colour if d.p_sign == "=" else "none")
        if far or d.p_sign != "=":
            out = math.copysign(0.14 * widest, _x(d)) * (-1 if d.p_sign == ">" else 1)
            axes.annotate("", (x + out, d.n), (x, d.n),
                          arrowprops={"arrowstyle": "->", "color": colour})
        places.append(x)
    return places


def _p_axis(axes, widest: float) -> None:
    """Ticks at round p-values that do not touch."""
    places = [0.0]
    for p in (0.05, 0.001, 1e-5, 0.5, 0.2, 0.01, 1e-4, 1e-6):
        place = -math.log10(p)
        if place <= widest and all(abs(place - other) > 0.5 * widest for other in places):
            places.append(place)
    places = sorted({sign * place for place in places for sign in (-1, 1)})
    axes.set_xticks(places, [f"{10.0 ** -abs(x):.1g}" for x in places])
    axes.set_xlim(-widest, widest)
    axes.set_xlabel("two-sided p-value\n← comparator better  |  treated better →")


def _draw(points: list[Direction], labels: list[str], binary: bool):
    """The plot: p-value by direction against n, with contours of equal effect."""
    figure, axes = chart(3.4)
    widest = min(max(2.0, *(1.15 * abs(_x(d)) for d in points)), 1.08 * FARTHEST)
    low, high = 0.6 * min(d.n for d in points), 1.8 * max(d.n for d in points)
    _contours(axes, widest, low, high, binary)
    places = _points(axes, points, widest)
    axes.axvline(0, color=INK, linewidth=1)
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    axes.set_yticks([t for t in (5, 10, 20, 50, 100, 200, 500, 1000) if low <= t <= high])
    axes.yaxis.set_major_formatter("{x:g}")
    axes.minorticks_off()
    axes.set_ylabel("n (logarithmic)")
    _p_axis(axes, widest)
    despine(figure)
    label_marks(axes, [(x, d.n, label) for x, d, label in zip(places, points, labels,
                                                             strict=True)])
    return figure


def albatross(ev: Evidence, names: dict[str, str], family: str) -> Html:
    """The albatross plot of a family of outcomes; a sentence where fewer than two p-values exist.

    Parameters
    ----------
    ev : Evidence
    names : dict of str to str
    family : str
        A word of the vocabulary `family`.
    """
    points = albatross_points(ev, directions(ev), family)
    label = ev.data.label("family", family)
    if len(points) < 2:
        return paragraph(
            f"{label}: {len(points) or 'no'} trial{'' if len(points) == 1 else 's'} with a "
            "direction, a number of patients and a p-value, so that no albatross plot is drawn.",
            "lr-empty")
    binary = all(any(k in dict(r.printed) for k in ("events", "percent"))
                 for d in points for r in d.readings)
    odd = {d.trial for d in points if odd_values(ev, d)}
    shown = [str(i) + (" ¶" if d.trial in odd else "") + ("" if isolates(d) else " +")
             for i, d in enumerate(points, 1)]
    with style():
        figure = _draw(points, shown, binary)
        bounds = sum(d.p_sign != "=" for d in points)
        for_cells = sum(d.direction == CELLS for d in points)
        alike = sum(d.direction == SAME for d in points)
        randomised = sum(d.design == "rct" for d in points)
        none = f", {alike} in the middle show no difference" if alike else ""
        description = (
            f"{len(points)} studies: {for_cells} favour {ev.data.wording('intervention')}, "
            f"{len(points) - for_cells - alike} favour the comparator{none}. "
            + "; ".join(f"{names[d.trial]} n {_whole(d.n)}, p {p_words(d)}, "
                        + words.in_text(direction_word(ev.data, d.direction)) for d in points)
            + ".")
        return figure_html(
            figure, f"albatross-{ev.indication}-{family}", f"Albatross plot: {label}", description,
            f"{label}: {len(points)} studies, {randomised} of them randomised, by their p-value, "
            f"direction and size; {for_cells} to the right favour "
            f"{ev.data.wording('intervention')}{none}. Lines join "
            f"results of equal effect in two groups of one size "
            f"({'odds ratio' if binary else 'standardised difference'}); they are a guide, not "
            "estimates. Circles are randomised trials, squares others"
            + ("; + marks comparisons in which more than the intervention differs"
               if any(not isolates(d) for d in points) else "")
            + (f"; {bounds} hollow marks with an arrow are p-values known as a bound only"
               if bounds else "")
            + ("; a full mark with an arrow has a smaller p-value than the axis shows"
               if any(abs(_x(d)) > FARTHEST for d in points) else "")
            + ("; ¶ marks values that look odd, such as a standard error printed as a standard "
               "deviation" if odd else "") + f". {key([names[d.trial] for d in points])}",
            ["number", "trial", "against", "outcome", "month", "n", "p", "direction"],
            [[i, names[d.trial], words.in_text(ev.data.label("comparison_class", d.comparison)),
              ev.data.label("outcome", d.outcome), "" if d.months is None else f"{d.months:g}",
              _whole(d.n), p_words(d), direction_word(ev.data, d.direction)]
             for i, d in enumerate(points, 1)])
