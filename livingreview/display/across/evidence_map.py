"""What is known of which outcome in which indication, when and where it was found."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from ...effects import Evidence
from ...review.missing import size_of_trial
from .. import drawing, words
from ..html import Column, Html, count, join, link, paragraph, table, text
from ..statement import mark, statement
from .book import Book, chapter_page, kind_of_trial, not_counted, trials

HARMS = "harms"  # adverse events are a row of the map beside the families of outcomes
LARGEST = 300  # enrolled; larger trials are drawn no larger
KINDS = {"controlled": "controlled", "uncontrolled": "uncontrolled",
         "not-stated": "of a design not stated", "animal": "in animals"}


@dataclass
class Cell:
    """One outcome family in one indication.

    Attributes
    ----------
    trials : dict of str to list of str
        Trials with a row of the family, by kind (see :data:`KINDS`).
    analyses, pooled : list of dict
        Results that ask for the family, and those of them with an estimate.
    """

    trials: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    analyses: list[dict] = field(default_factory=list)

    @property
    def pooled(self) -> list[dict]:
        """Results with an estimate."""
        return [r for r in self.analyses if r["pooled"]]

    @property
    def shown(self) -> dict | None:
        """The estimate that stands for the cell.

        A comparison before treated patients alone, a main analysis before others, then the one
        with most trials, then most participants: never by what was found.
        """
        return max(self.pooled, default=None, key=lambda r: (
            not words.uncontrolled(r), r["role"] == "main", r["k"], r["n"]))

    @property
    def state(self) -> str:
        """Whether there is an estimate, numbers without one, or nothing."""
        return "pooled" if self.pooled else "known" if self.trials else "none"


def _family_of(book: Book, result: dict) -> str:
    question = result["question"]
    if question["target_type"] == "event":
        return HARMS
    outcome = question["target"]
    if question["target_type"] == "family":  # an analysis may have a family of its own making
        outcome = next((h["outcome"] for h in book.data.records("hierarchy")
                        if h["family"] == question["target"]), "")
    return book.data.kind("outcome", outcome) or question["target"]


def _families(ev: Evidence, studies: list[str]) -> set[str]:
    """Families of which the reports of a trial have a row, be it without a usable number."""
    found = {ev.data.kind("outcome", row["outcome"]) for (study, _), rows in ev.outcomes.items()
             if study in studies for row in rows}
    found |= {ev.data.kind("outcome", row["outcome"]) for study in studies
              for row in ev.contrasts.get(study, ())}
    if any(study in studies for study, _ in ev.events):
        found.add(HARMS)
    return found


def cells(book: Book) -> dict[tuple[str, str], Cell]:
    """The map: every family of outcomes and indication that has a study or an analysis.

    Trials whose patients are counted elsewhere, without a name or retracted are in no cell.
    """
    out: dict[tuple[str, str], Cell] = defaultdict(Cell)
    for indication, ev in book.evidence.items():
        for trial, studies in trials(ev).items():
            if not not_counted(ev, trial):
                for family in _families(ev, studies):
                    out[family, indication].trials[kind_of_trial(ev, trial)].append(trial)
        for result in book.review.analyses(indication):
            if result["role"] != "check":
                out[_family_of(book, result), indication].analyses.append(result)
    return dict(out)


def _estimate_line(book: Book, cell: Cell) -> str:
    """What is pooled, by its number of trials and certainty; the estimate is in its figure."""
    shown = cell.shown
    if shown is None:
        return "no estimate"
    page, said = chapter_page(shown["indication"]), statement(shown)
    size = f"{said.k} {'pooled' if shown['k'] > 1 else 'with an estimate'}, {said.n}"
    label = link(f"{page}#forest-{shown['id']}", size) if page else text(size)
    more = (": treated patients only, no comparison" if words.uncontrolled(shown)
            else f", certainty {said.certainty}")
    return f"<span{mark(shown)}>{label}{more}</span>"


def _cell_html(book: Book, indication: str, cell: Cell | None) -> str | Html:
    """What is pooled, and the trials of each kind with their participants."""
    if cell is None or cell.state == "none":
        return ""
    ev, lines = book.evidence[indication], []
    for kind, label in KINDS.items():
        if found := cell.trials.get(kind):
            n = sum(size_of_trial(ev, t) or 0 for t in found)
            size = f" (n\N{NO-BREAK SPACE}{count(n)})" if n else ""
            lines.append(f"{len(found)} {label}{size}")
    found = book.chapter_link(indication, "effects", Html("<br>".join(lines)))
    sign = "○" if cell.shown is None else "◐" if words.uncontrolled(cell.shown) else "●"
    return Html(f"{sign} {_estimate_line(book, cell)}<span class=\"lr-sub\">{found}</span>")


def _order(book: Book) -> list[tuple[str, str]]:
    """Families in the order of the vocabulary, harms last."""
    rows = [(f, book.data.label("family", f)) for f in book.data.words("family")]
    return [*rows, (HARMS, "Adverse events")]


def matrix(book: Book) -> Html:
    """Indication by outcome family, each cell linked to its analysis or its chapter.

    Parameters
    ----------
    book : Book
    """
    found, rows, data = cells(book), [], book.data
    for family, label in _order(book):
        if any((family, i) in found for i in book.data.indications):
            rows.append({"family": label, **{
                i: _cell_html(book, i, found.get((family, i))) for i in book.data.indications}})
    columns = [Column("family", "Outcome"),
               *(Column(i, book.label(i)) for i in book.data.indications)]
    return join([
        paragraph("● an estimate from a comparison, linked to its figure; ◐ an estimate of treated "
                  "patients alone, without a comparison; ○ studies, but no usable estimate; "
                  "an empty cell: no study. The small print counts the trials that have a row of "
                  "the outcome, usable or not, and n, those enrolled in them "
                  f"({data.wording('parts')}, where a report counts nothing else). Controlled: "
                  f"{data.wording('intervention')} against {data.wording('other')}. A trial with "
                  "several reports is counted once."),
        table("table-evidence-map", "Studies and estimates by outcome and indication", columns,
              rows, interactive=False, cards=True),
        left_out(book)])


def left_out(book: Book) -> Html:
    """How many trials are in no count of this page, and why."""
    why: Counter = Counter()
    for ev in book.evidence.values():
        for trial in trials(ev):
            if reason := not_counted(ev, trial):
                kind = "patients probably those of another trial" if "shared" in reason else reason
                why[kind] += 1
    if not why:
        return paragraph("Every trial of the data is counted.")
    named = "; ".join(f"{reason}: {n}" for reason, n in why.most_common())
    return paragraph(f"Not counted here: {named}. Each is listed in its chapter.")


def teaser(book: Book) -> Html:
    """How much of the map holds an estimate, in one sentence."""
    found = cells(book).values()
    known = sum(cell.state != "none" for cell in found)
    with_estimate = [cell for cell in found if cell.pooled]
    several = sum(not words.uncontrolled(c.shown) and c.shown["k"] > 1 for c in with_estimate)
    alone = sum(words.uncontrolled(c.shown) for c in with_estimate)
    return paragraph(
        f"Studies report on {known} pairs of an indication and an outcome. For {several} "
        f"of them controlled trials could be pooled, for "
        f"{len(with_estimate) - several - alone} there is an estimate of one controlled trial, "
        f"for {alone} only of treated patients without a comparison, and for "
        f"{known - len(with_estimate)} no estimate.")


# --- when and where -------------------------------------------------------------------------


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
