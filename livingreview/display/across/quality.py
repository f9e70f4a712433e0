"""What the data hold and lack, and why a study is in no analysis."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable

from ...effects import Evidence
from ...effects.comparisons import is_cell_arm
from ...effects.question import APART, main_reason
from ...review.counted import ANIMAL, not_counted
from ...view.naming import of_study, spoken
from .. import words
from ..html import Column, Html, count, details, join, paragraph, table
from .book import Book

SPREADS = ("sd", "se", "ci_low", "q1")


# --- studies in no analysis ---------------------------------------------------------------------


def analysed(book: Book, indication: str) -> set[str]:
    """Studies and trials of an indication that some analysis uses."""
    return {s[key] for r in book.review.analyses(indication) for s in r["studies"]
            for key in ("study_id", "trial_id")}


def _barred(book: Book, ev: Evidence, study_id: str) -> tuple[str, str] | None:
    """What keeps a study out whatever its values are: a short kind, and the reason in words."""
    study = ev.studies[study_id]
    main = ev.trial_of(study_id)
    if study["status"] == "retracted":
        return "retracted", "retracted"
    if main != study_id:
        kind, why = why_not(book, ev, main)
        state = "is in an analysis" if not kind else f"is in none: {why}"
        return "another report", (f"another report of the patients of "
                                  f"{book.names[ev.indication][main]}, which {state}")
    if study["design"] == ANIMAL:
        return "animals", "an animal experiment, which is in no pool of people"
    if reason := not_counted(ev, study_id):
        return ("shared patients" if "shared" in reason else "no name"), reason
    if study["status"] == "registered":
        return "no results yet", "registered; no report of results is known"
    if study["design"] is None:
        return "design not stated", "design not stated"
    return None


def _other_cells(ev: Evidence, study_id: str) -> tuple[str, str] | None:
    """What an analysis of cells cannot ask of the arms of a study."""
    arms = [arm for (study, _), arm in ev.arms.items() if study == study_id]
    cells = [arm for arm in arms if is_cell_arm(arm)]
    if not cells:
        treated = ev.data.wording("intervention")
        return f"no {treated}", f"no arm is known to have got {treated}"
    groups = [c.cells for found in ev.contests("any").get(study_id, []) for c in found]
    if groups and all(g.cells == "apart" for g in groups):
        return "another product", APART
    parallel = ev.studies[study_id]["design"] in ("rct", "nonrandomised-controlled")
    if parallel and not groups:
        return "no comparison", ("compares treated groups only" if len(cells) > 1
                                 else "no group without the treatment is in the data")
    return None


def _by_values(book: Book, ev: Evidence, study_id: str) -> tuple[str, str]:
    """What the values of a study lack."""
    reports = [s for s in ev.studies if ev.trial_of(s) == study_id]
    rows = [r for (study, _), found in ev.outcomes.items() if study in reports for r in found]
    rows += [r for study in reports for r in ev.contrasts.get(study, ())]
    events = [r for (study, _), found in ev.events.items() if study in reports for r in found]
    if not rows and not events:
        return "no values", "no values in the sources read"
    outcomes = "; ".join(sorted({words.in_text(book.data.label("outcome", r["outcome"]))
                                 for r in rows}))
    if not rows:
        return "adverse events only", "reports on adverse events only: see the page of harms"
    said = [t["reason"] for r in book.review.analyses(ev.indication)
            for t in r["not_in_pool"]["trials"] if t["trial_id"] == study_id]
    if not said:
        return "not asked", f"no analysis asks for what it reports: {outcomes}"
    reason = main_reason(said)
    if reason == main_reason([]):  # no analysis found anything that it asks for
        reason = "no number that an analysis asks for"
    return "no usable number", f"{reason} (reports on {outcomes})"


def why_not(book: Book, ev: Evidence, study_id: str) -> tuple[str, str]:
    """Why a study is in no analysis: a short kind and the reason; both empty where it is in one.

    Parameters
    ----------
    book : Book
    ev : Evidence
        Of the study's indication.
    study_id : str

    Returns
    -------
    (str, str)
    """
    if study_id in analysed(book, ev.indication):
        return "", ""
    kind, why = (_barred(book, ev, study_id) or _other_cells(ev, study_id)
                 or _by_values(book, ev, study_id))
    return kind, spoken(why, of_study(book.arms[ev.indication], study_id),
                        book.names[ev.indication])


def unused(book: Book) -> Html:
    """Every study that no analysis uses, with the reason."""
    rows = []
    for indication, ev in book.evidence.items():
        for study_id, study in ev.studies.items():
            kind, why = why_not(book, ev, study_id)
            if kind:
                rows.append({
                    "study": book.study(indication, study_id), "indication": book.label(indication),
                    "design": book.data.label("design", study["design"]) or "not stated",
                    "n": count(study["n_enrolled"]), "kind": kind, "why": why})
    total = sum(len(ev.studies) for ev in book.evidence.values())
    kinds = "; ".join(f"{kind}: {n}" for kind, n in Counter(r["kind"] for r in rows).most_common())
    return join([
        paragraph(f"Of {total} studies in the data, {total - len(rows)} are in an analysis and "
                  f"{len(rows)} in none. Why — {kinds or 'no study'}. Each of them stands in the "
                  "table of studies of its chapter."),
        table("unused-studies", "Studies in no analysis, and why",
              [Column("study", "Study"), Column("indication", "Indication", select=True),
               Column("design", "Design", select=True), Column("n", "Enrolled", True),
               Column("kind", "Kind of reason", select=True), Column("why", "Why")], rows,
              "Every study is in an analysis.", cards=True)])


# --- completeness -------------------------------------------------------------------------------


def _holds(rows: Iterable) -> dict[str, int]:
    """How many rows hold what an analysis needs."""
    rows = list(rows)
    means = [r for r in rows if r["mean"] is not None or r["median"] is not None]
    counts = [r for r in rows if r["events"] is not None or r["percent"] is not None]
    return {
        "rows": len(rows), "means": len(means),
        "spread": sum(any(r[c] is not None for c in SPREADS) for r in means),
        "counts": len(counts),
        "n": sum((r["n"] if r in means else r["total"]) is not None for r in (*means, *counts)),
        "scale": sum(r["scale_max"] is not None for r in means),
        "better": sum(r["better"] in ("lower", "higher") for r in rows),
        "made": sum((r["quality"] or "as-reported") != "as-reported" for r in rows)}


_HOLDS = [Column("rows", "Rows", True), Column("means", "With mean or median", True),
          Column("spread", "of these: a spread", True), Column("counts", "With a count", True),
          Column("n", "Number analysed", True), Column("scale", "Scale", True),
          Column("better", "Direction known", True),
          Column("made", "Derived, borrowed, digitised or in doubt", True)]


def by_outcome(book: Book) -> Html:
    """What the outcome rows hold, by indication and outcome."""
    groups = defaultdict(list)
    for i in book.data.indications:
        for row in book.data.values("outcomes", i):
            groups[i, row["outcome"]].append(row)
    rows = [{"outcome": book.data.label("outcome", outcome), "indication": book.label(i),
             "studies": len({book.evidence[i].trial_of(r["study_id"]) for r in found}),
             **_holds(found)} for (i, outcome), found in groups.items()]
    return details(f"By outcome ({len(rows)})", table(
        "completeness-outcomes", "Outcome rows and what they hold, by outcome",
        [Column("outcome", "Outcome"), Column("indication", "Indication", select=True),
         Column("studies", "Studies", True), *_HOLDS], rows))


def by_study(book: Book) -> Html:
    """What the rows of each study hold, and the studies without any."""
    rows, without = [], 0
    for i, ev in book.evidence.items():
        outcomes, other = defaultdict(list), Counter()
        for row in book.data.values("outcomes", i):
            outcomes[row["study_id"]].append(row)
        for name in ("contrasts", "adverse_events"):
            other.update((name, r["study_id"]) for r in book.data.records(name, i))
        for study_id in ev.studies:
            found = _holds(outcomes[study_id])
            more = {name: other[name, study_id] for name in ("contrasts", "adverse_events")}
            without += not any((found["rows"], *more.values()))
            rows.append({"study": book.study(i, study_id), "indication": book.label(i), **found,
                         **more})
    return join([
        paragraph(f"{len(rows) - without} of {len(rows)} studies have at least one row of results; "
                  f"{without} have none: their reports could not be read, or say nothing that "
                  "could be entered."),
        details(f"By study ({len(rows)})", table(
            "completeness-studies", "Rows of results and what they hold, by study",
            [Column("study", "Study"), Column("indication", "Indication", select=True), *_HOLDS,
             Column("contrasts", "Differences as reported", True),
             Column("adverse_events", "Rows of adverse events", True)], rows))])


_NAMES = re.compile(r"(?<=^arms ).*(?= combined$)")
_NUMBERS = re.compile(r"\([A-Z]\w+ \d{4}\)|\d+% (?=interval)|\d+(?:\.\d+)?")


def _step(words_of: str) -> str:
    """A step without its own numbers and arms; a method keeps its year, an interval its level."""
    return _NUMBERS.sub(lambda m: m[0] if m[0].startswith("(") or "%" in m[0] else "…",
                        _NAMES.sub("…", words_of))


def derived(book: Book) -> Html:
    """Steps from printed to analysed values, by kind, with the trials that needed them."""
    found: dict[str, set] = defaultdict(set)
    analyses: dict[str, set] = defaultdict(set)
    for r in book.review.document["analyses"].values():
        for s in r["studies"]:
            for step in s["derivation"]:
                kind = _step(step)
                found[kind].add((r["indication"], s["trial_id"]))
                analyses[kind].add(r["id"])
    rows = [{"step": kind, "trials": len(members), "analyses": len(analyses[kind]),
             "which": Html(", ".join(book.study(i, t) for i, t in sorted(members)))}
            for kind, members in sorted(found.items(), key=lambda f: -len(f[1]))]
    return table(
        "table-derived", "Steps from the printed to the analysed values, by kind",
        [Column("step", "Step"), Column("trials", "Trials", True),
         Column("analyses", "Analyses", True), Column("which", "Which")], rows,
        "Every value is used as it is printed.", interactive=False, cards=True)
