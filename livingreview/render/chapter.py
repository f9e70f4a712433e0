"""A chapter as the cells of its pages show it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from ..data.dataset import load
from ..effects import Evidence
from ..review import Review, review
from ..review.asked import Asked
from ..review.directions import Direction, directions
from ..review.windows import Shown as First
from ..review.windows import shown_first
from ..view import chapter_data, studies
from ..view.albatross import albatross
from ..view.answer import answer
from ..view.base import Label, Remark, View
from ..view.bias import risk_of_bias
from ..view.changelog import changelog
from ..view.chapter_trials import chapter_trials
from ..view.combinations import combinations
from ..view.conditions import by_condition
from ..view.directions import direction_plot
from ..view.dose import dose
from ..view.events import event_bounds
from ..view.finding import question
from ..view.forest import Forests
from ..view.ledger import Judged
from ..view.listed import benefits, harms
from ..view.naming import study_names
from ..view.network import network_line, networks
from ..view.others import ours, published
from ..view.panels import panels
from ..view.patients import patients
from ..view.replica import replica
from ..view.robustness import robustness
from ..view.routes import by_route
from ..view.seeds import cited, said, tabulated
from ..view.seeds.seed import Seed
from ..view.subgroup import subgroups
from ..view.tabs import tabs
from ..view.time_course import time_course
from .preclinical import Preclinical
from .shown import Shown, shows


class Chapter(Preclinical):
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
    >>> chapter = Chapter("insomnia")  # the name of an indication
    >>> chapter.answer()  # doctest: +SKIP
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
        return self.asked.instead(result, self._all) if self.asked else result

    @property
    def only(self) -> tuple[str]:
        """The indication of the chapter, of which alone its parts speak."""
        return (self.indication,)

    @cached_property
    def _forests(self) -> Forests:
        return Forests(self.data, self.indication)

    @cached_property
    def _all(self) -> list[dict]:
        """The analyses of the chapter."""
        return self.results()

    @cached_property
    def _by_id(self) -> dict[str, dict]:
        """The analyses of the chapter by identifier."""
        return {r["id"]: r for r in self._all}

    @cached_property
    def _first(self) -> list[First]:
        """What a reader is shown first."""
        return shown_first(self.data, self.indication, self._by_id)

    @property
    def _answered(self) -> list[tuple[First, dict]]:
        """What a reader is shown first, each with what answers it."""
        return [(s, r) for s in self._first if (r := self._analysis(s.analysis_id))]

    @property
    def _main(self) -> str:
        """The analysis that a reader is shown first."""
        return self._first_ids[0]

    @cached_property
    def _first_ids(self) -> tuple[str, ...]:
        return tuple(s.analysis_id for s in self._first)

    @property
    def _networks(self) -> list[dict]:
        return self.review.networks(self.indication)

    @cached_property
    def _judged(self) -> Judged:
        return Judged(self.review)

    @cached_property
    def _directions(self) -> list[Direction]:
        return directions(self.evidence)

    # --- parts of pages -----------------------------------------------------------------------

    answer = shows(answer, "evidence", "_forests", "_by_id", "_answered", "asked")
    patients = shows(patients, "evidence", "_forests.findings", "_by_id", "_answered")
    changes = shows(changelog, "evidence", "names", "_by_id")
    benefits = shows(benefits, "_forests", "_all", "_first_ids")
    harms = shows(harms, "_forests", "_all", "_first_ids")
    networks = shows(networks, "_forests", "_networks", "_first_ids")
    network_line = shows(network_line, "data", "_networks", "indication")
    event_bounds = shows(event_bounds, "evidence")
    trials = shows(chapter_trials, "review", "indication")
    combinations = shows(combinations, "evidence", "_all")
    size = shows(studies.study_size, "evidence")
    question = shows(studies.comparisons, "evidence")
    risk_of_bias = shows(risk_of_bias, "evidence", "_all")
    gaps = shows(chapter_data.gaps, "_all")
    downloads = shows(chapter_data.downloads, "data", "indication", "_all")
    shares = shows(chapter_data.shares, "evidence")
    others = shows(published, "review", "_forests.findings")
    claims = shows(Judged.claims_on, "_judged", "indication")
    directions = shows(direction_plot, "evidence", "_forests", "_directions")
    albatross = shows(albatross, "evidence", "_forests", "_directions")
    panels = shows(panels, "evidence", "_forests")

    def tabs(self, page: str) -> Shown:
        """The pages of the chapter.

        Parameters
        ----------
        page : str
            The page that is shown, such as ``index``.
        """
        return Shown(tabs(self.data, self.indication, page,
                          any(n["asked"] for n in self._networks)))

    def by_condition(self, *analyses: str) -> Shown:
        """Each trial of some analyses, by the stage or form of the disease at entry."""
        return Shown(by_condition(self.review, self.evidence, analyses))

    def by_route(self, *analyses: str) -> Shown:
        """Studies of people by route, with their results in some analyses."""
        return Shown(by_route(self.review, self.evidence, analyses))

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

    # --- dose, source, time and robustness: what may be asked for in another window or control ----

    def time_course(self, target: str = "", comparison: str = "") -> Shown:
        """Estimates of one comparison over the time windows; the main one where none is named."""
        if not target:
            main = self.review.analysis(self._main)["question"]
            target, comparison = main["target"], main["comparison"]
        wanted, comparison = f"time {comparison}", self.asked.comparator or comparison
        results = self.results(target=target, comparison=comparison, section="effects")
        if not results:
            return Shown(Remark("undeclared"))
        part = f"time-{self.indication}-{target}-{comparison}"
        return self._once(part, question(self.data, results[0]).outcome, wanted,
                          lambda: time_course(self._forests, results, part))

    def dose(self, analysis: str = "") -> Shown:
        """Effects against the amount given; of the main analysis where none is named."""
        return self._instead("dose", analysis, lambda r: dose(self._forests, self.evidence, r))

    def subgroups(self, analysis: str = "") -> Shown:
        """The divisions of a pool's trials; of the main analysis where none is named."""
        return self._instead("subgroups", analysis, lambda r: subgroups(self.data, r) or Remark(
            "undivided", r["title"]))

    def robustness(self, analysis: str = "") -> Shown:
        """Every combination of choices, one choice at a time, and small-study effects.

        Of the main analysis where none is named.
        """
        return self._instead("robustness", analysis,
                             lambda r: robustness(self._forests, r, self._all))

    def _instead(self, part: str, analysis: str, make: Callable[[dict], View]) -> Shown:
        """A part about an analysis, or about what asks the same as was asked for."""
        analysis = analysis or self._main
        result = self._analysis(analysis)
        if result is None:
            return Shown(Remark("unasked", self._by_id[analysis]["title"],
                                asked=self.asked.words()))
        return self._once(f"{part} {result['id']}", result["title"], analysis, lambda: make(result))

    def _once(self, part: str, title: str | Label, wanted: str, make: Callable[[], View]) -> Shown:
        """A part of the page; where it stands already when two questions have become one.

        Parameters
        ----------
        part : str
        title : str or Label
        wanted : str
            Who wants it: a cell that is run again shows it again.
        make : callable
        """
        first, anchor = self._placed.get(part, (wanted, ""))
        if first != wanted:
            return Shown(Remark("above", title, anchor))
        view = make()
        self._placed[part] = wanted, view.anchor
        return Shown(view)

    @cached_property
    def _placed(self) -> dict[str, tuple[str, str]]:
        """Who put a part on the page, and its identifier there."""
        return {}

    # --- citations, other reviews --------------------------------------------------------------

    def citations(self):
        """The reports behind the analyses, as citations that the book resolves."""
        from IPython.display import Markdown  # only cells of a notebook need it

        keys = chapter_data.cited(self.evidence, self._all)
        return Markdown(", ".join(f"{{cite:t}}`{key}`" for key in keys)) if keys else (
            Shown(chapter_data.NoReports()))

    def ours_beside(self) -> Shown:
        """Our estimates of two trials or more, to read beside the published ones."""
        return Shown(ours(self._forests.findings, self.results(section="effects"),
                          f"{self.indication}-ours"))

    def seed_studies(self, review_id: str) -> Shown:
        """The studies of people that a seed review cites, and the numbers that it makes of them."""
        return Shown(cited.in_chapter(Seed(self._judged, review_id), self.indication))

    def seed_reference(self, review_id: str, ref_number: str) -> Shown:
        """What one reference of a seed review supports, beside our estimates."""
        return Shown(said.reference(Seed(self._judged, review_id), self.indication, ref_number))

    def validation_studies(self, review_id: str) -> Shown:
        """The studies that a seed review tabulates, with what each of them is."""
        return Shown(tabulated.validation(Seed(self._judged, review_id), self.indication))
