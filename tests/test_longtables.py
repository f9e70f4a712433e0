"""Long tables: the page holds the first rows, a file beside it all, and no link is lost."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup

from livingreview.display.html import Column, Html, link, table
from livingreview.site.longtables import LONG, SHOWN, STYLES, cut

PAGE = "notebooks/knee/trials.html"


def _table(n: int, name: str = "t") -> str:
    rows = [{"a": link(f"#row-{i}", f"Trial {i}"), "b": Html(f"<b>{i}</b>")} for i in range(n)]
    return table(name, "Trials & rows", [Column("a", "A", select=True), Column("b", "B", True)],
                 rows)


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
    assert whole.link["href"] == f"../../{STYLES[0]}"
