"""One page per seed review: what it asked, searched, included, stated and concluded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property

from ..review.claims import Cited, Entry, references, retracted
from . import words
from .html import Column, Html, count, details, interval, join, link, number, paragraph, table, text
from .ledger import LEDGER, Ledger, claim_summary, verdict_label

NOT_STATED = "not stated"
NOT_KNOWN = "not in the data"
_POINT = re.compile(r"\((\d+)\) ")  # "(1) first; (2) second", as the notes list inconsistencies


class SeedReview:
    """One seed review, ready to be shown.

    Parameters
    ----------
    review_id : str
        Its row in ``seed-reviews/reviews.csv``.
    data : path, optional
        Another data folder.

    Examples
    --------
    >>> review = SeedReview("disc-review-2023")
    >>> review.about()  # doctest: +SKIP
    """

    def __init__(self, review_id: str, data=None):
        self.review_id = review_id
        self.ledger = Ledger(data)

    @property
    def book(self):
        """The data and results of all indications."""
        return self.ledger.book

    @property
    def data(self):
        """The data folder."""
        return self.book.data

    @cached_property
    def row(self) -> Mapping:
        """The row of the review; LookupError where there is none."""
        for row in self.data.records("reviews"):
            if row["review_id"] == self.review_id:
                return row
        raise LookupError(f"reviews.csv has no row {self.review_id!r}")

    @cached_property
    def cited(self) -> list[Cited]:
        """Its references, in the order of its list."""
        return list(references(self.data, self.review_id).values())

    @cached_property
    def entries(self) -> list[Entry]:
        """Its claims."""
        return self.ledger.entries_of(self.review_id)

    def _own(self, name: str) -> list[Mapping]:
        """The rows of a table that are of this review."""
        return list(self.data.having(name, "review_id", self.review_id))

    # --- question, search, inconsistencies ----------------------------------------------------

    def about(self) -> Html:
        """Title, authors, journal, kind and the conditions that it covers."""
        r = self.row
        doi = link(f"https://doi.org/{r['doi']}", r["doi"]) if r["doi"] else NOT_STATED
        covered = ", ".join(self.book.chapter_link(i) for i in r["indications"])
        return self._facts("about", "The review", [
            ("Title", r["title_en"]),
            ("Title in Chinese", r["title_zh"] and Html(
                f'<span lang="zh">{text(r["title_zh"])}</span>')),
            ("Authors", r["authors"]), ("Journal", r["journal"]), ("Year", r["year"]),
            ("DOI", doi), ("Language", r["language"]), ("Kind of review", r["review_type"]),
            ("Conditions", Html(covered)), ("Remark", self._remarks()[0])])

    def method(self) -> Html:
        """What it states of its search, its selection and its appraisal."""
        r = self.row
        return self._facts("method", "Search, selection and appraisal, as stated", [
            ("Databases", ", ".join(r["databases_searched"])), ("Search until", r["search_until"]),
            ("Records identified", r["records_identified"]),
            ("Studies included", r["studies_included"]), ("Participants", r["participants"]),
            ("Quality tool", r["quality_tool"])])

    def _facts(self, name: str, caption: str, facts: list) -> Html:
        rows = [{"what": what, "value": value or NOT_STATED} for what, value in facts]
        return table(f"{self.review_id}-{name}", caption,
                     [Column("what", "What"), Column("value", "As stated")], rows,
                     interactive=False)

    def _remarks(self) -> tuple[str, list[str]]:
        """The note of the review: what comes before its numbered points, and the points."""
        note, starts = self.row["note"] or "", []
        for found in _POINT.finditer(note):
            if int(found[1]) == len(starts) + 1:  # another number is one of a reference
                starts.append(found)
        ends = [found.start() for found in starts[1:]] + [len(note)]
        first = note[:starts[0].start()] if starts else note
        points = [note[found.end():end].strip().rstrip(";.")
                  for found, end in zip(starts, ends, strict=False)]
        return first.removesuffix("Inconsistencies: ").strip(), points

    def inconsistencies(self) -> Html:
        """Where the review contradicts itself or what it cites."""
        points = self._remarks()[1]
        if not points:
            return paragraph("None was noted.", "lr-empty")
        items = "".join(f"<li>{text(p)}.</li>" for p in points)
        return join([paragraph(f"{len(points)} were noted."), Html(f"<ol>{items}</ol>")])

    # --- studies and tables -------------------------------------------------------------------

    def studies(self) -> Html:
        """The studies of the data that it cites, with what the data know of them."""
        rows = [self._study_row(cited.row["ref_number"], i, study)
                for cited in self.cited for i, study in cited.studies]
        known = sum(bool(cited.studies) for cited in self.cited)
        return join([
            paragraph(f"References that are studies of the data: {known} of {len(self.cited)}."),
            table(f"{self.review_id}-studies", "Studies that it cites and the data hold",
                  [Column("study", "Study"), Column("ref", "Reference", True),
                   Column("design", "Design", select=True),
                   Column("cells", self.data.wording("product")),
                   Column("donor", self.data.wording("donor")),
                   Column("dose", self.data.wording("per-dose"), True),
                   Column("n", "Enrolled", True),
                   Column("months", "Follow-up, months", True)], rows,
                  "None of its references is a study of the data.", cards=True)])

    def _study_row(self, ref: str, indication: str, study: Mapping) -> dict:
        arms = self._cell_arms(indication, study["study_id"])
        doses = sorted({a["dose_cells"] for a in arms if a["dose_cells"] is not None})
        remarks = [self.data.label("status", study["status"])] if retracted(study) else []
        if main := study["companion_of"]:
            remarks.append(f"later report of {self.book.study(indication, main)}")
        name = self.book.study(indication, study["study_id"])
        return {
            "study": Html(f'{name} <span class="lr-sub">{"; ".join(remarks)}</span>'), "ref": ref,
            "design": self.data.label("design", study["design"]) or NOT_KNOWN,
            "cells": self._cells(arms) or NOT_KNOWN,
            "donor": self._labels("donor", arms) or NOT_KNOWN,
            "dose": " and ".join(count(d) for d in doses) or NOT_KNOWN,
            "n": count(study["n_enrolled"]) or NOT_KNOWN,
            "months": f"{study['followup_months']:g}" if study["followup_months"] else NOT_KNOWN}

    def _cell_arms(self, indication: str, study_id: str) -> list[Mapping]:
        """The arms of a study that got cells or a product of theirs."""
        return [a for a in self.data.records("arms", indication)
                if a["study_id"] == study_id and a["cell_product"] != "none"
                and a["cell_source"] != "none" and (a["cell_product"] or a["cell_source"])]

    def _cells(self, arms: list[Mapping]) -> str:
        return "; ".join(filter(None, (self._labels("cell_source", arms),
                                       self._labels("cell_product", arms))))

    def _labels(self, vocabulary: str, arms: list[Mapping]) -> str:
        """The different words of a column of arms, as readers see them."""
        values = dict.fromkeys(a[vocabulary] for a in arms if a[vocabulary])
        return ", ".join(words.in_text(self.data.label(vocabulary, v)) for v in values)

    def mechanisms(self) -> Html:
        """Its mechanisms, each with the kinds of evidence that it cites for them."""
        by_number = {c.row["ref_number"]: c for c in self.cited}
        rows = [{"mechanism": r["mechanism"], "cells": r["cell_or_product"],
                 "mediator": r["mediator"], "effect": r["effect"],
                 "direction": self.data.label("mechanism_direction", r["direction"]),
                 "refs": ", ".join(r["cited_refs"]) or "none",
                 "evidence": self._evidence([by_number[n] for n in r["cited_refs"]
                                             if n in by_number])}
                for r in self._own("mechanisms")]
        return table(f"{self.review_id}-mechanisms", "Mechanisms that it names",
                     [Column("mechanism", "Mechanism"),
                      Column("cells", self.data.wording("given")),
                      Column("mediator", self.data.wording("mediator")),
                      Column("effect", "Effect"),
                      Column("direction", "Direction"), Column("refs", "References"),
                      Column("evidence", "Kind of what it cites", select=True)], rows,
                     "It names no mechanism.", cards=True)

    def _evidence(self, cited: list[Cited]) -> str:
        """The kinds of some references, each once."""
        kinds = dict.fromkeys(self.data.label("reference_kind", c.row["kind"]) for c in cited)
        return ", ".join(filter(None, kinds)) or "nothing cited"

    def validation(self) -> Html:
        """Its table of studies that are said to validate the treatment, beside the data."""
        by_number = {c.row["ref_number"]: c for c in self.cited}
        rows = [self._validation_row(r, by_number.get(r["cited_ref"]))
                for r in self._own("validation_studies")]
        if not rows:
            return paragraph("It prints no such table that could be read.", "lr-empty")
        return table(f"{self.review_id}-validation", "Its table of validating studies, recomputed",
                     [Column("title", "Title"), Column("ref", "Reference", True),
                      Column("institution", "Institution", place="file"),
                      Column("year", "Year"),
                      Column("stated", f"{self.data.wording('given')} by its title"),
                      Column("study", "Study of the data"), Column("given", "What was given"),
                      Column("model", "Model", place="file")], rows, cards=True)

    def _validation_row(self, row: Mapping, cited: Cited | None) -> dict:
        studies = cited.studies if cited else ()
        given = [a for i, s in studies for a in self._cell_arms(i, s["study_id"])]
        species = dict.fromkeys(self.data.label("species", s["species"]) for _, s in studies)
        stated = "; ".join(filter(None, (row["cell_source"], row["product"])))
        model = "; ".join(filter(None, (*species, row["model"])))
        return {
            "title": row["title_en"] or row["title_zh"], "ref": row["cited_ref"],
            "institution": row["institution"], "year": self._year(row, cited),
            "stated": stated or NOT_STATED,
            "study": Html(", ".join(self.book.study(i, s["study_id"]) for i, s in studies)
                          + f' <span class="lr-sub">{text(model)}</span>' if studies
                          else NOT_KNOWN),
            "given": self._cells(given) or (
                f"no {words.in_text(self.data.wording('given'))} of theirs in the data"
                if studies else ""),
            "model": model}

    @staticmethod
    def _year(row: Mapping, cited: Cited | None) -> str:
        """The year of its table; that of its list too, where they differ."""
        stated, listed = row["year"], cited.row["year"] if cited else None
        if listed and listed != stated:
            return f"{stated or NOT_STATED} in the table, {listed} in its list"
        return str(stated or NOT_STATED)

    # --- numbers, references, claims, conclusions ---------------------------------------------

    def numbers(self) -> Html:
        """The numbers that it states of its evidence, recomputed."""
        return self.ledger.headline_numbers(self.review_id)

    def references(self) -> Html:
        """Its references with their kind, their status and what the data know of them."""
        rows = [{"ref": c.row["ref_number"], "reference": self.ledger.reference(c),
                 "year": c.row["year"] or "", "kind": self._evidence([c]),
                 "status": "retracted" if c.retracted else "",
                 "known": "yes" if c.studies else "", "note": c.row["note"]}
                for c in self.cited]
        return table(f"{self.review_id}-references", "Its references",
                     [Column("ref", "Number"), Column("reference", "Reference"),
                      Column("year", "Year", True),
                      Column("kind", "Kind", place="file", select=True),
                      Column("status", "Status"), Column("known", "In the data"),
                      Column("note", "Remark")], rows, cards=True)

    def claims(self) -> Html:
        """Its claims with their verdicts."""
        return join([
            paragraph(Html(f"{len(self.entries)} claims, by verdict: "
                           f"{text(claim_summary(self.data, self.entries))}. All reviews together "
                           f"are in the {link(LEDGER, 'claims ledger')}.")),
            details("The claims", self.ledger.claims(self.review_id))])

    def conclusions(self) -> Html:
        """What it concludes, with verdicts, and our main results of the same conditions."""
        rows = [{"claim": link(f"{LEDGER}#claim-{e.claim['claim_id']}", e.claim["claim_id"]),
                 "says": e.claim["claim_en"], "verdict": verdict_label(self.data, e.verdict),
                 "reason": e.judged and Html(text(e.judged["reason"]))}
                for e in self.entries if e.claim["conclusion"]]
        theirs = table(f"{self.review_id}-conclusions", "What it concludes",
                       [Column("claim", "Claim"), Column("says", "What it says"),
                        Column("verdict", "Verdict"), Column("reason", "Reason")], rows,
                       "No claim is marked as a conclusion.", interactive=False, cards=True)
        main = [r for i in self.row["indications"]
                for r in self.book.review.analyses(i, role="main")]
        ours = [self._result_row(r) for r in main if r["pooled"]]
        share = paragraph(f"{len(ours)} of our {len(main)} main analyses of these conditions have "
                          "an estimate; the chapters say what the others lack.")
        return join([theirs, share, table(
            f"{self.review_id}-ours", "Our main results for these conditions",
            [Column("title", "Analysis"), Column("indication", "Condition", select=True),
             Column("against", words.first_capital(
                 f"{self.data.wording('intervention')} against")),
             Column("k", "Trials", True), Column("n", "Participants", True),
             Column("estimate", "Estimate (95% CI)", True), Column("certainty", "Certainty")],
            ours, "No main analysis of these conditions has an estimate.", cards=True)])

    def _result_row(self, result: dict) -> dict:
        pooled, d = result["pooled"], words.decimals(result)
        ends = interval(pooled["ci_low"], pooled["ci_high"], d)
        shown = f"{words.measure(result).short} {number(pooled['estimate'], d)} ({ends})"
        return {
            "title": self.book.chapter_link(result["indication"], f"forest-{result['id']}",
                                            result["title"]),
            "indication": self.book.label(result["indication"]), "k": result["k"],
            "against": self.data.label("analysis_comparison", result["question"]["comparison"]),
            "n": count(round(result["n"])), "estimate": shown,
            "certainty": result["certainty"]["level"]}
