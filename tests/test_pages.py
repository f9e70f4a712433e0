"""The cells of pages run, also on data folders of which one table has no rows."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import jupytext
import pytest
from bs4 import BeautifulSoup
from conftest import DATA, built_of, read_table, write_table
from made_up import KNEE, World

from livingreview.render.chapter import Chapter

ROOT = DATA.parent
PAGES = [path for folder in ("notebooks", "book") for path in sorted((ROOT / folder).rglob("*.md"))
         if "{code-cell}" in path.read_text(encoding="utf-8")]
# Tables that are emptied together: without outcomes the others are not reached everywhere.
TABLES = (("outcomes",),
          ("adverse_events", "contrasts", "risk_of_bias", "published_syntheses", "changelog",
           "claims", "verdicts", "headline_numbers"))


def _without_rows(folder: Path, table: str) -> None:
    """Leave the header of a table in every folder that has it."""
    found = list(folder.rglob(f"{table}.csv"))
    assert found
    for path in found:
        header = path.read_text(encoding="utf-8").split("\n", 1)[0]
        path.write_text(f"{header}\n", encoding="utf-8")


def _few_analyses(folder: Path) -> None:
    """Leave the analyses that pages and other tables name, and of each section and role the first.

    The others are shown as these are, and take most of the time.
    """
    rows, kept = read_table(folder / "analyses.csv"), {}
    for row in rows:
        kept.setdefault((row["indication"], row["section"], row["role"]), row["analysis_id"])
    tables = [path for path in folder.rglob("*.csv") if path.name != "analyses.csv"]
    named = {word for path in (*PAGES, *tables)
             for word in re.findall(r"[\w-]+", path.read_text(encoding="utf-8"))}
    write_table(folder / "analyses.csv", tuple(rows[0]), [
        row for row in rows if row["analysis_id"] in named.union(kept.values())])


def _by_turns(turn: int) -> list[Path]:
    """All pages, but of those that all chapters have each of one, which is another each time."""
    by_name = defaultdict(list)
    for path in PAGES:
        by_name[path.name if (path.parent / "index.md").is_file() and path.parent.name != "book"
                else path].append(path)
    return [same[(i + 3 * turn) % len(same)] for i, same in enumerate(by_name.values())]


def _failures(page: Path) -> list[str]:
    """What goes wrong in the cells of a page, each of which is run in any case."""
    names, out = {}, []
    for cell in jupytext.read(page).cells:
        if cell.cell_type == "code":
            try:
                exec(compile(cell.source, page.name, "exec"), names)
            except Exception as error:  # every kind is a failure of the page
                out.append(f"{page.name}: {cell.source}: {type(error).__name__}: {error}")
    return out


@pytest.mark.parametrize("turn", range(len(TABLES)), ids=("outcomes", "all others"))
def test_pages_stand_without_the_rows_of_a_table(data_copy, monkeypatch, turn):
    for name in TABLES[turn]:
        _without_rows(data_copy, name)
    _few_analyses(data_copy)
    built_of(data_copy, monkeypatch)
    failures = [line for page in _by_turns(turn) for line in _failures(page)]
    assert not failures, "\n\n".join(failures)


def test_changes_of_the_data_name_their_file(tmp_path):
    world = World(tmp_path / "data").trial("doe-2020")
    world.analysis(analysis_id="pain", title="Pain")
    world.add("changelog", date="2026-01-02", file=f"{KNEE}/arms.csv", new="2 rows",
              reason="imported from good.xlsx")
    table = BeautifulSoup(Chapter(KNEE, world.write()).changes()._repr_html_(), "lxml").find(
        id=f"{KNEE}-changes")
    row = dict(zip((c.text for c in table.select("thead th")),
                   (c.text for c in table.select("tbody th, tbody td")), strict=True))
    assert row["File"] == "arms.csv" and row["Change"] == "empty → 2 rows"


def test_changes_of_the_data_stand_latest_first_and_of_one_day_as_they_were_written(tmp_path):
    world = World(tmp_path / "data").trial("doe-2020")
    world.analysis(analysis_id="pain", title="Pain")
    for day, file, old, new in (("02", KNEE, "30", "31"), ("02", "*", "31", "32"),
                                ("01", KNEE, "29", "30"), ("02", KNEE, "32", "33")):
        world.add("changelog", date=f"2026-01-{day}", file=f"{file}/outcomes.csv", old=old,
                  new=new, reason="read again")
    table = BeautifulSoup(Chapter(KNEE, world.write()).changes()._repr_html_(), "lxml").find(
        id=f"{KNEE}-changes")
    assert [row.select("td")[3].text for row in table.select("tbody tr")] == [
        "32 → 33", "31 → 32", "30 → 31", "29 → 30"]
