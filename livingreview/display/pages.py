"""The pages that look across indications: landing, data quality, codebook, methods."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from .. import __version__, tables
from ..dataset import load
from ..effects import Evidence
from ..review import Review, review
from ..synthesis import clopper_pearson
from . import words
from .chapter import study_names
from .html import Column, Html, count, join, link, number, paragraph, table, text

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"


def _chapter(indication: str) -> str | None:
    """Address of an indication's chapter from a page of the book; None where there is none."""
    written = (NOTEBOOKS / f"{indication}.md").is_file()
    return f"../notebooks/{indication}.html" if written else None


class Overview:
    """All indications at once.

    Parameters
    ----------
    data : path, optional
        Another data folder.
    """

    def __init__(self, data=None):
        self._folder = data

    @cached_property
    def data(self):
        """The data folder."""
        return load(self._folder or None)

    @cached_property
    def review(self) -> Review:
        """The results of all analyses, computed only where a page needs them."""
        return review(self.data)

    # --- landing ------------------------------------------------------------------------------

    def version(self) -> Html:
        """Version and date of data and package."""
        return paragraph(f"{self._state(' · ')} · no version has been released yet",
                         "lr-version")

    def _state(self, between: str) -> str:
        """Version of data and package; an empty changelog gives the data no date."""
        dated = [f"Data of {self.data.version}"] if self.data.version else []
        return between.join([*dated, f"package {__version__}"])

    def findings(self, indication: str, *analyses: str) -> Html:
        """A sentence per analysis, linked to its figure."""
        items, chapter = [], _chapter(indication)
        for analysis in analyses:
            result = self.review.analysis(analysis)
            figure = f" {link(f'{chapter}#forest-{analysis}', 'Figure')}" if chapter else ""
            sentence = words.finding(self.data, result)
            certainty = f" Certainty {result['certainty']['level']}." if result["pooled"] else ""
            items.append(f"<li>{text(sentence)}{certainty}{figure}</li>")
        return Html(f"<ul>{''.join(items)}</ul>")

    def indications(self) -> Html:
        """Studies and participants of every indication."""
        rows = []
        for indication in self.data.indications:
            ev = self.review.evidence[indication]
            main = [s for s in ev.studies.values() if not s["companion_of"]]
            human = [s for s in main if s["design"] != "animal-experiment"]
            pooled = {s["trial_id"] for r in self.review.analyses(indication)
                      for s in r["studies"]}
            name = self.data.label("indication", indication)
            chapter = _chapter(indication)
            rows.append({
                "name": link(chapter, name) if chapter else name,
                "studies": len(main), "human": len(human),
                "n": count(sum(s["n_enrolled"] or 0 for s in human)),
                "animal": len(main) - len(human),
                "pooled": len(pooled) if chapter else "chapter to come"})
        return table("table-indications", "Studies and participants by indication",
                     [Column("name", "Indication"), Column("studies", "Studies", True),
                      Column("human", "In humans", True),
                      Column("n", "Enrolled or planned", True),
                      Column("animal", "In animals", True),
                      Column("pooled", "Trials in an analysis", True)], rows, interactive=False)

    def citation(self) -> Html:
        """How to cite the current state, in plain text and BibTeX."""
        date = self.data.version
        title = "Mesenchymal stem cells in orthopaedics: a living systematic review"
        authors = "Contributors of the living review of mesenchymal stem cells in orthopaedics"
        state = self._state(", ")
        year = f"  year = {{{date[:4]}}},\n" if date else ""
        bibtex = (f"@misc{{{'-'.join(filter(None, ['livingreview', date]))},\n"
                  f"  title = {{{title}}},\n  author = {{{{{authors}}}}},\n{year}"
                  f"  note = {{{state}, not released}}\n}}")
        return Html(f"<p>{text(authors)}. {text(title)}. {text(state)}, not released.</p>"
                    f"<pre>{text(bibtex)}</pre>")

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
                     rows, interactive=False)

    @staticmethod
    def _exact(row) -> str:
        low, high = clopper_pearson(row["agreed"], row["checked"])
        return f"{number(100 * low, 1)} to {number(100 * high, 1)}%"

    def warnings(self) -> Html:
        """Every warning of the validation."""
        rows = [{"file": p.file, "row": p.row, "column": p.column, "value": p.value,
                 "wrong": p.wrong, "expected": p.expected, "rule": p.rule}
                for p in self.data.warnings]
        return join([
            paragraph(f"{len(rows)} warnings. A warning is a value that an editor should look "
                      "at; it may be right."),
            table("table-warnings", "Warnings of the data validation",
                  [Column("file", "File"), Column("row", "Row", True),
                   Column("column", "Column"), Column("value", "Value"),
                   Column("wrong", "What is odd"), Column("expected", "Expected"),
                   Column("rule", "Rule")], rows, "No warning.")])

    def completeness(self) -> Html:
        """Rows and usable values of the outcome tables."""
        rows = []
        for indication in self.data.indications:
            records = self.data.records("outcomes", indication)
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
                        for q in self.data.words("quality")], rows, interactive=False)

    def comparisons(self, indication: str) -> Html:
        """Every pair of arms with its class and the rule that decided."""
        ev = Evidence(self.data, indication)
        names = study_names(ev)
        rows = [{"study": names[c.study_id], "cell": c.cell_arm, "comparator": c.comparator_arm,
                 "kind": self.data.label("comparison_class", c.kind),
                 "background": "; ".join(self.data.label("cointervention", b)
                                         for b in c.background), "rule": c.rule}
                for c in ev.comparisons]
        return table(f"comparisons-{indication}",
                     f"Comparisons of arms: {self.data.label('indication', indication)}",
                     [Column("study", "Study"), Column("cell", "Cell arm"),
                      Column("comparator", "Compared with"), Column("kind", "Class"),
                      Column("background", "In both arms"), Column("rule", "Rule", True)], rows)

    def overlaps(self) -> Html:
        """Studies that share patients."""
        rows = [{"indication": self.data.label("indication", r["indication"]),
                 "studies": f"{r['study_id']} + {r['other_study_id']}",
                 "kind": self.data.label("overlap_kind", r["kind"]), "reason": r["reason"],
                 "action": self.data.label("overlap_action", r["action"])}
                for r in self.data.records("cohort_overlaps")]
        return table("table-overlaps", "Studies that share patients, surely or possibly",
                     [Column("indication", "Indication"), Column("studies", "Studies"),
                      Column("kind", "How sure"), Column("reason", "Why"),
                      Column("action", "What follows")], rows, interactive=False)

    def retractions(self) -> Html:
        """Studies that were retracted or are under concern."""
        rows = [{"study": s["study_id"], "indication": self.data.label("indication", i),
                 "status": self.data.label("status", s["status"]), "title": s["title"]}
                for i in self.data.indications for s in self.data.records("studies", i)
                if s["status"] in ("retracted", "expression-of-concern")]
        return table("table-retractions", "Retracted studies and studies under concern",
                     [Column("study", "Study"), Column("indication", "Indication"),
                      Column("status", "Status"), Column("title", "Title")], rows,
                     interactive=False)

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
