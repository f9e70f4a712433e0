"""Long tables and heavy pages: files beside a page hold the rest of it, and no link is lost."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from markupsafe import Markup

from livingreview.render.engine import environment
from livingreview.site.longtables import LONG, MOST, SHOWN, SMALL, STYLES, cut

PAGE = "notebooks/knee/trials.html"


def _table(n: int, name: str = "t") -> str:
    rows = [{"a": Markup(f'<a href="#row-{i}">Trial {i}</a>'), "b": Markup(f"<b>{i}</b>")}
            for i in range(n)]
    written = environment().from_string(
        '{% import "parts.html" as p with context %}{{ p.table(name, "Trials & rows", columns, '
        'rows) }}').render(name=name, rows=rows,
                           columns=[["a", "A", "select"], ["b", "B", "num"]])
    return str(written)


@pytest.mark.parametrize("n", [1, SHOWN, LONG])
def test_a_short_table_stays_as_it_is(tmp_path, n):
    body = f"<p>Before</p>{_table(n)}<p>After</p>"
    assert cut(body, PAGE, tmp_path, STYLES) == body
    assert not list(tmp_path.rglob("*"))


def test_of_a_long_one_nothing_is_lost(tmp_path):
    n = LONG + 37
    body = f"<p>Before</p>{_table(n)}{_table(3, 'short')}<p>After</p>"
    soup = BeautifulSoup(cut(body, PAGE, tmp_path, STYLES), "lxml")
    assert len(soup.select("#t tbody tr")) == SHOWN and len(soup.select("#short tbody tr")) == 3
    assert soup.select_one("#t thead") and [p.text for p in soup.select("p")][0] == "Before"
    more = soup.select_one("a.lr-more")
    assert more.text == f"Show all {n} rows"
    values = soup.select_one("#t")["data-values-0"].split("|")  # those of all rows, to choose among
    assert values == [f"Trial {i}" for i in range(n)]
    assert more.find_parent("div") is soup.select_one("#t").parent  # where the script looks
    whole = BeautifulSoup((tmp_path / "notebooks" / "knee" / more["href"]).read_text(), "lxml")
    assert [tr.th.text for tr in whole.select("tbody tr")] == [f"Trial {i}" for i in range(n)]
    assert whole.title.text == "Trials & rows"
    assert whole.select_one("tbody a")["href"] == "trials.html#row-0"
    assert whole.select_one("link[rel=stylesheet]")["href"] == f"../../{STYLES[0]}"


def _fold(said: str, content: str, css: str = "lr-details") -> str:
    return f'<details class="{css}"><summary>{said}</summary>{content}</details>'


def _heavy(*parts: str, room: int = 100) -> str:
    return "".join([*parts, "<p>word</p>" * (MOST - room)])


def _cut(body: str, folder) -> tuple[BeautifulSoup, int]:
    """A page that is cut, and its number of elements."""
    soup = BeautifulSoup(cut(body, PAGE, folder, STYLES), "lxml")
    return soup, len(soup.body.find_all(True))


def test_what_a_heavy_page_folds_is_in_a_file(tmp_path):
    inner = _fold("Data", _table(40, "data"))
    body = _heavy(_fold("Trials", f'<h3 id="all">All</h3>{inner}'), _fold("Small", "<p>Kept</p>"))
    soup, elements = _cut(body, tmp_path)
    big, small = soup.select("details")
    assert elements <= MOST and small.p.text == "Kept"
    assert big.summary.text == "Trials" and set(big["data-holds"].split()) >= {"all", "data"}
    file = tmp_path / "notebooks" / "knee" / big.a["href"]
    part = BeautifulSoup(file.read_text(encoding="utf-8"), "lxml")
    assert part.select_one(".lr-whole-part > h3").text == "All"
    assert len(part.select("#data tbody tr")) == 40
    assert part.select_one("p a")["href"] == "trials.html"
    assert part.select_one("#data a")["href"] == "trials.html#row-0"


def test_files_of_the_build_before_are_gone(tmp_path):
    cut(_table(LONG + 1), PAGE, tmp_path, STYLES)
    cut(_table(LONG + 1), PAGE.replace("trials", "trials-of"), tmp_path, STYLES)
    other = tmp_path / "notebooks" / "knee" / "trials-other.html"
    other.write_text("<p>Another page</p>", encoding="utf-8")
    cut(_table(LONG), PAGE, tmp_path, STYLES)
    assert sorted(p.name for p in other.parent.iterdir()) == ["trials-of-t.html", other.name]


@pytest.mark.parametrize("kept", [
    '<details class="lr-details" open><summary>S</summary>{}</details>',
    '<details class="lr-details"><summary>S</summary><form></form>{}</details>',
    "<details><summary>S</summary>{}</details>"])
def test_what_is_open_or_lives_or_is_a_cell_stays(tmp_path, kept):
    body = _heavy(kept.format("<p>x</p>" * (SMALL + 1)), room=SMALL)
    assert cut(body, PAGE, tmp_path, STYLES) == body and not list(tmp_path.rglob("*"))


def test_folds_of_paper_go_after_those_that_are_not_printed(tmp_path):
    parts = [_fold("Paper", "<i>x</i>" * 60, "lr-details lr-on-paper"),
             _fold("Screen", "<i>x</i>" * 60)]
    soup, elements = _cut(_heavy(*parts), tmp_path)
    assert elements <= MOST
    assert [d.summary.text for d in soup.select("details:has(a)")] == ["Screen"]
    soup, _ = _cut(_heavy(*parts, "<i>x</i>" * 60), tmp_path)
    assert [d.summary.text for d in soup.select("details:has(a)")] == ["Paper", "Screen"]


def test_tables_of_a_heavy_page_show_fewer_rows_and_their_links_are_known(tmp_path):
    linked = _table(60)
    for i in range(60):
        linked = linked.replace("<tr data", f'<tr id="claim-{i}" data', 1)
    assert linked.count("claim-") == 60
    assert cut(linked, PAGE, tmp_path, STYLES) == linked  # a light page keeps rows that are linked
    soup, elements = _cut(_heavy(linked), tmp_path)
    there, more = soup.select("tbody tr"), soup.select_one(".lr-more-rows")
    assert elements <= MOST and 0 < len(there) < 20
    assert more["data-holds"].split() == [f"claim-{i}" for i in range(len(there), 60)]
    assert more.a.text == "Show all 60 rows"
