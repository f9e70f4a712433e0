"""The flow of studies from what is known to what is in an analysis, counted from the tables."""

from __future__ import annotations

from collections import Counter
from functools import cached_property

from ..data import versions
from ..effects import Evidence
from ..review.searches import Search, searches, together
from .across import Book, quality
from .html import Column, Html, count, details, join, link, paragraph, table, text

STEPS = {
    "known": "Studies known (a main report each)",
    "human": "of these in humans",
    "reported": "with a report of results",
    "usable": "with a number that some analysis of the book can use",
    "pooled": "in a pooled estimate",
}
NO_SEARCH = "no search made yet"


def _stated(n: int | None) -> str:
    return "not stated" if n is None else count(n)


class Flow(Book):
    """The flow of studies over all indications.

    Parameters
    ----------
    data : path, optional
        Another data folder.
    """

    @cached_property
    def studies(self) -> dict[str, dict[str, list[str]]]:
        """Main reports at each step, by indication."""
        return {i: self._of(ev) for i, ev in self.evidence.items()}

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

    @cached_property
    def left(self) -> dict[str, list[tuple[str, str, str, str]]]:
        """Studies that a step leaves behind: (indication, study, kind of reason, reason)."""
        out, steps = {}, list(STEPS)
        for before, step in zip(steps, steps[1:], strict=False):
            out[step] = [(i, s, *self._why(i, s, step)) for i, found in self.studies.items()
                         for s in found[before] if s not in found[step]]
        return out

    def _why(self, indication: str, study: str, step: str) -> tuple[str, str]:
        """Why a study is left behind at a step: the kind of reason, and the reason."""
        if step == "human":
            return "animals", "an animal experiment"
        if step == "reported":
            return "no results yet", "registered; no report of results is known"
        if step == "pooled":
            return "not pooled", ("alone in its analyses, or without a ratio: shown by itself")
        ev = self.evidence[indication]
        kind, why = quality.why_not(self, ev, study)
        if not kind and ev.studies[study]["status"] == "retracted":  # a check may hold it still
            return "retracted", "retracted"
        return (kind, why) if kind else ("check only", "only in an analysis that checks another")

    def _before(self) -> Html:
        """The version before these pages, which the flow starts from."""
        here = versions.here()
        before = versions.preceding(here)
        if not before:
            return link("versions.html", "Preceding version: " + (
                "none, this is the first" if here else "none has been published yet"))
        old = {(r["indication"], s["trial_id"])
               for r in versions.results(before)["analyses"].values() if r["role"] != "check"
               for s in r["studies"]}
        now = {(i, s) for i, found in self.studies.items() for s in found["usable"]}
        return Html(link(f"../releases/{before}.html", f"Preceding version: {before}, with "
                         f"{len(old)} trials in its analyses") + text(
            f"; since then {len(now - old)} more and {len(old - now)} fewer"))

    def _sources(self) -> Html:
        """What the studies were found in, other than searches."""
        reviews = {(i, r["review_id"]) for i in self.evidence
                   for r in self.data.records("published_syntheses", i)}
        registered = sum(s["status"] == "registered" for ev in self.evidence.values()
                         for s in ev.studies.values())
        return Html(
            f"Other sources: {len(self.data.records('reviews'))} seed reviews and their reference "
            f"lists, {link('../notebooks/what-others-concluded.html', 'published syntheses')} "
            f"({len(reviews)} with a result in the data), and registry entries ({registered} "
            f"trials known from a registry alone)")

    def diagram(self) -> Html:
        """The boxes of the flow, from searches to estimates, and what each step leaves behind."""
        reports = sum(len(ev.studies) for ev in self.evidence.values())
        state = f"These pages: data of {versions.said(self.data.version) or 'no date'}, " + (
            f"{reports} reports of {self._total('known')} studies")
        head = f"<li>{self._before()}</li>{self._searched()}" + "".join(
            f"<li>{box}</li>" for box in (self._sources(), text(state)))
        steps = "".join(self._box(step, words) for step, words in STEPS.items())
        lists = [Html(f'<div id="flow-list-{step}">' + details(
            f"{words}: {self._total(step)}", self._list(step)) + "</div>")
            for step, words in STEPS.items()]
        return join([Html(f'<ol class="lr-flow">{head}{steps}</ol>'), *lists,
                     Html(f'<div id="flow-list-left">{self._left_list()}</div>')])

    @cached_property
    def own(self) -> list[Search]:
        """Searches of our own."""
        return searches(self.data)

    def screening(self) -> Html:
        """What the boxes of searches and of screening say, or why there are none."""
        if not self.own:
            return paragraph("No search of our own has been made. Records found, screened and "
                             "excluded will have boxes of their own once there is one.")
        return paragraph("Records found, screened and excluded are those of our own searches; each "
                         "search is counted once, and its numbers stand under searches.")

    def _searched(self) -> str:
        """The boxes of our own searches: found, screened, excluded with the reasons."""
        if not self.own:
            return f"<li>{link('#searches', f'Searches of our own: {NO_SEARCH}')}</li>"
        found, screened = (together([getattr(s, name) for s in self.own])
                           for name in ("hits", "screened"))
        reasons = Counter()
        for search in self.own:
            reasons.update(search.excluded)
        kinds = "; ".join(f"{why}: {count(n)}" for why, n in reasons.most_common())
        excluded = (f"<strong>{count(sum(reasons.values()))}</strong> ({text(kinds)})" if reasons
                    else f"<strong>{_stated(None)}</strong>")
        said = "search" if len(self.own) == 1 else "searches"
        return (f"<li>{link('#searches', 'Searches of our own')}: "
                f"<strong>{_stated(found)}</strong> records found in {len(self.own)} {said}</li>"
                f"<li>{link('#searches', 'Records screened')}: <strong>{_stated(screened)}</strong>"
                f'</li><li class="lr-out">{link("#searches", "Records excluded")}: {excluded}</li>')

    def _box(self, step: str, words: str) -> str:
        """A step with its count, and how many the step before has more, by reason."""
        out = ""
        if left := self.left.get(step):
            kinds = "; ".join(f"{kind}: {n}" for kind, n in Counter(
                kind for _, _, kind, _ in left).most_common())
            out = (f'<li class="lr-out"><a href="#flow-list-left">Left out: '
                   f"<strong>{len(left)}</strong></a> ({text(kinds)})</li>")
        return (f'{out}<li id="flow-{step}"><a href="#flow-list-{step}">{text(words)}: '
                f"<strong>{self._total(step)}</strong></a></li>")

    def _left_list(self) -> Html:
        """Every study that a step leaves behind, with the reason."""
        rows = [{"step": STEPS[step], "indication": self.label(i), "study": self.study(i, s),
                 "kind": kind, "why": why}
                for step, found in self.left.items() for i, s, kind, why in found]
        return details(f"Left out, with the reason: {len(rows)}", table(
            "flow-left-studies", "Studies left out at a step, with the reason",
            [Column("step", "Not among those", select=True),
             Column("indication", "Indication", select=True), Column("study", "Study"),
             Column("kind", "Kind of reason", select=True), Column("why", "Why")], rows,
            "No study is left out.", cards=True))

    def _list(self, step: str) -> Html:
        """The studies of one step, each linked to its entry."""
        rows = [{"indication": self.label(i), "study": self.study(i, s)}
                for i, found in self.studies.items() for s in found[step]]
        return table(f"flow-{step}-studies", STEPS[step],
                     [Column("indication", "Indication", select=True), Column("study", "Study")],
                     rows)

    def by_indication(self) -> Html:
        """The steps of each indication."""
        rows = [{"indication": self.label(i), **{step: len(found[step]) for step in STEPS}}
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
        return table("flow-searches", "Searches, with a row for each reason of exclusion",
                     [Column("date", "Date"), Column("source", "Source"),
                      Column("query", "Query"), Column("hits", "Found", True),
                      Column("screened", "Screened", True), Column("excluded", "Excluded", True),
                      Column("reason", "Reason")], rows)
