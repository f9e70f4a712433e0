"""The pages about the whole book: data quality, codebook, methods."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping

from ..data import doubts, tables
from ..synthesis import clopper_pearson
from ..view.naming import arm_names, of_study, seed_names, spoken
from . import words
from .across import Book, quality
from .html import Column, Html, details, join, number, paragraph, table, text


class Overview(Book):
    """All indications at once.

    Parameters
    ----------
    data : path, optional
        Another data folder.
    """

    # --- data quality -------------------------------------------------------------------------

    def double_extraction(self) -> Html:
        """How often two independent extractions agree."""
        rows = [r for i in self.data.indications for r in
                self.data.records("double_extraction", i)]
        equal = sum(r["first"] == r["second"] for r in rows)
        if not rows:
            return paragraph("No value was extracted twice.")
        low, high = clopper_pearson(equal, len(rows))
        return paragraph(f"{len(rows)} values were read by two independent extractions; {equal} "
                         f"agree ({number(100 * equal / len(rows), 1)}%, exact 95% interval "
                         f"{number(100 * low, 1)} to {number(100 * high, 1)}%).")

    def audit(self) -> Html:
        """The sample that was looked up again, as the table of audits states it."""
        rows = [{"what": r["what"], "checked": r["checked"], "agreed": r["agreed"],
                 "note": r["note"], "interval": self._exact(r)}
                for r in self.data.records("audits")]
        return table("table-audits", "Values looked up again in their sources",
                     [Column("what", "What was looked up"), Column("checked", "Checked", True),
                      Column("agreed", "Agreed", True),
                      Column("interval", "Exact 95% interval", True), Column("note", "Remark")],
                     rows, interactive=False, cards=True)

    @staticmethod
    def _exact(row) -> str:
        low, high = clopper_pearson(row["agreed"], row["checked"])
        return f"{number(100 * low, 1)} to {number(100 * high, 1)}%"

    def warnings(self) -> Html:
        """Every warning of the validation."""
        known = ChainMap(*(self.names[i] for i in self.data.indications))
        rows = [{"file": p.file, "row": p.row, "column": p.column,
                 "value": Html(f"<code>{text(p.value)}</code>") if p.value else "",
                 "wrong": self._spoken(p.file, p.wrong, known),
                 "expected": self._spoken(p.file, p.expected, known), "rule": p.rule}
                for p in self.data.warnings]
        return join([
            paragraph(f"{len(rows)} warnings. A warning is a value that an editor should look "
                      "at; it may be right."),
            table("table-warnings", "Warnings of the data validation",
                  [Column("file", "File"), Column("row", "Row", True),
                   Column("column", "Column"), Column("value", "Value"),
                   Column("wrong", "What is odd"), Column("expected", "Expected"),
                   Column("rule", "Rule")], rows, "No warning.")])

    def _spoken(self, file: str, said: str, known: Mapping[str, str]) -> str:
        """What a warning says, with the names of studies: those of its own folder first."""
        folder = file.partition("/")[0]
        own = self.names[folder] if folder in self.data.indications else {}
        return spoken(said, own, known)

    def doubts(self) -> Html:
        """Values that look doubtful, with what was decided of each."""
        arms = {i: arm_names(self.data, i) for i in self.data.indications}
        rows = [{"indication": self.label(i), "study": self.study(i, d["study_id"]),
                 "what": spoken("; ".join(doubts.places(self.data, d)),
                                of_study(arms[i], d["study_id"])),
                 "rule": words.first_capital(self.data.label("doubt_rule", d["rule"])),
                 "finding": d["finding"], "reason": d["reason"], "date": d["date"],
                 "decision": self.data.label("doubt_decision", d["decision"])}
                for i in self.data.indications for d in doubts.settlements(self.data, i)]
        kept = sum(d["decision"] == "kept" for i in self.data.indications
                   for d in doubts.settlements(self.data, i))
        return join([
            paragraph(f"{len(rows)} decisions: {len(rows) - kept} on values that stay out of the "
                      f"main analyses, {kept} on values that stay in. What a rule finds and nobody "
                      "has decided on is among the warnings below."),
            table("table-doubts", "Values that look doubtful, and what was decided",
                  [Column("study", "Study"), Column("indication", "Indication", select=True),
                   Column("what", "Value"), Column("rule", "Why it looks doubtful", select=True),
                   Column("finding", "Found"), Column("decision", "Decision", select=True),
                   Column("reason", "Reason"), Column("date", "Date")], rows,
                  "No decision.", cards=True)])

    def completeness(self) -> Html:
        """Rows and usable values of the outcome tables."""
        rows = []
        for indication in self.data.indications:
            records = self.data.values("outcomes", indication)
            numbers = [r for r in records if r["mean"] is not None or r["median"] is not None]
            qualities = [r["quality"] or "as-reported" for r in numbers]
            rows.append({
                "name": self.data.label("indication", indication), "rows": len(records),
                "means": len(numbers),
                "spread": sum(any(r[c] is not None for c in ("sd", "se", "ci_low", "q1"))
                              for r in numbers),
                "n": sum(r["n"] is not None for r in numbers),
                "scale": sum(r["scale_max"] is not None for r in numbers),
                **{q: qualities.count(q) for q in self.data.words("quality")}})
        return table("table-completeness", "Outcome rows and what they hold",
                     [Column("name", "Indication"), Column("rows", "Rows", True),
                      Column("means", "With mean or median", True),
                      Column("spread", "of these: spread", True), Column("n", "n", True),
                      Column("scale", "scale", True)]
                     + [Column(q, self.data.label("quality", q), True)
                        for q in self.data.words("quality")], rows, interactive=False,
                     cards=True)

    def comparisons(self, indication: str) -> Html:
        """Every pair of arms with its class and the rule that decided."""
        ev = self.evidence[indication]
        arms = self.arms[indication]
        rows = [{"study": self.names[indication][c.study_id],
                 "cell": arms[c.study_id, c.cell_arm],
                 "comparator": arms[c.study_id, c.comparator_arm],
                 "kind": self.data.label("comparison_class", c.kind),
                 "background": "; ".join(self.data.label("cointervention", b)
                                         for b in c.background), "rule": c.rule}
                for c in ev.comparisons]
        return table(f"comparisons-{indication}",
                     f"Comparisons of arms: {self.data.label('indication', indication)}",
                     [Column("study", "Study"), Column("cell", "Treated arm"),
                      Column("comparator", "Compared with"), Column("kind", "Class"),
                      Column("background", "In both arms"), Column("rule", "Rule", True)], rows)

    def all_comparisons(self) -> Html:
        """The comparisons of every indication, each in a part that opens."""
        return join([details(f"{self.label(i)} ({len(self.evidence[i].comparisons)})",
                             self.comparisons(i)) for i in self.data.indications])

    def overlaps(self) -> Html:
        """Studies that share patients."""
        rows = [{"indication": self.data.label("indication", r["indication"]),
                 "studies": " + ".join(self.names[r["indication"]][r[key]]
                                       for key in ("study_id", "other_study_id")),
                 "kind": self.data.label("overlap_kind", r["kind"]),
                 "reason": spoken(r["reason"], self.names[r["indication"]]),
                 "action": self.data.label("overlap_action", r["action"])}
                for r in self.data.records("cohort_overlaps")]
        return table("table-overlaps", "Studies that share patients, surely or possibly",
                     [Column("indication", "Indication"), Column("studies", "Studies"),
                      Column("kind", "How sure"), Column("reason", "Why"),
                      Column("action", "What follows")], rows, interactive=False, cards=True)

    def _cited(self, reference: str) -> str:
        """A number in the list of a seed review, by the name of the review."""
        review, _, number_ = reference.partition(":")
        return f"{seed_names(self.data).get(review, review)}, reference {number_}"

    def retractions(self) -> Html:
        """Studies that were retracted or are under concern, and where they still stand."""
        rows = [{"study": self.study(i, s["study_id"]), "indication": self.label(i),
                 "status": self.data.label("status", s["status"]), "title": s["title"],
                 "cited": "; ".join(self._cited(c) for c in s["cited_by"]) or "none",
                 "used": "yes" if s["study_id"] in quality.analysed(self, i) else "no"}
                for i in self.data.indications for s in self.data.records("studies", i)
                if s["status"] in ("retracted", "expression-of-concern")]
        return table("table-retractions", "Retracted studies and studies under concern",
                     [Column("study", "Study"), Column("indication", "Indication"),
                      Column("status", "Status"), Column("title", "Title"),
                      Column("cited", "Cited by a seed review as"),
                      Column("used", "In a main analysis")], rows, interactive=False, cards=True)

    def unused(self) -> Html:
        """Studies in no analysis, and why."""
        return quality.unused(self)

    def completeness_by_outcome(self) -> Html:
        """What the outcome rows hold, by outcome."""
        return quality.by_outcome(self)

    def completeness_by_study(self) -> Html:
        """What the rows of each study hold."""
        return quality.by_study(self)

    def derived(self) -> Html:
        """Steps from printed to analysed values, by kind."""
        return quality.derived(self)

    # --- codebook and methods -----------------------------------------------------------------

    def codebook(self) -> Html:
        """Every column of every table."""
        rows = tables.codebook()
        return table("table-columns", "Columns of all tables",
                     [Column("column", "Column"), Column("table", "Table"),
                      Column("type", "Type"), Column("required", "Required"),
                      Column("key", "Key"), Column("unit", "Unit"),
                      Column("vocabulary", "Vocabulary"), Column("description", "Meaning")], rows)

    def vocabularies(self) -> Html:
        """Every allowed word."""
        rows = [{"value": r["value"], "list": r["list"], "kind": r["kind"], "en": r["label_en"],
                 "zh": Html(f'<span lang="zh">{text(r["label_zh"])}</span>')}
                for r in self.data.records("vocabularies")]
        return table("table-words", "Allowed words",
                     [Column("value", "Word"), Column("list", "List"), Column("kind", "Counts as"),
                      Column("en", "English"), Column("zh", "Chinese")], rows)

    def certainty_rules(self) -> Html:
        """The rules of certainty."""
        rows = [{"domain": self.data.label("certainty_domain", r["domain"]), "rule": r["rule"],
                 "threshold": "" if r["threshold"] is None else f"{r['threshold']:g} {r['unit']}",
                 "levels": r["levels"]} for r in self.data.records("certainty_rules")]
        return table("table-certainty-rules", "Rules of certainty",
                     [Column("domain", "Domain"), Column("rule", "Rule"),
                      Column("threshold", "Threshold"), Column("levels", "Levels", True)], rows,
                     interactive=False)
