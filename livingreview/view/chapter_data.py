"""What a chapter lacks, its data as files, and the reports behind its analyses."""

from __future__ import annotations

from dataclasses import dataclass

from ..effects import Evidence
from .addresses import Addresses
from .base import View
from .sources import Link, Source, citable, source

FILES = ("studies", "arms", "outcomes", "contrasts", "adverse_events", "risk_of_bias",
         "published_syntheses", "sources")


@dataclass(frozen=True)
class Gaps(View):
    """The analyses without an estimate, of all those of a chapter."""

    template = "gaps"

    asked: int
    empty: tuple[Link, ...]


def gaps(results: list[dict]) -> Gaps:
    """The analyses without an estimate, of all those of a chapter.

    Parameters
    ----------
    results : list of dict
    """
    asked = [r for r in results if r["role"] != "check"]
    return Gaps(len(asked), tuple(Link(r["title"], Addresses.figure(r["id"]))
                                  for r in asked if r["pooled"] is None))


@dataclass(frozen=True)
class Downloads(View):
    """The tables of a chapter as files."""

    template = "downloads"

    files: tuple[Link, ...]
    results: Link


def downloads(indication: str) -> Downloads:
    """The tables of a chapter as files.

    Parameters
    ----------
    indication : str
    """
    return Downloads(tuple(Link(f"{n}.csv", f"data/{indication}/{n}.csv") for n in FILES),
                     Link("results.json", "results.json"))


@dataclass(frozen=True)
class Shares(View):
    """How many outcome rows come from one source."""

    template = "shares"

    rows: int
    of_source: int
    source: Source


def shares(ev: Evidence, source_id: str) -> Shares:
    """How many outcome rows come from one source.

    Parameters
    ----------
    ev : Evidence
    source_id : str
    """
    rows = ev.data.records("outcomes", ev.indication)
    return Shares(len(rows), sum(r["source_id"] == source_id for r in rows),
                  source(ev.data, ev.sources[source_id]))


@dataclass(frozen=True)
class NoReports(View):
    """That no report is behind an analysis yet."""

    template = "no_reports"


def cited(ev: Evidence, results: list[dict]) -> list[str]:
    """Keys, in the bibliography, of the reports behind some analyses.

    Parameters
    ----------
    ev : Evidence
    results : list of dict
    """
    return sorted({s["study_id"] for r in results for s in r["studies"]
                   if citable(ev.studies[s["study_id"]])})
