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
from .shown import Shown, shows

_DATA = "review.data"


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

    @cached_property
    def _flows(self) -> Flows:
        return Flows(self.review)

    # A method that is called as a module stands behind the others that the module makes.

    landing = shows(landing, "review")
    evidence_map = shows(evidence_map, "review")

    # data quality
    extraction = shows(quality.extraction, _DATA)
    unused = shows(completeness.unused_studies, "review")
    derived = shows(completeness.derived, "review")
    completeness = shows(completeness.completeness, "review")
    overlaps = shows(quality.overlaps, _DATA)
    retractions = shows(quality.retractions, "review")
    doubts = shows(quality.doubts, _DATA)
    warnings = shows(quality.warnings, _DATA)
    comparisons = shows(quality.arm_comparisons, "review")

    # flow of studies
    flow = shows(Flows.page, "_flows")
    flow_by_indication = shows(Flows.table, "_flows")
    flow_by_version = shows(Flows.versions, "_flows")

    # how the review is kept alive
    sources = shows(alive.sources, _DATA)
    queues = shows(alive.queues, _DATA)
    reports = shows(alive.reports, _DATA)
    notices = shows(alive.notices, _DATA)
    searches = shows(alive.search_table, _DATA)
    strategies = shows(alive.strategies, _DATA)
    alive = shows(alive.alive, _DATA)
    prisma_s = shows(prisma.prisma_s, _DATA)
    prisma_lsr = shows(prisma.prisma_lsr, _DATA)
    benchmarks = shows(benchmarks.benchmarks)

    # codebook, methods, interface
    certainty_rules = shows(codebook.certainty_rules, _DATA)
    priors = shows(codebook.priors, _DATA)
    codebook = shows(codebook.codebook, _DATA)
    statements = shows(statements, _DATA)
    interface = shows(interface)

    # trials and published results of all indications
    timeline = shows(timeline, "review")
    countries = shows(countries, "review")
    others = shows(others, "review")
    overlap = shows(overlap, "review")

    def animal_syntheses(self) -> Shown:
        """The published pooled results of animal experiments."""
        return Shown(others(self.review, "animal"))

    # harms of all indications
    harm_ratios = shows(harm_ratios, "review")
    events_by_indication = shows(events.by_indication, "review")
    events_by_arm = shows(events.by_arm, "review")
    event_reporting = shows(events.reporting, "review")
    further_events = shows(events.further, "review")
    event_rows = shows(events.every_row, "review")
