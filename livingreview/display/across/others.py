"""Pooled results that others published, beside ours."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from ...review import Review
from ...review.counted import trials
from ...view.naming import review_names, spoken
from .. import provenance, words
from ..html import Column, Html, count, details, interval, join, number, paragraph, table, text
from ..statement import mark, statement
from .book import Book

# On the page several facts share a cell; the file has a column for each.
COLUMNS = (
    Column("review", "Review", place="file"), Column("shown", "Review", place="page"),
    Column("outcome", "Outcome", select=True), Column("question", "Question", place="page"),
    *(Column(key, header, place="file") for key, header in (
        ("population", "Population"), ("comparison", "Comparison"), ("months", "Months"),
        ("measure", "Measure"), ("estimate", "Estimate (95% CI)"))),
    Column("printed", "As printed (95% CI)", place="page"), Column("ours", "Ours"),
    Column("favours", "Side of the estimate", select=True),
    Column("k", "Studies of it", True), Column("n", "Participants of it", True),
    Column("care", "Read with care", place="file"), Column("note", "Remark", place="file"),
    Column("source", "Source", place="file"), Column("remarks", "Read with care", place="page"))
PLACEBO = "placebo"  # the class of comparison that a review is most often asked for
DIFFERENCES = ("MD", "SMD")
WITHOUT_COMPARISON = ("mean-change", "proportion")
_LOPSIDED, _EVEN = 1.5, 1.1  # arms of an interval whose lengths differ, or do not


def as_printed(row: Mapping) -> str:
    """A published estimate with its interval, where one is printed."""
    if row["estimate"] is None:
        return "no number in the text read"
    values = [row[c] for c in ("estimate", "ci_low", "ci_high") if row[c] is not None]
    d = max(2, *(len(f"{v:.10g}".partition(".")[2]) for v in values))  # no digit is lost
    ends = interval(row["ci_low"], row["ci_high"], d)
    return number(row["estimate"], d) + (f" ({ends})" if ends else "")


def _inside(result: dict, months: float | None) -> bool:
    """Whether a visit is in the window of an analysis; any visit is in one without a window."""
    low, high = result["question"]["window_from"], result["question"]["window_to"]
    if low is None and high is None:
        return True
    return months is not None and months > (low or 0) and (high is None or months <= high)


def _of_its_patients(review: Review, result: dict, population: str | None) -> bool:
    """Whether an analysis of some conditions or products alone is about a review's patients."""
    asked = result["question"]
    named = [review.data.label("condition", c).lower() in (population or "").lower()
             for c in asked["condition"]]
    return not asked["products"] and (not named or any(named))


def ours_for(review: Review, indication: str, row: Mapping) -> dict | None:
    """Our result of the same outcome, visit and kind of comparison; None where there is none.

    Against placebo where the review says so; else against any control, else our main comparison.
    A review of treated patients alone is read beside our own of that kind only, and an analysis of
    one condition beside reviews that name it. A number without its measure is beside none.
    """
    if row["unit"] == "animal" or row["measure"] is None:
        return None
    families = {h["family"] for h in review.data.records("hierarchy")
                if h["outcome"] == row["outcome"]}
    alone = row["measure"] in WITHOUT_COMPARISON
    found = [r for r in review.analyses(indication)
             if r["pooled"] and r["role"] != "check" and _inside(r, row["timepoint_months"])
             and words.uncontrolled(r) == alone
             and _of_its_patients(review, r, row["population"])
             and r["question"]["target"] in {row["outcome"], *families}]
    placebo = words.class_name(review.data, PLACEBO).lower()
    if not alone and placebo in (row["comparison"] or "").lower():
        found = [r for r in found if r["question"]["comparison"] == PLACEBO]
    return min(found, default=None, key=lambda r: (
        r["question"]["comparison"] != "any", r["role"] != "main", -r["k"]))


