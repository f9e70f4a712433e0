"""The flow of studies from what is known to what is in an analysis, counted from the tables."""

from __future__ import annotations

from functools import cached_property

from ..dataset import load
from ..effects import Evidence
from ..review import review, versions
from .html import Column, Html, count, details, join, link, paragraph, table, text
from .words import study_names

STEPS = {
    "known": "Studies known (a main report each)",
    "human": "of these in humans",
    "reported": "with a report of results",
    "usable": "with a number that some analysis of the book can use",
    "pooled": "in a pooled estimate",
}
NO_SEARCH = "no search made yet"


class Flow:
    """The flow of studies over all indications.

    Parameters
    ----------
    data : path, optional
        Another data folder.
    """

    def __init__(self, data=None):
        self._folder = data

    @cached_property
    def review(self):
        """The results of all analyses."""
        return review(load(self._folder or None))

    @property
    def data(self):
        """The data folder."""
        return self.review.data

    @cached_property
    def studies(self) -> dict[str, dict[str, list[str]]]:
        """Main reports at each step, by indication."""
        return {i: self._of(self.review.evidence[i]) for i in self.data.indications}

    def _of(self, ev: Evidence) -> dict[str, list[str]]:
        """Main reports of one indication at each step; each step is a part of the one before."""
        results = [r for r in self.review.analyses(ev.indication) if r["role"] != "check"]
        usable = {s["trial_id"] for r in results for s in r["studies"]}
        pooled = {s["trial_id"] for r in results if r["pooled"] and r["k"] > 1
                  for s in r["studies"] if s["weight"] is not None}
        known = [s for s, row in ev.studies.items() if not row["companion_of"]]
        human = [s for s in known if ev.studies[s]["design"] != "animal-experiment"]
        reported = [s for s in human if ev.studies[s]["status"] != "registered"]
        return {"known": known, "human": human, "reported": reported,
                "usable": [s for s in reported if s in usable],
                "pooled": [s for s in reported if s in usable and s in pooled]}

    def _total(self, step: str) -> int:
        return sum(len(found[step]) for found in self.studies.values())

    def _before(self) -> str:
        """The last published version, which the flow starts from."""
        known = versions.published()
        if not known:
            return "Preceding version: none has been published yet"
        trials = {(r["indication"], s["trial_id"])
                  for r in versions.results(known[-1])["analyses"].values()
                  for s in r["studies"]}
        return f"Preceding version: {known[-1]}, with {len(trials)} trials in its analyses"

    def diagram(self) -> Html:
        """The boxes of the flow, from searches to estimates."""
        searches = self.data.records("flow")
        hits = sum(r["hits"] or 0 for r in searches)
        found = f"{count(hits)} records found by searches" if searches else (
            f"Searches of our own: {NO_SEARCH}")
        other = ("Other sources: the seed reviews, their reference lists, the trials of named "
                 "systematic reviews, and registry entries")
        steps = "".join(
            f'<li id="flow-{step}"><a href="#flow-list-{step}">{text(words)}: '
            f"<strong>{self._total(step)}</strong></a></li>" for step, words in STEPS.items())
        lists = (Html(f'<div id="flow-list-{step}">' + details(
            f"{words}: {self._total(step)}", self._list(step)) + "</div>")
            for step, words in STEPS.items())
        return join([
            Html(f'<ol class="lr-flow"><li>{text(self._before())}</li>'
                 f"<li>{text(found)}</li><li>{text(other)}</li>{steps}</ol>"), *lists])

    def _list(self, step: str) -> Html:
        """The studies of one step, each linked to its entry."""
        rows = []
        for indication, found in self.studies.items():
            names = study_names(self.review.evidence[indication])
            rows += [{"indication": self.data.label("indication", indication),
                      "study": link(f"../notebooks/{indication}.html#study-{s}", names[s])}
                     for s in found[step]]
        return table(f"flow-{step}-studies", STEPS[step],
                     [Column("indication", "Indication"), Column("study", "Study")], rows)

    def by_indication(self) -> Html:
        """The steps of each indication."""
        rows = [{"indication": self.data.label("indication", i),
                 **{step: len(found[step]) for step in STEPS}}
                for i, found in self.studies.items()]
        return table("flow-indications", "Studies at each step, by indication",
                     [Column("indication", "Indication"),
                      *(Column(step, words, True) for step, words in STEPS.items())], rows,
                     interactive=False)

    def searches(self) -> Html:
        """Searches of our own, with what they found and why records were excluded."""
        rows = [dict(r) for r in self.data.records("flow")]
        if not rows:
            return paragraph(f"Searches of our own: {NO_SEARCH}. One row per search belongs in "
                             "the table flow.csv.")
        return table("flow-searches", "Searches",
                     [Column("date", "Date"), Column("source", "Source"),
                      Column("query", "Query"), Column("hits", "Found", True),
                      Column("screened", "Screened", True), Column("excluded", "Excluded", True),
                      Column("reason", "Reason")], rows)
