"""Adverse events over all indications: ratios where trials compare, counts in treated patients."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from ...review.counted import kind_of_trial, not_counted, trials
from ...review.harms import ArmEvents, arm_events, totals
from ...view.naming import of_study, spoken
from .. import provenance, words
from ..bounds import months_words, risk_words, seen_apart
from ..html import Column, Html, count, details, join, paragraph, table, text
from ..statement import mark, statement
from .book import Book

# Kinds of events that every trial should report, and that of the single events that are feared.
MAIN_KINDS = ("any", "serious", "treatment-related", "feared")
ALL = "All indications"


def main_events(book: Book) -> list[str]:
    """Events that the tables of this page have a column for."""
    return [e for e in book.data.words("event")
            if book.data.kind("event", e) in MAIN_KINDS]


def all_rows(book: Book) -> list[ArmEvents]:
    """Every event of every arm with cells, of all indications."""
    return [row for ev in book.evidence.values() for row in arm_events(ev)]


def ratios(book: Book) -> Html:
    """Pooled risk ratios of every indication, each linked to its figure."""
    rows = []
    for indication in book.data.indications:
        for r in book.review.analyses(indication, section="harms"):
            if words.uncontrolled(r) or not r["studies"]:
                continue
            said = statement(r)
            rows.append({
                "indication": book.label(indication),
                "event": book.chapter_link(indication, f"forest-{r['id']}",
                                           words.outcome_name(book.data, r)),
                "against": words.comparator(book.data, r), "k": said.k, "n": said.number,
                "estimate": said.estimate, "without": said.without, "certainty": said.certainty,
                "attributes": mark(r)})
    return table(
        "harms-ratios", f"Patients with an event, {book.data.wording('intervention')} against a "
        "control: pooled risk ratios",
        [Column("indication", "Indication", select=True), Column("event", "Event"),
         Column("against", "Against"), Column("k", "Trials in it"),
         Column("n", "Participants in it", True), Column("estimate", "Risk ratio (95% CI)", True),
         Column("certainty", "Certainty"),
         Column("without", "Not in it")], rows, cards=True, empty=
        "No trial gives counts of patients in both arms.")


def _sums(book: Book, identifier: str, caption: str, head: str,
          groups: dict[str, list[ArmEvents]], events: list[str]) -> Html:
    """One row for each group and event: patients with it, exact bounds, and what is in no sum."""
    def study(r: ArmEvents) -> Html:
        return book.study(r.indication, r.study)

    rows = []
    for label, members in groups.items():
        for event in events:
            of = [r for r in members if r.event == event]
            found, apart = totals(of), seen_apart(of, study)
            if found["total"] or apart:
                rows.append({
                    "group": label, "event": book.data.label("event", event),
                    "counts": f"{count(found['events'])} / {count(found['total'])}"
                    if found["total"] else "", "risk": risk_words(found),
                    "k": f"{found['k']} ({found['k_none']})" if found["total"] else "",
                    "apart": apart,
                    "months": months_words(found["months_low"], found["months_high"])
                    if found["total"] else ""})
    return table(identifier, caption, [
        Column("group", head, select=True), Column("event", "Event", select=True),
        Column("counts", "Patients with event / at risk", True),
        Column("risk", "Risk, with its exact 95% bounds", True),
        Column("k", "Trials (of these, nobody had it)", True),
        Column("months", "Follow-up (months)", True), Column("apart", "Seen, but in no sum")],
        rows, "No treated arm has a count of patients.", cards=True)


def by_indication(book: Book) -> Html:
    """Patients with an event in the arms that got cells, in all and by indication."""
    rows = all_rows(book)
    groups = {book.label(i): [r for r in rows if r.indication == i]
              for i in book.data.indications}
    return _sums(book, "harms-indications",
                 "Treated patients with an event, without a comparison, by indication",
                 "Indication", {ALL: rows, **groups}, main_events(book))


def _values(book: Book, row: ArmEvents, field: str) -> str:
    """The label of a group that an arm belongs to."""
    value = getattr(row, field)
    if not value:
        return "not stated, or several"
    if isinstance(value, tuple):
        return "; ".join(book.data.label(field, v) for v in value)
    return book.data.label(field, value)


def by_cells(book: Book) -> Html:
    """The same counts by source, donor, route and preparation of the cells."""
    rows, data = all_rows(book), book.data
    groups = {"cell_source": data.wording("source-group"), "donor": data.wording("donor"),
              "route": "Route", "cell_class": data.wording("preparation")}

    def grouped(key: Callable[[ArmEvents], str]) -> dict[str, list[ArmEvents]]:
        found: dict[str, list[ArmEvents]] = {}
        for row in rows:
            found.setdefault(key(row), []).append(row)
        return dict(sorted(found.items(), key=lambda g: -sum(not r.not_counted for r in g[1])))

    return join([
        paragraph("These sums put arms of different trials side by side: they differ in disease, "
                  "follow-up, definition and in what was asked. A difference between rows is no "
                  "comparison of treatments."),
        *(details(f"By {label.lower()}", _sums(
            book, f"harms-{field}", f"Treated patients with an event, by {label.lower()}", label,
            grouped(lambda r, f=field: _values(book, r, f)), main_events(book)))
          for field, label in groups.items())])


def reporting(book: Book) -> Html:
    """How many trials report each event of patients who got cells, and how many do not."""
    events, rows = main_events(book), []
    for indication, ev in book.evidence.items():
        known = {t for t in trials(ev) if kind_of_trial(ev, t) != "animal"
                 and not not_counted(ev, t) and ev.studies[t]["status"] != "registered"}
        found = arm_events(ev)
        told = {e: {r.trial for r in found if r.event == e} & known for e in events}
        usable = {e: {r.trial for r in found if r.event == e and not r.not_counted} & known
                  for e in events}
        anything = {r.trial for r in found} & known
        rows.append({"name": book.label(indication), "k": len(known),
                     "none": len(known - anything),
                     **{e: f"{len(told[e])}" + (f", of these {len(usable[e])} with a count of "
                        "patients" if told[e] != usable[e] else "") for e in events}})
    everything = sum(r["k"] for r in rows)
    silent = sum(r["none"] for r in rows)
    return join([
        paragraph(f"Of {everything} trials in people with a report of results, {silent} have no "
                  "count of any adverse event in the sources read. That says little of the "
                  "trials: often an abstract alone was read. Zero is only what a source states "
                  "as zero."),
        table("harms-reporting", "Trials that report an event of treated patients",
              [Column("name", "Indication"), Column("k", "Trials with results", True),
               Column("none", "No event reported on", True),
               *(Column(e, book.data.label("event", e)) for e in events)], rows,
              interactive=False, cards=True)])


def other_events(book: Book) -> Html:
    """Counts of all further events in treated patients."""
    main, rows = main_events(book), all_rows(book)
    return details("Further events", _sums(
        book, "harms-further", "Further events in treated patients, without a comparison",
        "Indication", {book.label(i): [r for r in rows if r.indication == i]
                       for i in book.data.indications},
        [e for e in book.data.words("event") if e not in main]))


def entries(book: Book) -> Html:
    """Every row behind the counts, with its source, and why it is counted or not."""
    source = cache(lambda indication, source_id: provenance.source_link(
        book.evidence[indication].sources[source_id]))
    rows = []
    for r in all_rows(book):
        rows.append({
            "study": book.study(r.indication, r.study), "indication": book.label(r.indication),
            "arm": book.arms[r.indication][r.study, r.arm],
            "event": book.data.label("event", r.event), "count": r.printed,
            "months": "" if r.months is None else f"{r.months:g}",
            "counted": "yes" if not r.not_counted else "no",
            "why": spoken(r.not_counted, of_study(book.arms[r.indication], r.study),
                          book.names[r.indication]),
            "how": spoken("; ".join(r.derivation), of_study(
                book.arms[r.indication], r.study)),
            "source": Html(f"{source(r.indication, r.source)}, row {r.row} of "
                           f"{text(r.indication)}/adverse_events.csv")})
    return details(f"Every row behind these counts ({len(rows)})", table(
        "harms-rows", "Adverse events of the treated arms",
        [Column("study", "Study"), Column("indication", "Indication", select=True),
         Column("arm", "Arm"), Column("event", "Event", select=True),
         Column("count", "As printed", True), Column("months", "Months", True),
         Column("counted", "Counted", select=True), Column("why", "Why not"),
         Column("how", "Derived"), Column("source", "Source")], rows))
