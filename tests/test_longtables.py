"""Long tables: the page holds the first rows, a file beside it all, and no link is lost."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from markupsafe import Markup

from livingreview.render.engine import environment
from livingreview.site.longtables import LONG, SHOWN, STYLES, cut

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
