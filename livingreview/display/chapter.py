"""The parts of an indication's chapter that are no views yet."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property

from ..data.dataset import load
from ..effects import Evidence
from ..review import Review, review
from ..review.asked import Asked
from ..view.naming import study_names
from . import (
    bias,
    changelog,
    figures,
    gaps,
    references,
    robustness,
    studies,
    words,
)
from .dose import dose
from .html import Html, link, paragraph, text
from .subgroups import subgroups

_ID = re.compile(r'\sid="([^"]+)"')


class Chapter:
    """One indication, ready to be shown.

    Parameters
    ----------
    indication : str
        Folder of the indication.
    data : path, optional
        Another data folder.
    window, comparator : optional
        The end in months of a time window, and a word of `analysis_comparison`: the answer, dose,
        time, subgroups and robustness then show the analyses of these in the place of the
        chapter's own. See `review.asked`.

    Examples
    --------
    >>> chapter = Chapter("knee-osteoarthritis")
    >>> chapter.gaps()  # doctest: +SKIP
    """

    def __init__(self, indication: str, data=None, window=None, comparator=None):
        self.indication = indication
        self._folder = data
        self._parameters = (window, comparator)
        self._placed: dict[str, tuple[str, str]] = {}  # who put a part on the page, its anchor

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
        return study_names(self.data, self.indication)

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

    def _shown(self, part: str, analysis: str, show: Callable[[dict], Html]) -> Html:
        """A part about an analysis, or about what asks the same as was asked for."""
        result = self._analysis(analysis)
        if result is None:
            return self._none_asked(analysis)
        return self._once(f"{part} {result['id']}", result["title"], analysis,
                          lambda: show(result))

    def _once(self, part: str, title: str, wanted: str, show: Callable[[], Html]) -> Html:
        """A part of the page; where it stands already when two questions have become one.

        Parameters
        ----------
        part, title : str
        wanted : str
            Who wants it: a cell that is run again shows it again.
        show : callable
            Makes it.
        """
        first, anchor = self._placed.get(part, (wanted, ""))
        if first != wanted:
            named = link(f"#{anchor}", title) if anchor else text(title)
            return paragraph(Html(f"{named}: shown above."), "lr-empty")
        shown = show()
        self._placed[part] = wanted, "".join(_ID.findall(shown)[:1])
        return shown

    def _none_asked(self, analysis: str) -> Html:
        """That nothing asks what was asked for."""
        return paragraph(f"{self.review.analysis(analysis)['title']}: no analysis asks the same "
                         f"with {self.asked.words()}.", "lr-empty")

    # --- question, what changed ---------------------------------------------------------------

    def question(self) -> Html:
        """Comparisons that the studies of people allow, with their number."""
        return studies.comparison_table(self.evidence, self.names)

    def changes(self) -> Html:
        """What changed since the last version, and in the data of this indication."""
        return changelog.changes(self.evidence, self.names, self.results())

    # --- studies and their risk of bias -------------------------------------------------------

    def size(self) -> Html:
        """How many studies and participants of which design are known."""
        return studies.size(self.evidence)

    def risk_of_bias(self) -> Html:
        """Published judgements, and the signals that the data hold."""
        return bias.risk_of_bias(self.evidence, self.names, self.results())

    # --- dose, source and time ----------------------------------------------------------------

    def time_course(self, target: str, comparison: str) -> Html:
        """Estimates of one comparison over the time windows."""
        wanted, comparison = f"time {comparison}", self.asked.comparator or comparison
        results = self.results(target=target, comparison=comparison, section="effects")
        if not results:
            return paragraph("No analysis of this comparison is declared.", "lr-empty")
        name, part = words.outcome_name(self.data, results[0]), (
            f"time-{self.indication}-{target}-{comparison}")
        title = (f"{name} over time, {words.given(self.data, results[0])} against "
                 f"{words.comparator(self.data, results[0])}")
        return self._once(part, title, wanted,
                          lambda: figures.time_course(results, part, title))

    def dose(self, analysis: str) -> Html:
        """Effects against the number of cells."""
        return self._shown("dose", analysis, lambda r: dose(
            self.data, self.names, r, {s["trial_id"]: self._tissue(s) for s in r["studies"]}))

    def _tissue(self, study: dict) -> str:
        """Tissue of a trial's first cell arm; empty where it is not known."""
        arms = study["cells"]["arms"] if study["cells"] else ()
        return next((self.evidence.arms[study["study_id"], a]["cell_source"] or ""
                     for a in arms), "")

    def subgroups(self, analysis: str) -> Html:
        """The divisions of a pool's trials, in a table."""
        return self._shown("subgroups", analysis, lambda r: subgroups(
            self.data, r, "divided") or paragraph(f"{r['title']}: no trial to divide.", "lr-empty"))

    # --- robustness, harms --------------------------------------------------------------------

    def robustness(self, analysis: str) -> Html:
        """Every combination of choices, one choice at a time, and small-study effects."""
        return self._shown("robustness", analysis, lambda r: robustness.robustness(
            self.data, self.names, r, self.results()))


    # --- gaps ---------------------------------------------------------------------------------

    def gaps(self) -> Html:
        """Analyses without an estimate."""
        return gaps.gaps(self.results())

    # --- data and references ------------------------------------------------------------------

    def downloads(self) -> Html:
        """The tables of the chapter as files."""
        return references.downloads(self.indication)

    def shares(self, source_id: str) -> Html:
        """How many outcome rows come from one source."""
        return references.shares(self.evidence, source_id)

    def citations(self):
        """The reports behind the analyses, as citations of the bibliography."""
        return references.citations(self.evidence, self.results())
