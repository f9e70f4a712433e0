"""A chapter as the cells of its pages show it."""

from __future__ import annotations

from functools import cached_property

from ..display import chapter
from ..review.directions import Direction, directions
from ..review.windows import Shown as First
from ..review.windows import shown_first
from ..view import chapter_data, studies
from ..view.albatross import albatross
from ..view.answer import answer
from ..view.bias import risk_of_bias
from ..view.chapter_trials import chapter_trials
from ..view.directions import direction_plot
from ..view.forest import Forests
from ..view.listed import benefits, harms
from ..view.panels import panels
from ..view.replica import replica
from ..view.tabs import tabs
from .shown import Shown


class Chapter(chapter.Chapter):
    """One indication, ready to be shown.

    Takes what :class:`livingreview.display.chapter.Chapter` takes.

    Examples
    --------
    >>> chapter = Chapter("knee-osteoarthritis")
    >>> chapter.answer()  # doctest: +SKIP
    """

    @cached_property
    def _forests(self) -> Forests:
        return Forests(self.data, self.indication)

    @cached_property
    def _by_id(self) -> dict[str, dict]:
        """The analyses of the chapter by identifier."""
        return {r["id"]: r for r in self.results()}

    @cached_property
    def _first(self) -> list[First]:
        """What a reader is shown first."""
        return shown_first(self.data, self.indication, self._by_id)

    def tabs(self, page: str) -> Shown:
        """The pages of the chapter.

        Parameters
        ----------
        page : str
            The page that is shown, such as ``index``.
        """
        return Shown(tabs(self.data, self.indication, self.results(), page))

    def answer(self) -> Shown:
        """What is known, on whom it rests, and what is not in it."""
        found = [(s, r) for s in self._first if (r := self._analysis(s.analysis_id))]
        return Shown(answer(self.evidence, self._forests, self._by_id, found, self.asked))

    def benefits(self) -> Shown:
        """Every analysis but those of harms, outcome by outcome."""
        return Shown(benefits(self._forests, self.results(), self._first_ids))

    def harms(self) -> Shown:
        """Every analysis of harms, event by event."""
        return Shown(harms(self._forests, self.results(), self._first_ids))

    def trials(self) -> Shown:
        """The studies of the chapter; those that are running; those of animals."""
        return Shown(chapter_trials(self.review, self.indication))

    def replica(self, check: str, main: str, published: str) -> Shown:
        """A published pooled result, recomputed, and the rules that lead from it to ours.

        Parameters
        ----------
        check, main : str
            Analyses that ask the same: theirs, recomputed, and ours.
        published : str
            The review whose result is recomputed.
        """
        return Shown(replica(self.evidence, self._forests, self._by_id[check], self._by_id[main],
                             published))

    # --- studies and data ---------------------------------------------------------------------

    def size(self) -> Shown:
        """How many studies and participants of which design are known."""
        return Shown(studies.study_size(self.evidence))

    def question(self) -> Shown:
        """Comparisons that the studies of people allow, with their number."""
        return Shown(studies.comparisons(self.evidence))

    def risk_of_bias(self) -> Shown:
        """Published judgements, and the signals that the data hold."""
        return Shown(risk_of_bias(self.evidence, self.results()))

    def gaps(self) -> Shown:
        """Analyses without an estimate."""
        return Shown(chapter_data.gaps(self.results()))

    def downloads(self) -> Shown:
        """The tables of the chapter as files."""
        return Shown(chapter_data.downloads(self.indication))

    def shares(self, source_id: str) -> Shown:
        """How many outcome rows come from one source."""
        return Shown(chapter_data.shares(self.evidence, source_id))

    def citations(self):
        """The reports behind the analyses, as citations that the book resolves."""
        from IPython.display import Markdown  # only cells of a notebook need it

        keys = chapter_data.cited(self.evidence, self.results())
        return Markdown(", ".join(f"{{cite:t}}`{key}`" for key in keys)) if keys else (
            Shown(chapter_data.NoReports()))

    @cached_property
    def _directions(self) -> list[Direction]:
        return directions(self.evidence)

    def directions(self) -> Shown:
        """Which way every controlled study points, by family of outcomes, with the votes."""
        return Shown(direction_plot(self.evidence, self._forests, self._directions))

    def albatross(self, family: str) -> Shown:
        """P-values of the controlled trials of a family of outcomes by direction and size."""
        return Shown(albatross(self.evidence, self._forests, self._directions, family))

    def panels(self, outcome: str) -> Shown:
        """Every study of an outcome from baseline to its last visit, and what it lacks."""
        return Shown(panels(self.evidence, self._forests, outcome))

    @cached_property
    def _first_ids(self) -> tuple[str, ...]:
        return tuple(s.analysis_id for s in self._first)
