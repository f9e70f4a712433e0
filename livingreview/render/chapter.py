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
from ..view.base import Label, View
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
from ..view.remark import Remark
from ..view.replica import replica
from ..view.robustness import robustness
from ..view.routes import by_route
from ..view.seeds import cited, said, tabulated
from ..view.seeds.seed import Seed
from ..view.subgroup import subgroups
from ..view.tabs import tabs
from ..view.time_course import time_course
from .preclinical import Preclinical
from .shown import Shown


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
        return self.asked.instead(result, self.results()) if self.asked else result

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

    @property
    def _answered(self) -> list[tuple[First, dict]]:
        """What a reader is shown first, each with what answers it."""
        return [(s, r) for s in self._first if (r := self._analysis(s.analysis_id))]

    def tabs(self, page: str) -> Shown:
        """The pages of the chapter.

        Parameters
        ----------
        page : str
            The page that is shown, such as ``index``.
        """
        return Shown(tabs(self.data, self.indication, page,
                          any(n["asked"] for n in self._networks)))

    def answer(self) -> Shown:
        """What is known, on whom it rests, and what is not in it."""
        return Shown(answer(self.evidence, self._forests, self._by_id, self._answered, self.asked))

    def patients(self) -> Shown:
        """What is known, in plain words for patients."""
        return Shown(patients(self.evidence, self._forests.findings, self._by_id, self._answered))

    def changes(self) -> Shown:
        """What changed since the last version, and in the data of this indication."""
        return Shown(changelog(self.evidence, self.names, self._by_id))

    def benefits(self) -> Shown:
        """Every analysis but those of harms, outcome by outcome."""
        return Shown(benefits(self._forests, self.results(), self._first_ids))

    @property
    def _networks(self) -> list[dict]:
        return self.review.networks(self.indication)

    def networks(self) -> Shown:
        """Several controls compared with each other, outcome by outcome."""
        return Shown(networks(self._forests, self._networks, self._first_ids))

    def network_line(self) -> Shown:
        """Where several controls are compared with each other, or why they are not."""
        return Shown(network_line(self.data, self._networks, self.indication))

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
                             lambda r: robustness(self._forests, r, self.results()))

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
        return Shown(chapter_data.downloads(self.data, self.indication, self.results()))

    def shares(self, source_id: str) -> Shown:
        """How many outcome rows come from one source."""
        return Shown(chapter_data.shares(self.evidence, source_id))

    def citations(self):
        """The reports behind the analyses, as citations that the book resolves."""
        from IPython.display import Markdown  # only cells of a notebook need it

        keys = chapter_data.cited(self.evidence, self.results())
        return Markdown(", ".join(f"{{cite:t}}`{key}`" for key in keys)) if keys else (
            Shown(chapter_data.NoReports()))

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
        return Shown(cited.in_chapter(Seed(self._judged, review_id), self.indication))

    def seed_reference(self, review_id: str, ref_number: str) -> Shown:
        """What one reference of a seed review supports, beside our estimates."""
        return Shown(said.reference(Seed(self._judged, review_id), self.indication, ref_number))

    def validation_studies(self, review_id: str) -> Shown:
        """The studies that a seed review tabulates, with what each of them is."""
        return Shown(tabulated.validation(Seed(self._judged, review_id), self.indication))

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

    @property
    def _main(self) -> str:
        """The analysis that a reader is shown first."""
        return self._first_ids[0]

    @cached_property
    def _first_ids(self) -> tuple[str, ...]:
        return tuple(s.analysis_id for s in self._first)
