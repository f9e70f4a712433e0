"""What a chapter lacks, its data as files, and the reports behind its analyses."""

from __future__ import annotations

from collections import Counter
from functools import partial

from ..data.dataset import Dataset
from ..effects import Evidence
from ..review.measure import uncontrolled
from .addresses import Addresses
from .base import View, grouped
from .sources import Link, Source, citable, source

FILES = ("studies", "arms", "outcomes", "contrasts", "adverse_events", "risk_of_bias",
         "published_syntheses", "sources")
SUMMARY, REVMAN = "summary-of-findings", "revman.zip"  # files for other programs


class Gaps(View, template="gaps"):
    """The analyses without an estimate, of all those of a chapter."""

    asked: int
    empty: tuple[Link, ...]


def gaps(results: list[dict]) -> Gaps:
    """The analyses without an estimate, of all those of a chapter."""
    asked = [r for r in results if r["role"] != "check"]
    return Gaps(len(asked), tuple(Link(r["title"], Addresses.figure(r["id"]))
                                  for r in asked if r["pooled"] is None))


class Downloads(View, template="downloads"):
    """The tables of a chapter as files, and files for other programs."""

    files: tuple[Link, ...]
    results: Link
    # address of the summary of findings, without language and ending; empty where nothing is asked
    summary: str
    revman: str  # of the data package; empty where no trial has a comparison
    judged: tuple[Link, ...]  # judgements of risk of bias by tool


def downloads(data: Dataset, indication: str, results: list[dict]) -> Downloads:
    """The tables of a chapter as files, and files for other programs.

    Parameters
    ----------
    data : Dataset
    indication : str
    results : list of dict
        All its analyses.
    """
    compared = any(r["studies"] and not uncontrolled(r) for r in results)
    export = partial(Addresses.export, indication)
    return Downloads(
        tuple(Link(f"{n}.csv", f"data/{indication}/{n}.csv") for n in FILES),
        Link("results.json", "results.json"), export(SUMMARY) if results else "",
        export(REVMAN) if compared else "",
        tuple(Link(name, export(name)) for stem, _ in judged(data, indication)
              for name in (f"{stem}-wide.csv", f"{stem}-long.csv")))


def judged(data: Dataset, indication: str) -> list[tuple[str, list[dict]]]:
    """The judgements of risk of bias by one tool and from one source.

    Returns
    -------
    list of (str, list of dict)
        The beginning of the names of their files, with the source where several judged by one tool,
        and their rows.
    """
    found = grouped(data.records("risk_of_bias", indication),
                    lambda row: (row["tool"], row["source_id"]))
    tools = Counter(tool for tool, _ in found)
    return [(f"risk-of-bias/{tool}{f'-{source}' if tools[tool] > 1 else ''}", rows)
            for (tool, source), rows in found.items()]


class Shares(View, template="shares"):
    """How many outcome rows come from one source."""

    rows: int
    of_source: int
    source: Source


def shares(ev: Evidence, source_id: str) -> Shares:
    """How many outcome rows come from one source."""
    rows = ev.data.records("outcomes", ev.indication)
    return Shares(len(rows), sum(r["source_id"] == source_id for r in rows),
                  source(ev.data, ev.sources[source_id]))


class NoReports(View, template="no_reports"):
    """That no report is behind an analysis yet."""


def cited(ev: Evidence, results: list[dict]) -> list[str]:
    """Keys, in the bibliography, of the reports behind some analyses."""
    return sorted({s["study_id"] for r in results for s in r["studies"]
                   if citable(ev.studies[s["study_id"]])})