def _lopsided(value: float, low: float | None, high: float | None) -> str:
    """What the interval of a difference warns of; empty where its arms are alike."""
    if low is None or high is None or not low < value < high:
        return ""
    plain = (high - value) / (value - low)
    if max(plain, 1 / plain) <= _LOPSIDED:
        return ""
    if low > 0:
        logs = math.log(high / value) / math.log(value / low)
        if max(logs, 1 / logs) < _EVEN:
            return "printed as a difference, but its interval lies as that of a ratio does"
    return "the estimate is not in the middle of its interval, as that of a difference is"


def _better(review: Review, indication: str, outcome: str) -> str | None:
    """Which way an outcome is better, by the instruments of the indication or of another."""
    known = [i for i in review.data.records("instruments") if i["outcome"] == outcome]
    return min(known, key=lambda i: i["indication"] not in (None, indication),
               default={"direction": None})["direction"]


def cautions(review: Review, indication: str, row: Mapping) -> list[str]:
    """What the numbers of a published result warn of."""
    ratio, out = row["measure"] in ("OR", "RR", "HR"), []
    value, low, high = row["estimate"], row["ci_low"], row["ci_high"]
    if value is None:
        return []
    if ratio and value < 0:
        out.append("printed as a ratio, but negative: no ratio can be")
    if row["measure"] in DIFFERENCES and (said := _lopsided(value, low, high)):
        out.append(said)
    way = _better(review, indication, row["outcome"])
    side = words.in_text(review.data.label("favours", row["favours"]))
    if ratio and value > 0 and any(
            r["review_id"] == row["review_id"] and r["measure"] == row["measure"]
            and (r["estimate"] or 0) < 0
            for r in review.data.records("published_syntheses", indication)):
        out.append("another ratio of this review is negative, so that its word for the measure "
                   "cannot be relied on")
    if ratio and way in ("lower", "higher"):
        out.append("printed as a ratio, but of a score: it reads as a difference of means")
    if row["favours"] == "cells" and ratio and value > 1 and way == "fewer-events-better":
        out.append(f"turned round: above one {side}")
    if row["favours"] == "cells" and not ratio and value > 0 and way == "lower":
        out.append(f"turned round: above zero {side}")
    if row["k_scope"] == "review":
        out.append("the review gives its numbers of studies and participants as a whole, not for "
                   "this result")
    return out


def _ours_words(data, ours: dict) -> str:
    """Our result with what it is a measure of, so that two scales are not taken for one."""
    said = statement(ours)
    size = "; ".join(filter(None, (f"{said.k}, {said.n}", said.without)))
    size += f"; certainty {said.certainty}"
    if words.uncontrolled(ours):
        return f"{words.glance(ours)}; {size}"
    measure = words.in_text(data.label("measure", ours["question"]["measure"]))
    scale = "" if words.ratio(ours) else f" in {words.unit(ours)}"
    return (f"{measure}{scale}, against {words.comparator(data, ours)}: {words.glance(ours)}; "
            f"{size}")


def rows_of(review: Review, indication: str, address: Callable[[str, str], Html],
            unit: str | None = None) -> list[dict]:
    """The published results of an indication as rows of a table.

    Parameters
    ----------
    review : Review
    indication : str
    address : callable
        A link from the identifier of an analysis and a label.
    unit : str, optional
        Only results that pool these: ``animal``; empty is people. All where left out.
    """
    data, rows, names = review.data, [], review_names(review.data, indication)
    sources = review.evidence[indication].sources
    for r in data.records("published_syntheses", indication):
        if unit is not None and (r["unit"] or "") != unit:
            continue
        scope, ours = r["k_scope"] == "result", ours_for(review, indication, r)
        source = (provenance.source_link(sources[r["source_id"]])
                  if r["source_id"] in sources else Html(""))
        when = f"month {r['timepoint_months']:g}" if r["timepoint_months"] is not None else ""
        note = spoken(r["note"], names)
        care, measure = cautions(review, indication, r), data.label("measure", r["measure"])
        rows.append({
            "review": names[r["review_id"]], "outcome": data.label("outcome", r["outcome"]),
            "shown": Html(f'{text(names[r["review_id"]])}<span class="lr-sub">{source}</span>'),
            "question": "; ".join(filter(None, (r["population"], r["comparison"], when))),
            "population": r["population"], "comparison": r["comparison"],
            "months": number(r["timepoint_months"], 0), "measure": measure or "not named",
            "estimate": as_printed(r),
            "printed": f"{measure or 'measure not named'}: {as_printed(r)}",
            "ours": "" if ours is None else Html(
                f"<span{mark(ours)}>{address(ours['id'], _ours_words(data, ours))}</span>"),
            "favours": data.label("favours", r["favours"]) or "not stated",
            "k": count(r["k"]) if scope else "", "n": count(r["n"]) if scope else "",
            "care": "; ".join(care), "note": note, "source": source,
            "remarks": Html("".join(f"<strong>{text(c)}.</strong> " for c in care)
                            + (str(details("remark", note)) if note else ""))})
    return rows


