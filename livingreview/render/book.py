"""The pages about the whole book, as cells return them."""

from __future__ import annotations

from functools import cached_property

from ..data.dataset import load
from ..review import Review
from ..view import alive, benchmarks, codebook, completeness, events, prisma, quality
from ..view.evidence_map import evidence_map
from ..view.flow import Flows
from ..view.interface import interface
from ..view.landing import landing
from ..view.others import others, overlap
from ..view.ratios import harm_ratios
from ..view.spread import countries, timeline
from ..view.statements import statements
from .preclinical import Preclinical
from .shown import Shown


class Pages(Preclinical):
    """Pages about all indications of a data folder.

    Parameters
    ----------
    data : path, optional
        Another data folder.

    Examples
    --------
    >>> Pages().landing()  # doctest: +SKIP
    """

    def __init__(self, data=None):
        self._folder = data

    @cached_property
    def review(self) -> Review:
        """The results, computed only where a page needs them."""
        return Review.by_need(load(self._folder or None))

    def landing(self) -> Shown:
        """What is known of each indication, the evidence map, and where to go from there."""
        return Shown(landing(self.review))

    def evidence_map(self) -> Shown:
        """What is known of which outcome in which indication, as a picture and as a table."""
        return Shown(evidence_map(self.review))

    # --- data quality -------------------------------------------------------------------------

    def extraction(self) -> Shown:
        """How often two independent extractions agree, and what a second look found."""
        return Shown(quality.extraction(self.review.data))

    def completeness(self) -> Shown:
        """Rows of results and what they hold, by indication, outcome and report."""
        return Shown(completeness.completeness(self.review))

    def unused(self) -> Shown:
        """Reports in no analysis, and why."""
        return Shown(completeness.unused_studies(self.review))

    def derived(self) -> Shown:
        """Steps from printed to analysed values, by kind."""
        return Shown(completeness.derived(self.review))

    def overlaps(self) -> Shown:
        """Studies that share patients."""
        return Shown(quality.overlaps(self.review.data))

    def retractions(self) -> Shown:
        """Reports that were retracted or are under concern, and where they still stand."""
        return Shown(quality.retractions(self.review))

    def doubts(self) -> Shown:
        """Values that look doubtful, with what was decided of each."""
        return Shown(quality.doubts(self.review.data))

    def warnings(self) -> Shown:
        """Every warning of the validation."""
        return Shown(quality.warnings(self.review.data))

    def comparisons(self) -> Shown:
        """Every pair of arms of every indication with its class."""
        return Shown(quality.arm_comparisons(self.review))

    # --- flow of studies ----------------------------------------------------------------------

    @cached_property
    def _flows(self) -> Flows:
        return Flows(self.review)

    def flow(self) -> Shown:
        """From searches to estimates: how many studies each step has, and what it leaves out."""
        return Shown(self._flows.page())

    def flow_by_indication(self) -> Shown:
        """The steps of the flow for each indication."""
        return Shown(self._flows.table())

    def flow_by_version(self) -> Shown:
        """What searches had found, and what had become of it, at each published version."""
        return Shown(self._flows.versions())

    # --- how the review is kept alive -------------------------------------------------------------

    def alive(self) -> Shown:
        """Whether the review may call itself living."""
        return Shown(alive.alive(self.review.data))

    def sources(self) -> Shown:
        """Each source of each indication: when it was searched last, and when it is due."""
        return Shown(alive.sources(self.review.data))

    def queues(self) -> Shown:
        """What waits for a person, by indication."""
        return Shown(alive.queues(self.review.data))

    def reports(self) -> Shown:
        """Reports that await assessment, and those excluded at full text with the reason."""
        return Shown(alive.reports(self.review.data))

    def notices(self) -> Shown:
        """Notices about studies that are still to be dealt with."""
        return Shown(alive.notices(self.review.data))

    def searches(self) -> Shown:
        """Searches of our own, failed ones too, the newest first."""
        return Shown(alive.search_table(self.review.data))

    def strategies(self) -> Shown:
        """The strategies of all searches, by indication."""
        return Shown(alive.strategies(self.review.data))

    def prisma_s(self) -> Shown:
        """What PRISMA-S asks of a report of searches, item by item."""
        return Shown(prisma.prisma_s(self.review.data))

    def prisma_lsr(self) -> Shown:
        """What PRISMA-LSR asks of a living review beside PRISMA 2020."""
        return Shown(prisma.prisma_lsr(self.review.data))

    def benchmarks(self) -> Shown:
        """How the order of screening and the search for duplicates did on labelled sets."""
        return Shown(benchmarks.benchmarks())

    # --- codebook, methods, interface ---------------------------------------------------------

    def codebook(self) -> Shown:
        """Every column of every table, and every allowed word."""
        return Shown(codebook.codebook(self.review.data))

    def certainty_rules(self) -> Shown:
        """The rules of certainty."""
        return Shown(codebook.certainty_rules(self.review.data))

    def statements(self) -> Shown:
        """The sentence of an estimate, by size and certainty."""
        return Shown(statements(self.review.data))

    def priors(self) -> Shown:
        """The priors under which few trials are pooled."""
        return Shown(codebook.priors(self.review.data))

    def interface(self) -> Shown:
        """Every file that programs can read, with what it holds."""
        return Shown(interface())

    def timeline(self) -> Shown:
        """Trials in people by year and indication."""
        return Shown(timeline(self.review))

    def countries(self) -> Shown:
        """Trials in people by country of their centres."""
        return Shown(countries(self.review))

    def others(self) -> Shown:
        """The pooled results of others in people, indication by indication, beside ours."""
        return Shown(others(self.review))

    def animal_syntheses(self) -> Shown:
        """The published pooled results of animal experiments."""
        return Shown(others(self.review, "animal"))

    def overlap(self) -> Shown:
        """Which trials of ours published reviews include, as far as the data know it."""
        return Shown(overlap(self.review))

    # --- harms of all indications -----------------------------------------------------------------

    def harm_ratios(self) -> Shown:
        """Pooled risk ratios of every indication."""
        return Shown(harm_ratios(self.review))

    def events_by_indication(self) -> Shown:
        """Treated patients with each main event, in all and by indication."""
        return Shown(events.by_indication(self.review))

    def events_by_arm(self) -> Shown:
        """The same by what the arms got."""
        return Shown(events.by_arm(self.review))

    def event_reporting(self) -> Shown:
        """How many trials report each main event, and how many do not."""
        return Shown(events.reporting(self.review))

    def further_events(self) -> Shown:
        """Treated patients with each further event."""
        return Shown(events.further(self.review))

    def event_rows(self) -> Shown:
        """Every row behind these counts."""
        return Shown(events.every_row(self.review))
