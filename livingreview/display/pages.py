"""The pages about the whole book: landing, data quality, codebook, methods."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping

from .. import __version__, doubts, tables, versions
from ..review.missing import size_of_trial
from ..review.searches import searches
from ..synthesis import clopper_pearson
from ..view.naming import arm_names, of_study, seed_names, spoken
from . import words
from .across import Book, evidence_map, quality
from .certainty import LEVELS
from .html import Column, Html, count, details, join, link, number, paragraph, table, text
from .statement import mark, statement


class Overview(Book):
    """All indications at once.

    Parameters
    ----------
    data : path, optional
        Another data folder.
    """

    # --- landing ------------------------------------------------------------------------------

    def version(self) -> Html:
        """Version and date of data and package; an empty changelog gives the data no date."""
        here, known = versions.here(), versions.published()
        last = (link(f"../releases/{here}.html", f"version {here}") if here
                else link(f"../releases/{known[-1]}.html", f"last released version: {known[-1]}")
                if known else "no version has been released yet")
        dated = [f"Data of {said}"] if (said := versions.said(self.data.version)) else []
        return Html('<p class="lr-version">' + " · ".join(
            [*dated, f"package {__version__}", last]) + "</p>")

    def searches(self) -> Html:
        """How many searches of its own the review rests on."""
        made = len(searches(self.data))
        flow = link("flow.html", "flow of studies")
        return paragraph(Html(
            f"Of our own, {made} {'search is' if made == 1 else 'searches are'} listed in the "
            f"{flow}." if made else f"No database search of our own has been made; the {flow} says "
            "where the studies come from."))

    def certainty(self) -> Html:
        """For how many indications there is an estimate of benefit, and how sure the best is."""
        found = {i: [LEVELS.index(r["certainty"]["level"])
                     for r in self.review.analyses(i, role="main") if r["pooled"]
                     and r["certainty"] and r["section"] != "harms" and not words.uncontrolled(r)]
                 for i in self.data.indications}
        known = {i: max(levels) for i, levels in found.items() if levels}
        if not known:
            return paragraph("No indication has a main estimate of benefit from trials with a "
                             "comparison.")
        best = max(known.values())
        where = "; ".join(words.in_text(self.label(i)) for i, level in known.items()
                          if level == best)
        said = (f"The certainty of each of them is {LEVELS[best]}." if len(set(known.values())) == 1
                else f"The highest certainty of any is {LEVELS[best]} ({where}).")
        return paragraph(f"{len(known)} of {len(found)} indications have a main estimate of "
                         f"benefit from trials with a comparison. {said}", "lr-lead")

    def findings(self) -> Html:
        """What the main analyses of every indication found, each with its certainty."""
        return Html('<ul class="lr-summary">'
                    + "".join(self._findings(i) for i in self.data.indications) + "</ul>")

    def _findings(self, indication: str) -> str:
        """The main finding on benefit and on serious harm, or that there is none."""
        controlled = [r for r in self.review.analyses(indication)
                      if r["role"] != "check" and not words.uncontrolled(r)]
        shown = [self._largest([r for r in controlled if (r["section"] == "harms") == harms])
                 for harms in (False, True)]
        items = "".join(self._finding(r) for r in shown if r)
        if not shown[0] or shown[0]["role"] != "main":
            items = f"<li>{self._no_benefit(controlled, any(shown))}</li>{items}"
        return f"<li>{self.chapter_link(indication)}<ul>{items}</ul></li>"

    def _no_benefit(self, controlled: list[dict], other: bool) -> str:
        """That no main analysis of benefit has an estimate, and what one would need."""
        main = next((r for r in controlled if r["role"] == "main" and r["section"] != "harms"),
                    None)
        said = "No main analysis of benefit has an estimate" if other else (
            "No estimate from controlled trials")
        why = words.no_pool(self.data, main) if main else "No main analysis is declared."
        return f"{said}. {text(why)}"

    @staticmethod
    def _largest(results: list[dict]) -> dict | None:
        """A main estimate before others, that of most trials, then of most participants.

        Never chosen by what it says.
        """
        return max((r for r in results if r["pooled"]), default=None,
                   key=lambda r: (r["role"] == "main", r["k"], r["n"]))

    def _finding(self, result: dict) -> str:
        figure = self.chapter_link(result["indication"], f"forest-{result['id']}", "Figure")
        plain, other = words.plain(self.data, result), (
            "" if result["role"] == "main" else "Of another comparison or window: ")
        return (f"<li{mark(result)}>{other}<strong>{text(plain)}</strong> "
                f"{text(words.finding(self.data, result))}{self._counts(result)} "
                f"Certainty: {statement(result).certainty}. {figure}</li>")

    @staticmethod
    def _counts(result: dict) -> str:
        """The patients behind the ratio of a single trial, which alone show how little it is."""
        if result["k"] != 1 or not words.ratio(result):
            return ""
        arms = [next(s for s in result["studies"] if s["weight"] is not None)[side]
                for side in ("cells", "comparator")]
        if any(not arm or not arm["events"] for arm in arms):  # of none the sentence says so
            return ""
        with_cells, without = (f"{number(arm['events'], 0)} of {number(arm['n'], 0)}"
                               for arm in arms)
        return (f" The counts are {with_cells} with {words.treated(result)} and {without} "
                "without.")

    def indications(self) -> Html:
        """Studies and participants of every indication; each trial counted once."""
        rows, found = [], evidence_map.cells(self)
        for s in quality.sizes(self):
            ev = self.evidence[s["indication"]]
            states = [c for (_, i), c in found.items() if i == s["indication"]]
            rows.append({
                "name": self.chapter_link(s["indication"]), "reports": s["reports"],
                "human": len(s["human"]),
                "n": count(sum(size_of_trial(ev, t) or 0 for t in s["human"])),
                "animal": s["animal"] or "none in the data", "used": s["used"],
                "outcomes": f"{sum(bool(c.pooled) for c in states)} of "
                            f"{sum(c.state != 'none' for c in states)}"})
        return table("table-indications", "Studies and participants by indication",
                     [Column("name", "Indication"), Column("reports", "Reports", True),
                      Column("human", "Trials in people", True),
                      Column("n", "Enrolled or planned", True),
                      Column("animal", "Animal experiments", True),
                      Column("used", "Trials in an analysis", True),
                      Column("outcomes", "Outcomes with an estimate", True)], rows,
                     interactive=False, cards=True)

    def map_in_short(self) -> Html:
        """How much of the evidence map holds an estimate."""
        return evidence_map.teaser(self)

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