def published(review: Review, indication: str, address: Callable[[str, str], Html],
              unit: str | None = None) -> Html:
    """The published results of an indication as a table (see :func:`rows_of`)."""
    return table(f"{indication}-published{'-' + unit if unit else ''}",
                 "Published pooled results, as printed", COLUMNS,
                 rows_of(review, indication, address, unit),
                 "No published pooled result was read.", cards=True)


def shared_trials(review: Review, indication: str, row: Mapping) -> set[str]:
    """Trials of which a value was read in the very review, so that it surely includes them."""
    ev = review.evidence[indication]
    texts = {s for s, source in ev.sources.items() if row["doi"] and source["doi"] == row["doi"]}
    found = {study for study, row in ev.studies.items() if row["source_id"] in texts}
    for name in ("arms", "outcomes", "contrasts", "adverse_events", "risk_of_bias"):
        found |= {r["study_id"] for r in review.data.records(name, indication)
                  if r["source_id"] in texts}
    return {ev.trial_of(study) for study in found}


def overlap(book: Book) -> Html:
    """Which trials of ours each review surely includes, as far as the data know it."""
    rows, unknown = [], []
    for indication, ev in book.evidence.items():
        pooled = {s["trial_id"] for r in book.review.analyses(indication) for s in r["studies"]}
        reviews = {r["review_id"]: r for r in
                   book.data.records("published_syntheses", indication) if r["unit"] is None}
        for review_id, row in reviews.items():
            found = shared_trials(book.review, indication, row) & set(trials(ev))
            if not found:
                unknown.append(f"{book.reviews[indication][review_id]} "
                               f"({words.in_text(book.label(indication))})")
                continue
            both = sorted(found & pooled)
            rows.append({
                "review": book.reviews[indication][review_id],
                "indication": book.label(indication), "k": len(found),
                "both": len(both),
                "which": Html(", ".join(book.study(indication, t) for t in both)) or "none"})
    return join([
        table("others-overlap", "Trials that a review includes and that are in our analyses: at "
              "least these", [
                  Column("review", "Review"), Column("indication", "Indication"),
                  Column("k", "Trials of which the review gave a value", True),
                  Column("both", "of these in an analysis of ours", True),
                  Column("which", "Which")], rows, "No overlap is known.", interactive=False,
              cards=True),
        paragraph("A trial is listed where one of its values was read in that review. The data "
                  "hold no lists of included trials, so that the overlap may be larger."),
        details(f"Reviews of which no included trial is known ({len(unknown)})",
                paragraph("; ".join(unknown) or "none"))])


def by_indication(book: Book) -> Html:
    """The published results in people of every indication, each beside ours."""
    parts = []
    for i in book.data.indications:
        def address(analysis: str, label: str, indication: str = i) -> Html:
            return book.chapter_link(indication, f"forest-{analysis}", label)

        n = len(rows_of(book.review, i, address, ""))
        parts.append(details(f"{book.label(i)} ({words.trials(n, 'result')})",
                             published(book.review, i, address, "")))
    return join(parts)
