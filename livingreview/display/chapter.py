"""The sections of an indication's chapter, each made from the data and the results."""

from __future__ import annotations

from functools import cached_property

from ..dataset import load
from ..effects import Evidence
from ..effects.comparisons import is_cell_arm
from ..review import Review, review
from ..review.asked import Asked
from ..review.certainty import judged_low
from ..review.claims import ledger
from ..review.missing import FINISHED_REPORTED, FINISHED_UNREPORTED, GROUPS
from . import figures, provenance, words
from .across import others
from .alone import forest_alone
from .bounds import event_bounds
from .combinations import combinations
from .conditions import by_condition
from .directions import albatross, direction_plot
from .dose import dose
from .findings import summary_of_findings
from .forest import forest
from .html import (
    Column,
    Html,
    count,
    details,
    interval,
    join,
    link,
    number,
    paragraph,
    table,
    text,
)
from .ledger import LEDGER, Ledger, claim_summary, seed_link, verdict_label
from .panels import panels
from .releases import since_last
from .routes import by_route
from .seeds_table import seed_reference, seed_studies, validation_studies
from .subgroups import subgroups

NOT_EXTRACTED = "not extracted"


class Chapter:
    """One indication, ready to be shown.

    Parameters
    ----------
    indication : str
        Folder of the indication.
    data : path, optional
        Another data folder.
    window, comparator : optional
        The end in months of a time window, and a word of `analysis_comparison`: summary, figures
        named one by one, dose, robustness and summary of findings then show the analyses of these
        in the place of the chapter's own. See `review.asked`.

    Examples
    --------
    >>> chapter = Chapter("knee-osteoarthritis")
    >>> chapter.study_table()  # doctest: +SKIP
    """

    def __init__(self, indication: str, data=None, window=None, comparator=None):
        self.indication = indication
        self._folder = data
        self._parameters = (window, comparator)
        self._drawn: set[str] = set()  # figures that are on the page
        self._named_one: set[str] = set()  # those that it names one by one

    @cached_property
    def review(self) -> Review:
        """The results of the indication's analyses."""
        return review(load(self._folder or None), only=[self.indication])

    @property
    def data(self):
        """The data folder."""
        return self.review.data

    @cached_property
    def evidence(self) -> Evidence:
        """Studies, arms and rows of the indication."""
        return self.review.evidence[self.indication]

    @cached_property
    def names(self) -> dict[str, str]:
        """Names of the studies."""
        return words.study_names(self.evidence.studies)

    def results(self, **having) -> list[dict]:
        """Results of the indication whose keys or question have these values."""
        question = {k: v for k, v in having.items() if k in ("target", "comparison", "measure")}
        rest = {k: v for k, v in having.items() if k not in question}
        return [r for r in self.review.analyses(self.indication, **rest)
                if all(r["question"][k] == v for k, v in question.items())]

    @cached_property
    def asked(self) -> Asked:
        """What the chapter is asked for in the place of its own questions."""
        return Asked.of(self.data, self.indication, *self._parameters)

    def _analysis(self, analysis: str) -> dict | None:
        """An analysis, or what asks the same as was asked for; None where there is nothing."""
        result = self.review.analysis(analysis)
        return self.asked.instead(result, self.results()) if self.asked else result

    def _none_asked(self, analysis: str) -> Html:
        """That nothing asks what was asked for."""
        return paragraph(f"{self.review.analysis(analysis)['title']}: no analysis asks the same "
                         f"with {self.asked.words()}.", "lr-empty")

    # --- summary and question -----------------------------------------------------------------

    def summary(self, *analyses: str) -> Html:
        """The findings of some analyses, a sentence each, with their certainty."""
        items = []
        results = {r["id"]: r for a in analyses if (r := self._analysis(a))}
        for analysis, result in results.items():
            sentence = words.finding(self.data, result)
            start = expanded = ""
            if result["pooled"]:
                start = (f"<strong>{text(words.plain(self.data, result))}</strong> "
                         f"Certainty: {result['certainty']['level']}. ")
                expanded = self._expanded(result) + self._implausible(result)
            items.append(f"<li>{start}{text(sentence)}{expanded} "
                         f"{link(f'#forest-{analysis}', 'Figure') if result['studies'] else ''}"
                         "</li>")
        listed = Html(f'<ul class="lr-summary">{"".join(items)}</ul>')
        return join([paragraph(f"Asked for: {self.asked.words()}. The summary, the figures named "
                               "one by one and the robustness show the analyses of this in the "
                               "place of the chapter's own; text around them speaks of the "
                               "chapter's own.", "lr-banner"), listed]) if self.asked else listed

    def unpooled(self, analysis: str, largest: int = 5) -> Html:
        """The largest finished trials of a comparison that are not in its pool.

        Parameters
        ----------
        analysis : str
        largest : int
            How many to name.
        """
        result = self._analysis(analysis)
        if result is None:
            return self._none_asked(analysis)
        trials = sorted(
            (t for t in result["not_in_pool"]["trials"] if t["counted"] and t["n"]
             and t["group"] in (FINISHED_REPORTED, FINISHED_UNREPORTED)),
            key=lambda t: -t["n"])
        # The participants that the share is of are those of the randomised trials alone.
        alone = words.uncontrolled(result)
        asked = [t for t in trials if alone or t["design"] == "rct"]
        rest = [t for t in trials if t not in asked]
        said = [f"{result['title']}: {words.in_text(words.share(result))}"]
        several = words.plural(words.noun(result)) if alone else "randomised trials"
        if asked:
            said.append(f"The largest finished {several} that are not in it, with what their "
                        f"report concludes: {self._named(asked[:largest])}.")
        elif not result["not_in_pool"]["unsized"]:
            said.append(f"No other finished {several} of this kind are known.")
        if rest:
            said.append("Not randomised, and therefore not in it either: "
                        f"{self._named(rest[:largest])}.")
        return paragraph(" ".join(said))

    def _named(self, trials: list[dict]) -> str:
        """Trials with their size and what their report concludes."""
        return "; ".join(f"{self.names[t['trial_id']]} ({count(t['n'])} enrolled: "
                         f"{self._direction(t)})" for t in trials)

    def _direction(self, trial: dict) -> str:
        """What the report of a trial concludes."""
        label = self.data.label("stated_result", trial["direction"])
        return words.in_text(label) if label else NOT_EXTRACTED

    def _expanded(self, result: dict) -> str:
        """The estimate from expanded cells only, where it is another one."""
        rows = [r for r in result["robustness"] if r["id"] == "expanded-only"]
        one = words.noun(result)
        kind = words.in_text(self.data.label("cell_class", "expanded"))
        if not rows:
            return f" All pooled {words.plural(one)} used {kind}." if all(
                s["cell_class"] == "expanded" for s in result["studies"]) else ""
        row, d = rows[0], words.decimals(result)
        if row.get("estimate") is None:
            return f" No {one} of {kind} is among them."
        return (f" {words.first_capital(kind)} only: {number(row['estimate'], d)} "
                f"({interval(row['ci_low'], row['ci_high'], d)}; {words.trials(row['k'], one)}).")

    def _implausible(self, result: dict) -> str:
        """The estimate without the trials whose effect is beyond two standard deviations."""
        rows = [r for r in result["robustness"] if r["id"] == "no-large-effect"]
        if rows and rows[0].get("estimate") is None:
            return (" The arms of every trial in it differ by more than two standard deviations, "
                    "which is hardly plausible: standard errors may have been printed as standard "
                    "deviations, and the interval may be far too narrow.")
        if not rows or result["k"] < 3:
            return ""
        row, d = rows[0], words.decimals(result)
        out = ", ".join(self.names[t] for t in row["left_out"])
        return (f" Without {text(out)}, whose effect is beyond two standard deviations: "
                f"{number(row['estimate'], d)} ({interval(row['ci_low'], row['ci_high'], d)}; "
                f"{words.trials(row['k'])}).")

    def size(self) -> Html:
        """How many studies and participants of which design are known."""
        rows = list(self.evidence.studies.values())
        main = [s for s in rows if not s["companion_of"]]
        designs = {}
        for study in main:
            designs.setdefault(study["design"], []).append(study)
        parts = []
        for design, group in sorted(designs.items(), key=lambda item: -len(item[1])):
            label = words.in_text(self.data.label("design", design)) if design else (
                "design not stated")
            stated = [s["n_enrolled"] for s in group if s["n_enrolled"] is not None]
            unsized = len(group) - len(stated)
            enrolled = ([f"{count(sum(stated))} enrolled"] if stated else []) + (
                [f"size of {unsized} not stated"] if unsized else [])
            parts.append(f"{label}: {len(group)} ({', '.join(enrolled)})")
        return paragraph(
            f"{len(rows)} reports of {len(main)} studies are in the data. By design — "
            f"{'; '.join(parts)}. Enrolled counts patients, other units or animals as the "
            "report does, planned numbers of running trials included.")

    def question(self) -> Html:
        """Comparisons that the studies of people allow, with their number."""
        rows = []
        for kind in self.data.words("comparison_class"):
            trials = ({self.evidence.trial_of(c.study_id) for c in self.evidence.comparisons
                       if c.kind == kind
                       and self.evidence.studies[c.study_id]["design"] != "animal-experiment"})
            rows.append({"kind": self.data.label("comparison_class", kind), "k": len(trials),
                         "trials": ", ".join(sorted(self.names[t] for t in trials)) or "none"})
        return table(f"{self.indication}-comparisons",
                     "Comparisons that the studies of people make",
                     [Column("kind", "Comparison"), Column("k", "Studies", True),
                      Column("trials", "Which")], rows, interactive=False)

    def changes(self) -> Html:
        """Dated changes of the data of this indication, latest first."""
        rows = sorted((r for folder in (self.indication, "*")
                       for r in self.data.having("changelog", "file", folder)),
                      key=lambda r: r["row"])
        shown = [{"date": r["date"], "study": self.names.get(r["study_id"], r["study_id"]),
                  "column": r["column"], "change": f"{r['old'] or 'empty'} → {r['new'] or 'empty'}",
                  "reason": r["reason"], "source": self._source(r["source_id"])}
                 for r in reversed(rows)]
        return join([
            since_last(self.data, self.indication,
                       {r["id"]: r for r in self.review.analyses(self.indication)}),
            paragraph(f"{len(rows)} changes of the data are logged for this chapter."),
            details("Changes of the data", table(
                f"{self.indication}-changes", "Changes of the data of this chapter",
                [Column("date", "Date"), Column("study", "Study"), Column("column", "Column"),
                 Column("change", "Change"), Column("reason", "Reason"),
                 Column("source", "Source")], shown))])

    def _source(self, source_id: str | None):
        source = self.evidence.sources.get(source_id or "")
        return provenance.source_link(source) if source else (source_id or "")

    # --- studies ------------------------------------------------------------------------------

    def _baseline(self, trial: str):
        """Baseline pain of the arms of a trial, as printed."""
        rows = provenance.baseline_rows(self.evidence, trial)
        if not rows:
            return NOT_EXTRACTED
        parts = []
        for row in rows:
            value = row["mean"] if row["mean"] is not None else row["median"]
            scale = "" if row["scale_max"] is None else f" of {row['scale_max']:g}"
            parts.append(f"{row['arm_id']} {value:g}{scale}")
        name = self.data.label("outcome", rows[0]["outcome"])
        return link(f"#study-{trial}", f"{name}: {', '.join(parts)}")

    def _cells_of(self, study_id: str) -> str:
        """Tissue, product and donor of a study's cell arms."""
        kinds = []
        for (study, _), arm in self.evidence.arms.items():
            if study == study_id and is_cell_arm(arm) and arm["cell_source"] != "none":
                parts = [self.data.label("cell_source", arm["cell_source"])
                         if arm["cell_source"] else f"{self.data.wording('source')} not stated",
                         words.in_text(self.data.label("cell_product", arm["cell_product"]))
                         if arm["cell_product"] else "product not stated",
                         words.in_text(self.data.label("donor", arm["donor"]) if arm["donor"]
                                       else f"{self.data.wording('donor')} not stated")]
                kinds.append(", ".join(parts))
        return "; ".join(dict.fromkeys(kinds)) or "not stated"

    def study_table(self) -> Html:
        """Every study of the indication; sorts, filters and downloads."""
        pooled = {s["trial_id"] for r in self.review.analyses(self.indication)
                  for s in r["studies"]}
        rows = []
        for study_id, study in self.evidence.studies.items():
            target = f"#study-{study_id}"
            kinds = {c.kind for c in self.evidence.comparisons if c.study_id == study_id}
            enrolled = study["n_enrolled"]
            parent = study["companion_of"]
            as_in = f"as in {self.names[parent]}" if parent and not kinds else ""
            rows.append({
                "name": link(target, self.names[study_id]), "country": "; ".join(study["country"]),
                "design": self.data.label("design", study["design"]) or "not stated",
                "blinding": self.data.label("blinding", study["blinding"]) or "not stated",
                "n": link(target, count(enrolled)) if enrolled is not None else "not stated",
                "cells": as_in or self._cells_of(study_id),
                "control": as_in or "; ".join(self.data.label("comparison_class", k)
                                              for k in sorted(kinds)) or "none",
                "months": link(target, count(study["followup_months"]))
                if study["followup_months"] is not None else "",
                "population": study["population"], "baseline": self._baseline(study_id),
                "funding": self.data.label("funding", study["funding"]) or NOT_EXTRACTED,
                "status": self.data.label("status", study["status"]) or "not stated",
                "pooled": "yes" if study_id in pooled else "no"})
        return table(
            f"{self.indication}-studies", "Studies, one row per report",
            [Column("name", "Study"), Column("country", "Country"), Column("design", "Design"),
             Column("blinding", "Blinding"), Column("n", "Enrolled", True),
             Column("cells", self.data.wording("product")), Column("control", "Compared with"),
             Column("months", "Follow-up (months)", True),
             Column("population", "Population"),
             Column("baseline", "Baseline pain"), Column("funding", "Funding"),
             Column("status", "Status"), Column("pooled", "In an analysis")], rows)

    # --- risk of bias -------------------------------------------------------------------------

    def risk_of_bias(self) -> Html:
        """Published judgements, and the signals that the data hold."""
        judged = [{"study": link(f"#study-{r['study_id']}", self.names[r["study_id"]]),
                   "tool": self.data.label("tool", r["tool"]), "domain": r["domain"],
                   "judgement": r["judgement"], "source": self._source(r["source_id"])}
                  for r in self.data.records("risk_of_bias", self.indication)]
        pooled = sorted({s["trial_id"] for r in self.review.analyses(self.indication)
                         for s in r["studies"]})
        # A grade of the design, such as a level of evidence, is no judgement of bias.
        with_judgement = {r["study_id"] for r in
                          self.data.records("risk_of_bias", self.indication)
                          if self.data.kind("tool", r["tool"]) != "design-grade"}
        none = [t for t in pooled if t not in with_judgement]
        return join([
            paragraph(f"Of {words.trials(len(pooled))} in the analyses, "
                      f"a judgement of a named review could be read for {len(pooled) - len(none)}. "
                      f"For the other {len(none)} none was found; for all of them the table below "
                      "holds mechanical signals, which are no judgements."),
            table(f"{self.indication}-signals", "Signals, not judgements: trials in the analyses",
                  [Column("study", "Trial"), Column("random", "Randomised"),
                   Column("blinding", "Blinding"), Column("registered", "Registration"),
                   Column("n", "Enrolled", True), Column("values", "Weakest value used"),
                   Column("judged", "Judged at low risk by a named review")],
                  [self._signals(t) for t in pooled]),
            details("Published judgements, by tool and domain", table(
                f"{self.indication}-judgements", "Risk of bias as published by named reviews",
                [Column("study", "Study"), Column("tool", "Tool"), Column("domain", "Domain"),
                 Column("judgement", "Judgement"), Column("source", "Source")], judged,
                "No published judgement was found for any study of this chapter."))])

    def _signals(self, trial: str) -> dict:
        study = self.evidence.studies[trial]
        used = {s["quality"] for r in self.review.analyses(self.indication)
                for s in r["studies"] if s["trial_id"] == trial and r["role"] != "check"}
        order = list(self.data.words("quality"))
        weakest = max(used, key=order.index) if used else None
        return {"study": link(f"#study-{trial}", self.names[trial]),
                "random": "yes" if study["design"] == "rct" else "no",
                "blinding": self.data.label("blinding", study["blinding"]) or "not stated",
                "registered": "; ".join(study["registration"]) or "none known",
                "n": link(f"#study-{trial}", count(study["n_enrolled"]) or "not stated"),
                "values": self.data.label("quality", weakest) or "only in a check",
                "judged": "yes" if judged_low(self.evidence, trial) else "no"}

    # --- effects ------------------------------------------------------------------------------

    def overview(self, **having) -> Html:
        """The estimates of several analyses in one table, each linked to its figure."""
        rows = []
        for r in self.results(**having):
            d, pooled = words.decimals(r), r["pooled"]
            title = link(f"#forest-{r['id']}", r["title"]) if r["studies"] else r["title"]
            rows.append({
                "title": title, "k": words.k_words(r) if r["k_without_ratio"] else r["k"],
                "n": number(r["n"], 0) if r["n"] else "not stated" if r["k"] else "",
                "estimate": words.glance(r) if pooled else "no pooled estimate",
                "prediction": interval((r["random_effects"] or pooled)["pi_low"],
                                       (r["random_effects"] or pooled)["pi_high"], d)
                if pooled else "",
                "certainty": r["certainty"]["level"] if r["certainty"] else "",
                "out": len(r["not_in_pool"]["trials"])})
        name = "-".join(str(v) for v in having.values()) or "all"
        alone = all(words.uncontrolled(r) for r in self.results(**having))
        several = "Studies" if rows and alone else "Trials"
        return table(f"{self.indication}-{name}-overview", "Estimates at a glance",
                     [Column("title", "Analysis"), Column("k", several, True),
                      Column("n", "Participants", True),
                      Column("estimate", "Estimate (95% CI)", True),
                      Column("prediction", "Prediction interval", True),
                      Column("certainty", "Certainty"),
                      Column("out", f"{several} not in it", True)], rows, interactive=False,
                     cards=True)

    def figure(self, analysis: str) -> Html:
        """One analysis: its forest plot, what it says, and the trials that are not in it."""
        own, result = self.review.analysis(analysis), self._analysis(analysis)
        self._named_one |= {r["id"] for r in (own, result) if r}
        if result is own:
            return self._figure(own)
        if result is None:
            first = self._none_asked(analysis)
        elif result["id"] in self._drawn:  # two questions of the chapter became one
            first = paragraph(Html(f"{link('#forest-' + result['id'], result['title'])}: "
                                   "see the figure above."))
        else:
            first = self._figure(result)
        return join([first, details(f"The chapter's own question: {own['title']}",
                                    self._figure(own))])

    def _figure(self, result: dict) -> Html:
        """A result as `figure` shows it."""
        self._drawn.add(result["id"])
        draw = forest_alone if words.uncontrolled(result) else forest
        parts = [draw(self.data, self.names, result)]
        if result["pooled"]:
            parts.append(paragraph(words.heterogeneity(result)))
        if result["role"] == "check":  # its trials are listed by hand: nothing is missing from it
            return join(parts)
        if result["pooled"]:
            parts.append(paragraph(
                f"Certainty: {result['certainty']['level']} (rule-based, not a panel's "
                f"judgement). {words.share(result)}"))
        elif result["studies"]:
            parts.append(paragraph(words.no_pool(self.data, result)))
        if result["note"]:
            parts.append(paragraph(f"{result['note']}."))
        if divided := subgroups(self.data, result):
            parts.append(details("Subgroups", divided))
        parts.append(self.not_in_pool(result))
        return join(parts)

    def not_in_pool(self, result: dict) -> Html:
        """The known trials of the comparison that are not in the pool, in groups."""
        groups = {**GROUPS, "without-events": "with a report, but no ratio"}
        rows = []
        for group, label in groups.items():
            for t in result["not_in_pool"]["trials"]:
                if t["group"] == group:
                    rows.append({
                        "trial": link(f"#study-{t['trial_id']}", self.names[t["trial_id"]]),
                        "group": label,
                        "n": count(t["n"]) if t["n"] is not None else "not stated",
                        "why": t["reason"], "direction": self._direction(t)})
        of = ("studies without a comparison" if words.uncontrolled(result)
              else "trials of this comparison")
        if not rows:
            return paragraph(f"No further {of} are known.")
        return details(f"{of.capitalize()} that are not in it ({len(rows)})", table(
            f"{result['id']}-left-out", f"Known {of} that are not in the pool",
            [Column("trial", words.noun(result).capitalize()), Column("group", "State"),
             Column("n", "n", True), Column("why", "Why"),
             Column("direction", "What its report concludes on benefit")], rows,
            interactive=False))

    def figures(self, **having) -> Html:
        """Several analyses, each in a part that opens; those without any trial are named last.

        Those that the page names one by one are not drawn again.
        """
        results = self.results(**having)
        with_studies = [r for r in results if r["studies"]]
        empty = [r for r in results if not r["studies"]]
        parts = [details(f"{r['title']} ({words.k_words(r)})", self._figure(r))
                 for r in with_studies if r["id"] not in self._named_one]
        if empty:
            items = "".join(f"<li>{text(words.no_pool(self.data, r))}"
                            f"{subgroups(self.data, r) or ''}</li>" for r in empty)
            parts.append(details(f"Analyses without a usable {words.noun(empty[0])} ({len(empty)})",
                                 Html(f"<ul>{items}</ul>")))
        return join(parts)

    def replica(self, check: str, main: str, published: str) -> Html:
        """A published pooled result, recomputed, and the rules that lead from it to ours."""
        from ..review.steps import steps

        ours, theirs = self.review.analysis(main), self.review.analysis(check)
        if ours["pooled"] is None or theirs["pooled"] is None:
            return paragraph("One of the two estimates cannot be computed from these data.",
                             "lr-empty")
        rows = [{"step": s["label"], "k": s["k"], "estimate": number(s["estimate"]),
                 "ci": interval(s["ci_low"], s["ci_high"]),
                 "trials": ", ".join(self.names[t] for t in s["trials"])}
                for s in steps(self.evidence, check, main)]
        pooled = theirs["pooled"]
        return join([
            paragraph(f"{theirs['title']}: {number(pooled['estimate'])} "
                      f"({interval(pooled['ci_low'], pooled['ci_high'])}) of "
                      f"{'100' if theirs['question']['rescaled_0_100'] else 'its scale'}, "
                      f"{words.trials(theirs['k'])}. {theirs['note']}. "
                      f"{self._printed(published)} Our main estimate is "
                      f"{number(ours['pooled']['estimate'])} "
                      f"({interval(ours['pooled']['ci_low'], ours['pooled']['ci_high'])}, "
                      f"{words.trials(ours['k'])})."),
            table(f"{check}-steps", "From the published estimate to ours, one rule at a time",
                  [Column("step", "Rule"), Column("k", "Trials", True),
                   Column("estimate", "Estimate", True), Column("ci", "95% CI", True),
                   Column("trials", "Trials in it")], rows, interactive=False),
            details("Figure of the published estimate, recomputed", self._figure(theirs))])

    def _printed(self, review_id: str) -> str:
        """What a published review prints, with its remark."""
        rows = [r for r in self.data.records("published_syntheses", self.indication)
                if r["review_id"] == review_id and r["estimate"] is not None]
        return " ".join(
            f"Its abstract prints {number(abs(r['estimate']))}"
            + ("" if r["scale_max"] is None else f" of {r['scale_max']:g}")
            + f" for {words.in_text(self.data.label('outcome', r['outcome']))}, in favour of "
            f"{words.in_text(self.data.label('favours', r['favours']))}." for r in rows)

    def combinations(self) -> Html:
        """Cells with an operation or another injection: which trial tells what each adds."""
        return combinations(self.evidence, self.names, self.results(),
                            lambda t: link(f"#study-{t}", self.names[t]))

    # --- dose and time ------------------------------------------------------------------------

    def dose(self, analysis: str) -> Html:
        """Effects against the number of cells."""
        result = self._analysis(analysis)
        if result is None:
            return self._none_asked(analysis)
        sources = {s["trial_id"]: self._tissue(s) for s in result["studies"]}
        return dose(self.data, self.names, result, sources)

    def _tissue(self, study: dict) -> str:
        """Tissue of a trial's first cell arm; empty where it is not known."""
        arms = study["cells"]["arms"] if study["cells"] else ()
        return next((self.evidence.arms[study["study_id"], a]["cell_source"] or ""
                     for a in arms), "")

    def subgroups(self, analysis: str) -> Html:
        """The divisions of a pool's trials, in a table."""
        result = self._analysis(analysis)
        if result is None:
            return self._none_asked(analysis)
        return subgroups(self.data, result, "divided") or paragraph(
            f"{result['title']}: no trial to divide.", "lr-empty")

    def time_course(self, target: str, comparison: str) -> Html:
        """Estimates of one comparison over the time windows."""
        comparison = self.asked.comparator or comparison
        results = self.results(target=target, comparison=comparison, section="effects")
        if not results:
            return paragraph("No analysis of this comparison is declared.", "lr-empty")
        name = words.outcome_name(self.data, results[0])
        drawn = figures.time_course(
            self.data, results, f"time-{self.indication}-{target}-{comparison}",
            f"{name} over time, {words.treated(results[0])} against "
            f"{words.comparator(self.data, results[0])}")
        return drawn or paragraph("No window has an estimate.", "lr-empty")

    # --- robustness ---------------------------------------------------------------------------

    def robustness(self, analysis: str) -> Html:
        """Every combination of choices, one choice at a time, and small-study effects."""
        result = self._analysis(analysis)
        if result is None:
            return self._none_asked(analysis)
        if result["pooled"] is None:
            return paragraph(words.no_pool(self.data, result), "lr-empty")
        test = result["small_study"]
        parts = [figures.specification_curve(result) or "",
                 figures.one_at_a_time(self.names, result)]
        siblings = [r for r in self.results(target=result["question"]["target"],
                                            measure=result["question"]["measure"])
                    if r["id"] != result["id"] and r["role"] != "check"]
        others = figures.other_questions(result, siblings)
        if others:
            parts.append(details("Other questions", others))
        if test["done"]:
            parts.append(figures.funnel(self.names, result))
        elif not words.uncontrolled(result):
            parts.append(paragraph(f"Small-study effects were not tested: {test['reason']}."))
        return join(parts)

    # --- summary of findings ------------------------------------------------------------------

    def summary_of_findings(self, *analyses: str) -> Html:
        """Outcomes with relative and absolute effects and the trace of their certainty."""
        found = {r["id"]: r for a in analyses if (r := self._analysis(a))}
        return summary_of_findings(self.data, list(found.values()))

    # --- others and seeds ---------------------------------------------------------------------

    def others(self) -> Html:
        """Pooled results of others, beside which ours are read."""
        return others.published(self.review, self.indication,
                                lambda analysis, label: link(f"#forest-{analysis}", label))

    def ours_beside(self) -> Html:
        """Our estimates of pain and function, to read beside the published ones."""
        rows = [r for r in self.results(section="effects") if r["pooled"] and r["k"] > 1]
        return table(
            f"{self.indication}-ours", "Our pooled estimates of two trials or more",
            [Column("title", "Analysis"), Column("k", "Trials", True),
             Column("estimate", "Estimate (95% CI)", True)],
            [{"title": link(f"#forest-{r['id']}", r["title"]), "k": r["k"],
              "estimate": words.glance(r)} for r in rows],
            "No analysis has two trials with an estimate.", interactive=False)

    def claims(self) -> Html:
        """What the seed reviews claim about this indication, with the verdicts."""
        entries = ledger(self.data, "indication", self.indication)
        rows = [{
            "id": link(f"{LEDGER}#claim-{e.claim['claim_id']}", e.claim["claim_id"]),
            "review": seed_link(e.claim["review_id"]),
            "kind": self.data.label("claim_kind", e.claim["kind"]), "en": e.claim["claim_en"],
            "zh": Html(f'<span lang="zh">{text(e.claim["claim_zh"])}</span>'),
            "refs": ", ".join(e.claim["cited_refs"]) or "none", "rests": e.rests_on,
            "verdict": verdict_label(self.data, e.verdict),
            "reason": e.judged and e.judged["reason"]} for e in entries]
        return join([
            paragraph(Html(
                f"{len(rows)} claims of the seed reviews are about this indication. "
                f"{text(claim_summary(self.data, entries))}. Each with its basis is in the "
                f"{link(LEDGER, 'claims ledger')}.")),
            details("The claims", table(
                f"{self.indication}-claims", "Claims of the seed reviews",
                [Column("id", "Claim"), Column("review", "Seed review"),
                 Column("kind", "Kind", select=True), Column("en", "What it says"),
                 Column("zh", "In Chinese"), Column("refs", "References cited"),
                 Column("rests", "Cites"), Column("verdict", "Verdict", select=True),
                 Column("reason", "Reason")], rows, cards=True))])

    # --- gaps ---------------------------------------------------------------------------------

    def gaps(self) -> Html:
        """Analyses without an estimate, and trials that are running or never reported."""
        empty = [r for r in self.results() if r["pooled"] is None and r["role"] != "check"]
        items = "".join(f"<li>{text(r['title'])}</li>" for r in empty)
        return join([
            paragraph(f"{len(empty)} of {len(self.results())} analyses of this chapter have no "
                      "pooled estimate."),
            details("Analyses without an estimate", Html(f"<ul>{items}</ul>"))])

    def running(self) -> Html:
        """Registered trials that are running, unreported, stopped or of unknown progress."""
        rows = []
        for study_id, s in self.evidence.studies.items():
            if s["progress"] or s["status"] == "registered":
                kinds = {c.kind for c in self.evidence.comparisons if c.study_id == study_id}
                rows.append({
                    "study": link(f"#study-{study_id}", self.names[study_id]),
                    "registration": "; ".join(s["registration"]) or "none known",
                    "progress": self.data.label("progress", s["progress"]) or "not stated",
                    "n": count(s["n_enrolled"]) if s["n_enrolled"] is not None else "not stated",
                    "against": "; ".join(self.data.label("comparison_class", k)
                                         for k in sorted(kinds)) or "none",
                    "cells": self._cells_of(study_id)})
        return table(
            f"{self.indication}-running",
            "Trials without results here: running, finished, stopped or of unknown progress",
            [Column("study", "Study"), Column("registration", "Registration"),
             Column("progress", "Progress"), Column("n", "n", True),
             Column("against", "Compared with"),
             Column("cells", self.data.wording("product"))], rows,
            "No such trial is known.")

    # --- data and references ------------------------------------------------------------------

    def shares(self, source_id: str) -> Html:
        """How many outcome rows come from one source."""
        rows = self.data.records("outcomes", self.indication)
        some = sum(r["source_id"] == source_id for r in rows)
        source = self.evidence.sources[source_id]
        return paragraph(Html(
            f"{some} of the {len(rows)} outcome rows of this chapter were read in "
            f"{provenance.source_link(source)}, which is named at each value taken from it."))

    def values(self) -> Html:
        """Where each number of the figures comes from."""
        return provenance.values(self.review, self.indication, self.names)

    def pools(self) -> Html:
        """How each pooled estimate was made."""
        return provenance.pools(self.review, self.indication, self.names)

    def study_entries(self) -> Html:
        """Where each row of the study table comes from."""
        return provenance.studies(self.data, self.evidence, self.names)

    def citations(self):
        """The reports behind the analyses, as citations of the bibliography."""
        from IPython.display import Markdown

        pooled = {s["study_id"] for r in self.review.analyses(self.indication)
                  for s in r["studies"]}
        from ..publish.bibliography import citable

        keys = sorted(s for s in pooled if citable(self.evidence.studies[s]))
        if not keys:
            return Markdown("No report is behind an analysis yet.")
        return Markdown("Reports behind the analyses: "
                        + ", ".join(f"{{cite:t}}`{key}`" for key in keys) + ".")

    def downloads(self) -> Html:
        """The tables of the chapter as files."""
        names = [t for t in ("studies", "arms", "outcomes", "contrasts", "adverse_events",
                             "risk_of_bias", "published_syntheses", "sources")]
        links = ", ".join(link(f"../data/{self.indication}/{n}.csv", f"{n}.csv") for n in names)
        return Html(f'<p>Tables of this chapter: {links}. All results: '
                    f'{link("../results.json", "results.json")}.</p>')

    # --- where trials cannot be pooled --------------------------------------------------------

    def directions(self) -> Html:
        """Which way every controlled study points, by family of outcomes, with the votes."""
        return direction_plot(self.evidence, self.names)

    def albatross(self, family: str) -> Html:
        """P-values of the controlled trials of a family of outcomes by direction and size."""
        return albatross(self.evidence, self.names, family)

    def panels(self, outcome: str) -> Html:
        """Every study of an outcome from baseline to its last visit, and what it lacks."""
        return panels(self.evidence, self.names, outcome)

    def event_bounds(self) -> Html:
        """Patients with each adverse event in all arms that got cells, with exact bounds."""
        return event_bounds(self.evidence, self.names)

    # --- what the seed reviews rest on --------------------------------------------------------

    def seed_studies(self, review_id: str) -> Html:
        """The studies of people that a seed review cites, and the numbers that it makes of them."""
        return join([seed_studies(self.review, self.evidence, self.names, review_id),
                     Ledger(self._folder).headline_numbers(review_id, self.indication)])

    def seed_reference(self, review_id: str, ref_number: str) -> Html:
        """What one reference of a seed review supports, beside our estimates."""
        return seed_reference(self.review, self.evidence, review_id, ref_number)

    def validation_studies(self, review_id: str) -> Html:
        """The studies that a seed review tabulates, with what each of them is."""
        return validation_studies(self.evidence, self.names, review_id)

    def by_condition(self, *analyses: str) -> Html:
        """Each trial of some analyses, by the stage or form of the disease at entry."""
        return by_condition(self.review, self.evidence, self.names, analyses)

    def by_route(self, *analyses: str) -> Html:
        """Studies of people by the route of their cells, with their results in some analyses."""
        return by_route(self.review, self.evidence, self.names, analyses)
