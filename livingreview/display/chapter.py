"""The parts of an indication's chapter that are no views yet."""

from __future__ import annotations

from functools import cached_property

from ..data.dataset import load
from ..effects import Evidence
from ..review import Review, review
from ..review.asked import Asked
from ..view.naming import study_names
from . import analyses, bias, changelog, claimed, gaps, references, studies
from .across import others
from .bounds import event_bounds
from .combinations import combinations
from .conditions import by_condition
from .html import Html, join, link
from .ledger import Ledger
from .routes import by_route
from .seeds_table import seed_reference, seed_studies, validation_studies


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

    def by_condition(self, *analyses: str) -> Html:
        """Each trial of some analyses, by the stage or form of the disease at entry."""
        return by_condition(self.review, self.evidence, self.names, analyses)

    def by_route(self, *analyses: str) -> Html:
        """Studies of people by the route of their cells, with their results in some analyses."""
        return by_route(self.review, self.evidence, self.names, analyses)

    def risk_of_bias(self) -> Html:
        """Published judgements, and the signals that the data hold."""
        return bias.risk_of_bias(self.evidence, self.names, self.results())

    # --- effects ------------------------------------------------------------------------------

    def combinations(self) -> Html:
        """Cells with an operation or another injection: which trial tells what each adds."""
        return combinations(self.evidence, self.names, self.results(),
                            lambda t: link(f"#study-{t}", self.names[t]))

    # --- harms ------------------------------------------------------------------------------------

    def event_bounds(self) -> Html:
        """Patients with each adverse event in all arms that got cells, with exact bounds."""
        return event_bounds(self.evidence, self.names)

    # --- what others concluded, and what the seed reviews claimed -----------------------------

    def others(self) -> Html:
        """Pooled results of others, beside which ours are read."""
        return others.published(self.review, self.indication,
                                lambda analysis, label: link(f"#forest-{analysis}", label))

    def ours_beside(self) -> Html:
        """Our estimates of pain and function, to read beside the published ones."""
        return analyses.pooled_here(self.results(section="effects"), f"{self.indication}-ours")

    def claims(self) -> Html:
        """What the seed reviews claim about this indication, with the verdicts."""
        return claimed.claims(self.data, self.indication)

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
