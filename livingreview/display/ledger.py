"""The claims of the seed reviews with their verdicts, and their headline numbers recomputed."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from ..data.dataset import Dataset
from ..review.claims import NOT_CHECKABLE, NOT_YET_JUDGED, Cited, Entry, ledger, other_condition
from ..review.headlines import (
    AGREES,
    DIFFERS,
    NO_ROW,
    NOT_RECOMPUTABLE,
    Headline,
    headlines,
    shown_decimals,
)
from ..view.naming import seed_names, spoken
from . import words
from .across import Book
from .html import Column, Html, details, join, link, number, paragraph, table, text
from .statement import mark, statement

LEDGER = "../notebooks/claims-ledger.html"
_BY_RULE = {NOT_YET_JUDGED: "Not yet judged", NOT_CHECKABLE: "Not checkable, by rule"}
_STATUS = {AGREES: "Agrees", DIFFERS: "Differs", NO_ROW: "No value in the data",
           NOT_RECOMPUTABLE: "Not recomputable"}


def verdict_label(data: Dataset, verdict: str) -> str:
    """A verdict as readers see it."""
    return _BY_RULE.get(verdict) or data.label("verdict", verdict)


def verdicts(data: Dataset) -> list[str]:
    """Every verdict there can be, those that nobody has given yet first."""
    return [NOT_YET_JUDGED, *data.words("verdict"), NOT_CHECKABLE]


def seed_link(data: Dataset, review_id: str) -> Html:
    """The page of a seed review, by its name."""
    return link(f"../notebooks/seed-{review_id}.html", seed_names(data)[review_id])


class Ledger:
    """What the seed reviews said, and what became of it.

    Parameters
    ----------
    data : path, optional
        Another data folder.

    Examples
    --------
    >>> ledger = Ledger()
    >>> ledger.claims()  # doctest: +SKIP
    """

    def __init__(self, data=None):
        self.book = Book(data)

    @property
    def data(self) -> Dataset:
        """The data folder."""
        return self.book.data

    @cached_property
    def entries(self) -> list[Entry]:
        """Every claim."""
        return ledger(self.data)

    def entries_of(self, review_id: str) -> list[Entry]:
        """The claims of one seed review."""
        return ledger(self.data, "review_id", review_id)

    @cached_property
    def names(self) -> dict[str, str]:
        """Names of the seed reviews."""
        return seed_names(self.data)

    @cached_property
    def numbers(self) -> list[Headline]:
        """Every headline number."""
        return headlines(self.data)

    # --- claims -------------------------------------------------------------------------------

    def counts(self) -> Html:
        """Claims by verdict and seed review."""
        reviews = [r["review_id"] for r in self.data.records("reviews")]
        rows = [self._counted(verdict_label(self.data, v), reviews,
                              [e for e in self.entries if e.verdict == v])
                for v in verdicts(self.data)]
        rows.append(self._counted("All claims", reviews, self.entries))
        waiting = sum(e.verdict == NOT_YET_JUDGED for e in self.entries)
        return join([
            paragraph(f"{waiting} of {len(self.entries)} claims are not yet judged." if waiting
                      else f"All {len(self.entries)} claims are judged." if self.entries
                      else "No claim is in the data."),
            table("table-claims-verdicts", "Claims by verdict and seed review",
                  [Column("verdict", "Verdict"), Column("all", "All", True),
                   *(Column(r, name, True) for r, name in self.names.items())], rows,
                  interactive=False)])

    @staticmethod
    def _counted(label: str, reviews: list[str], entries: list[Entry]) -> dict:
        return {"verdict": label, "all": len(entries), **{
            r: sum(e.claim["review_id"] == r for e in entries) for r in reviews}}

    def claims(self, review_id: str = "") -> Html:
        """The ledger, of all seed reviews or of one."""
        entries = self.entries_of(review_id) if review_id else self.entries
        whole = not review_id
        columns = [
            Column("claim", "Claim", place="page"), Column("cites", "What it cites", place="page"),
            Column("judged", "Verdict and basis", place="page"),
            Column("id", "claim_id", place="file"),
            Column("review_id", "review_id", place="file"),
            Column("review", "Seed review", place="file", select=whole),
            Column("section", "Section", place="file"),
            Column("indication", "Indication", place="file", select=True),
            Column("kind", "Kind", place="file", select=True),
            Column("en", "Claim", place="file"), Column("zh", "Claim in Chinese", place="file"),
            Column("refs", "References", place="file"), Column("note", "Remark", place="file"),
            Column("rests", "Cites", place="file", select=True),
            Column("verdict", "Verdict", place="file", select=True),
            Column("basis", "Basis", place="file"), Column("reason", "Reason", place="file"),
            Column("date", "Date", place="file")]
        name = "-".join(filter(None, ("claims", review_id)))
        return table(name, "Claims of the seed reviews", columns,
                     [self._claim_row(e, whole) for e in entries], cards=True)

    def _claim_row(self, entry: Entry, whole: bool) -> dict:
        """A claim on the page, and the same in plain values for filters and the file."""
        c, judged = entry.claim, entry.judged
        kind = self.data.label("claim_kind", c["kind"])
        indication = self.data.label("seed_indication", c["indication"])
        review = f"{seed_link(self.data, c['review_id'])}, " if whole else ""
        where = f"{review}section {text(c['section'])}"
        # Elsewhere a claim links to its place here, so that it has one anchor only.
        name = (Html(f'<span id="claim-{c["claim_id"]}">{text(c["claim_id"])}</span>') if whole
                else link(f"{LEDGER}#claim-{c['claim_id']}", c["claim_id"]))
        return {
            "claim": Html(f'<span class="lr-quote">{text(c["claim_en"])}</span> '
                          f'<span class="lr-quote" lang="zh">{text(c["claim_zh"])}</span> '
                          f'<span class="lr-sub">{name}: {where}. {text(indication)}; '
                          f"{text(words.in_text(kind))}</span>"),
            "cites": self._cites(entry), "judged": self._judged(entry),
            "note": self._spoken(entry, c["note"]),
            "id": c["claim_id"], "review_id": c["review_id"],
            "review": self.names[c["review_id"]], "section": c["section"],
            "indication": indication, "kind": kind, "en": c["claim_en"], "zh": c["claim_zh"],
            "refs": "; ".join(c["cited_refs"]), "rests": entry.rests_on,
            "verdict": verdict_label(self.data, entry.verdict),
            "basis": "; ".join(basis for basis, _ in entry.bases),
            "reason": judged and self._reason(entry), "date": judged and judged["date"]}

    def _cites(self, entry: Entry) -> Html:
        items = "".join(f"<li>[{text(cited.row['ref_number'])}] {self.reference(cited, entry)}</li>"
                        for cited in entry.cited)
        rests = entry.rests_on
        start = f"<strong>Cites {text(rests)}.</strong>" if rests else ""
        note = self._spoken(entry, entry.claim["note"])
        end = f'<span class="lr-sub">Remark: {text(note)}</span>' if note else ""
        return Html(f"{start}<ul>{items}</ul>{end}" if items else start + end)

    def reference(self, cited: Cited, entry: Entry | None = None) -> Html:
        """A reference with its title, kind and what the data know of it."""
        row, parts = cited.row, [text(self.data.label("reference_kind", cited.row["kind"]))]
        for indication, study in cited.studies:
            design = self.data.label("design", study["design"]) or "design not stated"
            parts.append(f"{self.book.study(indication, study['study_id'])} "
                         f"({text(words.in_text(design))})")
        if cited.retracted:
            parts.append("<strong>retracted</strong>")
        if entry and other_condition(entry.claim, cited):
            about = ", ".join(self.data.label("seed_indication", i) for i in row["indication"])
            parts.append(f"about {text(words.in_text(about))}")
        title = row["title"] or "title not known"
        shown = link(f"https://doi.org/{row['doi']}", title) if row["doi"] else text(title)
        return Html(f'{shown} <span class="lr-sub">'
                    f"{'; '.join(parts)}</span>")

    def _judged(self, entry: Entry) -> Html:
        label = verdict_label(self.data, entry.verdict)
        start = f'<span class="lr-verdict">{text(label)}</span>'
        if entry.judged is None:
            return Html(start)
        items = "".join(f"<li>{self._basis(entry.judged['basis_type'], basis, row)}</li>"
                        for basis, row in entry.bases)
        basis = f"<ul>{items}</ul>" if items else ""
        return Html(f"{start}: {text(self._reason(entry))}{basis}"
                    f'<span class="lr-sub">judged {text(entry.judged["date"])}</span>')

    def _reason(self, entry: Entry) -> str:
        """Why a verdict was given, with the names of what it speaks of."""
        return self._spoken(entry, entry.judged["reason"])

    def _spoken(self, entry: Entry, said: str | None) -> str:
        """A remark on a claim, with the names of the reviews and studies that it speaks of."""
        of = entry.claim["indication"]
        studies = [self.book.names[of]] if of in self.data.indications else []
        return spoken(said, self.names, *studies)

    def _basis(self, kind: str, basis: str, row) -> Html:
        """What a verdict rests on, as it is now."""
        if kind == "analysis":
            result = self.book.review.analysis(row["analysis_id"])
            figure = self.book.chapter_link(row["indication"], f"forest-{row['analysis_id']}",
                                            row["title"])
            certainty = (f" Certainty: {statement(result).certainty}."
                         if result["certainty"] else "")
            return Html(f"<span{mark(result)}>{figure}, now: "
                        f"{text(words.finding(self.data, result))}{certainty}</span>")
        if kind == "reference":
            shown = text(row["title"] or "title not known")
            of_kind = self.data.label("reference_kind", row["kind"])
            return Html(f"reference {text(row['ref_number'])}: {shown} "
                        f"({text(words.in_text(of_kind))})")
        design = self.data.label("design", row["design"]) or "design not stated"
        return Html(f"{self.book.study(basis.partition(':')[0], row['study_id'])} "
                    f"({text(words.in_text(design))})")

    # --- headline numbers ---------------------------------------------------------------------

    def number_counts(self) -> Html:
        """Headline numbers by what became of them, and seed review."""
        reviews = [r["review_id"] for r in self.data.records("reviews")]
        groups = {label: [h for h in self.numbers if h.status == status]
                  for status, label in _STATUS.items()}
        rows = [self._numbers_counted(label, reviews, found) for label, found in groups.items()]
        rows.append(self._numbers_counted("All numbers", reviews, self.numbers))
        return table("table-headline-counts", "Headline numbers by what the data say of them",
                     [Column("status", "Result"), Column("all", "All", True),
                      *(Column(r, name, True) for r, name in self.names.items())], rows,
                  interactive=False)

    @staticmethod
    def _numbers_counted(label: str, reviews: list[str], found: list[Headline]) -> dict:
        return {"status": label, "all": len(found), **{
            r: sum(h.row["review_id"] == r for h in found) for r in reviews}}

    def headline_numbers(self, review_id: str = "", indication: str = "") -> Html:
        """Stated numbers beside the recomputed ones, of all or of one seed review or indication."""
        found = headlines(self.data, review_id, indication)
        columns = [Column("number", "What is counted", place="page"),
                   Column("id", "statement_id", place="file"),
                   Column("what", "What is counted", place="file"),
                   Column("scope", "Of what", place="file"),
                   Column("stated", "Stated", True), Column("found", "Recomputed", True),
                   Column("result", "Result", place="page"),
                   Column("status", "Result", place="file", select=True),
                   Column("why", "By how much, or why", place="file"),
                   Column("rows", "Rows behind it", place="page"),
                   Column("review_id", "review_id", place="file"),
                   Column("review", "Seed review", place="file", select=not review_id),
                   Column("rule", "Rule", place="file"),
                   Column("lines", "Lines of the file", place="file")]
        return table(f"headline-numbers-{review_id or 'all'}", "Headline numbers, recomputed",
                     columns, [self._number_row(h, not review_id) for h in found],
                     "The review states no number of its evidence.", cards=True)

    def _number_row(self, headline: Headline, whole: bool) -> dict:
        row, why, status = headline.row, self._why(headline), _STATUS[headline.status]
        review = f", {seed_link(self.data, row['review_id'])}" if whole else ""
        name = f'<span id="number-{row["statement_id"]}">{text(row["statement_id"])}</span>'
        return {
            "number": Html(f'{text(row["what"])} <span class="lr-sub">of: {text(row["scope"])}'
                           f'</span> <span class="lr-sub">{name}{review}</span>'),
            "result": Html(f'<span class="lr-verdict">{text(status)}</span> '
                           f'<span class="lr-sub">{text(why)}</span>'),
            "id": row["statement_id"], "what": row["what"], "scope": row["scope"],
            "stated": f"{_grouped(row['value'] or '')} {row['unit'] or ''}",
            "found": ", ".join(_shown(v) for v in headline.found) or "none",
            "status": status, "why": why,
            "rows": self._rows(headline), "review_id": row["review_id"],
            "review": self.names[row["review_id"]],
            "rule": row["how_to_recompute"], "lines": "; ".join(map(str, headline.lines))}

    def _why(self, headline: Headline) -> str:
        """How far the numbers are apart, or why there is none, and how much the data know."""
        row, parts = headline.row, []
        if headline.status == NOT_RECOMPUTABLE:
            parts.append(self.data.label("headline_why_not", row["why_not"]))
        elif headline.status == NO_ROW:
            parts.append("no row of the data that the rule asks for holds a value")
        elif headline.status == DIFFERS and headline.difference is not None:
            size = abs(headline.difference)
            side = "higher" if headline.difference > 0 else "lower"
            parts.append(f"{_shown(size)} {side} than stated")
        if headline.known and headline.known[0] < headline.known[1]:
            parts.append(f"{headline.known[0]} of the {headline.known[1]} studies have a value")
        return "; ".join(parts)

    def _rows(self, headline: Headline) -> Html:
        """The rule, and the studies and lines that it counted."""
        row = headline.row
        parts = [f"<p><code>{text(row['how_to_recompute'])}</code></p>"]
        if headline.studies:
            shown = ", ".join(self.book.study(row["indication"], s) for s in headline.studies)
            parts.append(f"<p>Studies: {shown}.</p>")
        if headline.lines:
            folder = row["indication"] or "seed-reviews"
            # comparisons are derived: their rows are those of the arms with cells
            file = f"{'arms' if row['table'] == 'comparisons' else row['table']}.csv"
            lines = ", ".join(map(str, headline.lines))
            parts.append(f"<p>{link(f'../data/{folder}/{file}', file)}, lines {lines}.</p>")
        return details("Rule and rows", Html("".join(parts)))


def claim_summary(data: Dataset, entries: Iterable[Entry]) -> str:
    """How many claims have which verdict, in words; those not yet judged come first."""
    found = [e.verdict for e in entries]
    return "; ".join(f"{words.in_text(verdict_label(data, v))}: {found.count(v)}"
                     for v in verdicts(data) if v in found)


def _grouped(value: str) -> str:
    """A stated number with separators where it is a plain whole number."""
    return f"{int(value):,}" if value.isdigit() else value


def _shown(value: float) -> str:
    return number(value, shown_decimals(value))
