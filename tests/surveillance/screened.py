"""A made-up month for tests of screening: records, a known trial, no abstract of anybody's."""

from __future__ import annotations

import datetime
from pathlib import Path

from made_up import KNEE, World

from livingreview.surveillance.abstracts import Texts
from livingreview.surveillance.desk import Desk
from livingreview.surveillance.record import Record
from livingreview.surveillance.screening import Decision, Screening

TODAY = datetime.date(2026, 3, 1)
TOPICS = ("mesenchymal cells in the knee", "a randomised trial of marrow concentrate",
          "a review of cartilage", "rats with arthritis", "exosomes in a dish")


def world(folder: Path, records: int = 5, window_from: str | None = "2026-01-01") -> World:
    """A folder with one trial, one search and records that it found, all made up."""
    made = World(folder)
    made.study("doe-2020", first_author="Doe", year=2020, title="A made-up trial of cells",
               registration="NCT00000001")
    made.arm("doe-2020", "msc", cells="cultured-msc").arm("doe-2020", "control", "saline")
    made.add("searches", search_id="s1", date_run="2026-02-01", source="pubmed", platform="made up",
             indication=KNEE, state="complete", window_from=window_from, window_to="2026-02-01")
    for i in range(1, records + 1):
        record(made, f"r{i}", title=f"Report {i}: {TOPICS[i % len(TOPICS)]}")
    return made


def record(made: World, record_id: str, **more) -> World:
    """Add a record that a search found."""
    number = record_id[1:]
    return made.add("records", **{
        "record_id": record_id, "source_ids": f"pubmed:{number}", "indications": KNEE,
        "doi": f"10.5555/made.{number}", "pmid": number, "first_author": f"Author{number}",
        "year": "2026", "journal": "A made-up journal", "kind": "article", "first_seen": "s1",
        "cluster": record_id, **more})


def screening(made: World) -> Screening:
    """The screening of a made-up folder, on a made-up day."""
    made.write()
    return Screening(made.folder, lambda: TODAY)


def texts(*numbers: int) -> Texts:
    """Made-up abstracts of some records."""
    return Texts({f"pubmed:{n}": Record(
        "pubmed", str(n), abstract=f"Made-up abstract {n} about {TOPICS[n % len(TOPICS)]}.",
        signals=("Randomized Controlled Trial",) if n % 2 else ()) for n in numbers})


def desk(made: World, *numbers: int) -> Desk:
    """A desk with the abstracts of some records."""
    return Desk(screening(made), texts(*numbers))


def said(record_id: str, reviewer: str, decision: str, reason: str = "",
         stage: str = "title-abstract") -> Decision:
    """A decision."""
    return Decision(record_id, stage, reviewer, decision, reason)
