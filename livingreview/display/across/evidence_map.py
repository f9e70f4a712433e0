"""When and where trials were done, across indications."""

from __future__ import annotations

from collections import Counter, defaultdict

from ...review.counted import kind_of_trial, not_counted, trials
from ...review.missing import size_of_trial
from .. import drawing, words
from ..html import Column, Html, count, join, paragraph, table
from .book import Book

LARGEST = 300  # enrolled; larger trials are drawn no larger


def _human_trials(book: Book):
    """(indication, evidence, trial) of every counted trial in people."""
    for indication, ev in book.evidence.items():
        for trial in trials(ev):
            if kind_of_trial(ev, trial) != "animal" and not not_counted(ev, trial):
                yield indication, ev, trial


def timeline(book: Book) -> Html:
    """Trials in people by year and indication; reports apart from registered trials."""
    dated, undated = [], Counter()
    for indication, ev, trial in _human_trials(book):
        study = ev.studies[trial]
        if study["year"] is None:
            undated[indication] += 1
        else:
            dated.append((indication, study["year"], study["status"] == "registered",
                          size_of_trial(ev, trial), book.names[indication][trial]))
    rows = [[book.label(i), year, "registered" if registered else "published",
             count(n) if n is not None else "not stated", name]
            for i, year, registered, n, name in sorted(dated, key=lambda d: (d[0], d[1], d[4]))]
    lanes = [i for i in book.data.indications if any(d[0] == i for d in dated)]
    if not lanes:
        return paragraph("No trial states its year.", "lr-empty")
    years = [d[1] for d in dated]
    without = "; ".join(f"{book.label(i)}: {n}" for i, n in undated.items()) or "none"
    description = (f"{len(dated)} trials in people by year of their first report, from "
                   f"{min(years)} to {max(years)}, in {len(lanes)} indications.")
    caption = (f"{description} One mark is one trial; its area grows with the number enrolled, "
               f"up to {LARGEST}. Filled circles: published; hollow triangles: registered, no "
               "results known; crosses: number enrolled not stated. Not drawn, because no year is "
               f"known (mostly registry entries): {without}.")
    with drawing.style():
        return drawing.figure_html(
            _timeline_figure(book, lanes, dated), "timeline", "Trials by year and indication",
            description, caption, ["indication", "year", "status", "enrolled", "trial"], rows)


def _timeline_figure(book: Book, lanes: list[str], dated: list[tuple]):
    """A lane per indication, trials of one year stacked in it, the largest at the bottom."""
    heights = {lane: max(Counter(d[1] for d in dated if d[0] == lane).values()) + 1.5
               for lane in lanes}
    figure, axes = drawing.chart(0.9 + 0.14 * sum(heights.values()))
    marks: dict[str, list[tuple]] = defaultdict(list)  # (year, height, enrolled) by kind
    base = 0.0
    for lane in reversed(lanes):
        years = defaultdict(list)
        for _, year, registered, n, _ in (d for d in dated if d[0] == lane):
            years[year].append((n or 0, registered, n is None))
        for year, found in years.items():
            for place, (n, registered, unsized) in enumerate(sorted(found, reverse=True)):
                kind = "unsized" if unsized else "registered" if registered else "published"
                marks[kind].append((year, base + 0.7 + place, n))
        axes.annotate(book.label(lane), (0, base + heights[lane] - 0.9),
                      xycoords=("axes fraction", "data"), xytext=(4, 0),
                      textcoords="offset points", va="center")
        axes.axhline(base, color=drawing.FAINT, linewidth=0.6)
        base += heights[lane]
    for kind, found in marks.items():
        x, y, n = zip(*found, strict=True)
        if kind == "unsized":
            axes.scatter(x, y, s=14, marker="x", c=drawing.ACCENT, linewidths=1)
        else:
            axes.scatter(x, y, s=[10 + 0.5 * min(size, LARGEST) for size in n],
                         marker="^" if kind == "registered" else "o", linewidths=1,
                         edgecolors=drawing.ACCENT,
                         facecolors="none" if kind == "registered" else drawing.ACCENT)
    axes.set_yticks([])
    axes.set_ylim(0, base)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel("Year of the first report")
    axes.spines["left"].set_visible(False)
    return figure


def countries(book: Book) -> Html:
    """Trials in people by country of their centres, with participants and designs."""
    rows: dict[str, dict] = {}
    for indication, ev, trial in _human_trials(book):
        study = ev.studies[trial]
        for name in study["country"] or ("not stated",):
            row = rows.setdefault(name, {"k": 0, "n": 0, "designs": Counter(),
                                         "indications": Counter()})
            row["k"] += 1
            row["n"] += size_of_trial(ev, trial) or 0
            row["designs"][study["design"]] += 1
            row["indications"][indication] += 1
    ordered = sorted(rows.items(), key=lambda item: (item[0] == "not stated", -item[1]["k"],
                                                     item[0]))
    shown = [{
        "country": name, "k": row["k"], "n": count(row["n"]),
        "designs": "; ".join(
            f"{words.in_text(book.data.label('design', d)) if d else 'design not stated'}: {k}"
            for d, k in row["designs"].most_common()),
        "indications": "; ".join(f"{words.in_text(book.label(i))}: {k}"
                                 for i, k in row["indications"].most_common())}
        for name, row in ordered]
    return join([
        paragraph("A trial with centres in several countries stands in the row of each, so that "
                  "the rows do not add up."),
        table("countries", "Trials in people by country",
              [Column("country", "Country"), Column("k", "Trials", True),
               Column("n", "Enrolled or planned", True), Column("designs", "Designs"),
               Column("indications", "Indications")], shown, cards=True)])
