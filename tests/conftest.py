"""Data folders for tests: a copy of the project's own, and a small made-up one."""

from __future__ import annotations

import csv
import gc
import os
import shutil
from pathlib import Path

import pytest

from livingreview.data import store, tables

DATA = Path(__file__).parent.parent / "data"
INDICATION = "knee-osteoarthritis"
# Data are read and results computed once for all tests, as in a build, also by what is collected. A
# test of the computation itself asks for `nothing_kept`.
os.environ[store.VARIABLE] = str(DATA.parent / "_build" / "test-store")

# Groups of tests that take longest, the longest first.
_LONGEST = {group: place for place, group in enumerate((
    "pages", "freshness", "stopping", "test_families", "test_pages", "test_check", "test_rerun",
    "test_translated", "test_new_indication", "test_recompute", "new review", "workers",
    "documents", "published", "light", "test_changes", "test_layers", "test_glossary"))}

# Two trials and a study with an operation, without any problem; what is not named is empty.
_SOURCE = {"source_id": "report", "kind": "full-text", "title": "A report",
           "accessed": "2026-11-21"}
_VISIT = {"outcome": "pain-vas", "instrument": "VAS", "scale_min": "0", "scale_max": "100",
          "better": "lower", "statistic": "final", "source_id": "report"}


def _study(study_id):
    return {"study_id": study_id, "design": "rct", "status": "published", "unit": "patient",
            "pmid": str(30000000 + sum(map(ord, study_id))), "source_id": "report"}


def _arm(study_id, arm_id, role, n="20", **more):
    return {"study_id": study_id, "arm_id": arm_id, "role": role, "n_allocated": n,
            "source_id": "report"} | more


def _visit(study_id, arm_id, months, mean, sd, **more):
    return {"study_id": study_id, "arm_id": arm_id, "timepoint_months": months, "n": "20",
            "mean": mean, "sd": sd} | _VISIT | more


def _events(study_id, arm_id, event, events):
    return {"study_id": study_id, "arm_id": arm_id, "event": event, "events": events,
            "total": "20", "count": "patients", "source_id": "report"}


MADE_UP = {
    "sources": [_SOURCE],
    "studies": [_study("doe-2020"), _study("roe-2021"), _study("cut-2019")],
    "arms": [
        _arm("doe-2020", "msc", "intervention", treatment_source="adipose",
             treatment_product="cultured-msc"),
        _arm("doe-2020", "saline", "comparator", comparator_type="saline"),
        _arm("roe-2021", "low", "intervention", treatment_source="adipose"),
        _arm("roe-2021", "high", "intervention", treatment_source="adipose"),
        _arm("roe-2021", "both", "intervention", n="40", combines="low;high"),
        _arm("cut-2019", "surgery", "comparator", comparator_type="surgery-alone",
             cointervention="high-tibial-osteotomy"),
    ],
    "outcomes": [
        _visit("doe-2020", "msc", "0", "60", "20"),
        _visit("doe-2020", "saline", "0", "62", "21"),
        _visit("doe-2020", "msc", "6", "35", "22"),
        _visit("doe-2020", "saline", "6", "45", "23"),
        _visit("roe-2021", "low", "0", "58", "18"),
        _visit("roe-2021", "high", "0", "59", "19"),
        _visit("roe-2021", "low", "6", "41", "17"),
        _visit("roe-2021", "high", "6", "44", "24"),
    ],
    "contrasts": [
        {"study_id": "doe-2020", "arm_intervention": "msc", "arm_comparator": "saline",
         "outcome": "pain-vas", "timepoint_months": "6", "measure": "MD", "estimate": "-10",
         "ci_low": "-20", "ci_high": "0", "source_id": "report"},
    ],
    "adverse_events": [
        _events("doe-2020", "msc", "any-ae", "5"),
        _events("doe-2020", "msc", "serious-ae", "1"),
        _events("doe-2020", "saline", "any-ae", "4"),
    ],
}


def read_table(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file as text."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_table(path: Path, names: tuple[str, ...], rows: list[dict[str, str]]) -> None:
    """Write rows as the project does: LF, and quotes only where they are needed."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def edit(folder: Path, path: str, match: dict[str, str], column: str, value: str) -> int:
    """Change one cell: of the row of `path` whose cells equal `match`; return its line."""
    rows = read_table(folder / path)
    found = [i for i, row in enumerate(rows) if all(row[k] == v for k, v in match.items())]
    assert len(found) == 1, f"{path}: {match} matches {len(found)} rows"
    rows[found[0]][column] = value
    write_table(folder / path, tuple(rows[0]), rows)
    return found[0] + 2  # tables here hold no line ends inside a cell


def append(folder: Path, path: str, row: dict[str, str]) -> int:
    """Add a row at the end of `path`; return its line."""
    rows = read_table(folder / path)
    names = tuple(rows[0]) if rows else tables.BY_NAME[Path(path).stem].names
    write_table(folder / path, names, [*rows, row])
    return len(rows) + 2


@pytest.hookimpl(tryfirst=True)  # before the groups are read
def pytest_collection_modifyitems(items):
    """Tests of a file run in one process, as what they share is made once in each.

    Files whose tests share more, or take long, name groups of their own. Those that take longest
    begin first: at the end no process waits for another.
    """
    for item in items:
        if not any(item.iter_markers("xdist_group")):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
    items.sort(key=lambda item: _LONGEST.get(item.get_closest_marker("xdist_group").args[0],
                                             len(_LONGEST)))


def built_of(data: Path, monkeypatch) -> None:
    """Make this process one of a build of these data, with a store of its own."""
    monkeypatch.setenv("LIVINGREVIEW_DATA", str(data))
    monkeypatch.setenv(store.VARIABLE, str(data.parent / "store"))


def built_after_ours(data: Path, monkeypatch) -> None:
    """The same after a build of the project's own data: of these only what changed is computed."""
    if (kept := Path(os.environ[store.VARIABLE]) / "results").is_dir():
        shutil.copytree(kept, data.parent / "store" / "results")
    built_of(data, monkeypatch)


def pytest_collection_finish():
    """What was imported and collected stays to the end: the search for cycles passes it over.

    It is made after more new objects than by default, as tests make trees of pages by the hundred.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 20, 20)


@pytest.fixture
def nothing_kept(monkeypatch):
    """Every result is computed."""
    monkeypatch.delenv(store.VARIABLE)


@pytest.fixture
def data_copy(tmp_path: Path) -> Path:
    """A copy of the project's own data folder."""
    return Path(shutil.copytree(DATA, tmp_path / "data"))


@pytest.fixture
def made_up(tmp_path: Path) -> Path:
    """A small data folder of one indication, with the project's vocabularies, without problems."""
    folder = tmp_path / "made-up"
    for table in tables.TABLES:
        path = folder / table.path(INDICATION)
        path.parent.mkdir(parents=True, exist_ok=True)
        if not table.optional:
            write_table(path, table.names, MADE_UP.get(table.name, []))
    words = [row for row in read_table(DATA / "vocabularies.csv")
             if row["list"] != "indication" or row["value"] == INDICATION]
    write_table(folder / "vocabularies.csv", tables.VOCABULARIES.names, words)
    instruments = [row for row in read_table(DATA / "instruments.csv")
                   if row["outcome"] == "pain-vas" and row["indication"] == INDICATION]
    write_table(folder / "instruments.csv", tables.INSTRUMENTS.names, instruments)
    for rules in ("certainty_rules", "priors", "own_names"):
        shutil.copy(DATA / f"{rules}.csv", folder)
    return folder
