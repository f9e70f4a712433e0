"""A chapter as the cells of its pages show it."""

from __future__ import annotations

from functools import cached_property

from ..display import chapter
from ..review.directions import Direction, directions
from ..review.windows import Shown as First
from ..review.windows import shown_first
from ..view.albatross import albatross
from ..view.answer import answer
from ..view.chapter_trials import chapter_trials
from ..view.combinations import combinations
from ..view.conditions import by_condition
from ..view.directions import direction_plot
from ..view.events import event_bounds
from ..view.forest import Forests
from ..view.ledger import Judged
from ..view.listed import benefits, harms
from ..view.others import ours, published
from ..view.panels import panels
from ..view.replica import replica
from ..view.routes import by_route
from ..view.seeds import Seed
from ..view.tabs import tabs
from .preclinical import Preclinical
from .shown import Shown


class Chapter(chapter.Chapter, Preclinical):
    """One indication, ready to be shown.

    Takes what :class:`livingreview.display.chapter.Chapter` takes.

    Examples
    --------
    >>> chapter = Chapter("knee-osteoarthritis")
    >>> chapter.answer()  # doctest: +SKIP
    """

    @property
    def only(self) -> tuple[str]:
        """The indication of the chapter, of which alone its parts speak."""
        return (self.indication,)

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

    def event_bounds(self) -> Shown:
        """Patients with each adverse event in the treated arms, with exact bounds."""
        return Shown(event_bounds(self.evidence))

    def trials(self) -> Shown:
        """The studies of the chapter; those that are running; those of animals."""
        return Shown(chapter_trials(self.review, self.indication))

    def by_condition(self, *analyses: str) -> Shown:
        """Each trial of some analyses, by the stage or form of the disease at entry."""
        return Shown(by_condition(self.review, self.evidence, analyses))

    def by_route(self, *analyses: str) -> Shown:
        """Studies of people by route, with their results in some analyses."""
        return Shown(by_route(self.review, self.evidence, analyses))

    def combinations(self) -> Shown:
        """The treatment with another one: which trial tells what each adds."""
        return Shown(combinations(self.evidence, self.results()))

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

    def others(self) -> Shown:
        """Pooled results of others, beside which ours are read."""
        return Shown(published(self.review, self._forests.findings))

    def ours_beside(self) -> Shown:
        """Our estimates of two trials or more, to read beside the published ones."""
        return Shown(ours(self._forests.findings, self.results(section="effects"),
                          f"{self.indication}-ours"))

    @cached_property
    def _judged(self) -> Judged:
        return Judged(self.review)

    def claims(self) -> Shown:
        """What the seed reviews claim about this indication, with the verdicts and their basis."""
        return Shown(self._judged.claims_on(self.indication))

    def seed_studies(self, review_id: str) -> Shown:
        """The studies of people that a seed review cites, and the numbers that it makes of them."""
        return Shown(Seed(self._judged, review_id).in_chapter(self.indication))

    def seed_reference(self, review_id: str, ref_number: str) -> Shown:
        """What one reference of a seed review supports, beside our estimates."""
        return Shown(Seed(self._judged, review_id).reference(self.indication, ref_number))

    def validation_studies(self, review_id: str) -> Shown:
        """The studies that a seed review tabulates, with what each of them is."""
        return Shown(Seed(self._judged, review_id).validation(self.indication))

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
