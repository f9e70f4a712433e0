"""The parts of an indication's chapter that are no views yet."""

from __future__ import annotations

from functools import cached_property

from ..data.dataset import load
from ..effects import Evidence
from ..review import Review, review
from ..review.asked import Asked
from ..view.naming import study_names
from .bounds import event_bounds
from .combinations import combinations
from .conditions import by_condition
from .html import Html, link
from .routes import by_route


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
    >>> chapter.claims()  # doctest: +SKIP
    """

    def __init__(self, indication: str, data=None, window=None, comparator=None):
        self.indication = indication
        self._folder = data
        self._parameters = (window, comparator)

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

    # --- what changed -------------------------------------------------------------------------


    def by_condition(self, *analyses: str) -> Html:
        """Each trial of some analyses, by the stage or form of the disease at entry."""
        return by_condition(self.review, self.evidence, self.names, analyses)

    def by_route(self, *analyses: str) -> Html:
        """Studies of people by the route of their cells, with their results in some analyses."""
        return by_route(self.review, self.evidence, self.names, analyses)

    # --- effects ------------------------------------------------------------------------------

    def combinations(self) -> Html:
        """Cells with an operation or another injection: which trial tells what each adds."""
        return combinations(self.evidence, self.names, self.results(),
                            lambda t: link(f"#study-{t}", self.names[t]))

    # --- harms ------------------------------------------------------------------------------------

    def event_bounds(self) -> Html:
        """Patients with each adverse event in all arms that got cells, with exact bounds."""
        return event_bounds(self.evidence, self.names)

