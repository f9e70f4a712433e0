"""The data are valid, and the built site is whole: `make test` builds it first."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from lxml import html

from livingreview.data.dataset import examine

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "_build" / "html"
PAGES = sorted(p for p in SITE.rglob("*.html") if "_static" not in p.parts)


def test_the_data_have_no_error():
    assert [str(p) for p in examine(ROOT / "data").problems if p.level == "error"] == []


def test_there_is_a_site_with_the_figure_of_each_analysis():
    named = {row["analysis_id"] for row in examine(ROOT / "data").records("analyses")}
    assert named and {p.stem for p in (SITE / "figures").glob("*.html")} >= named


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(SITE)))
def test_every_link_of_a_page_leads_somewhere(page):
    found = html.parse(str(page)).xpath("//a/@href | //link/@href | //script/@src | //img/@src")
    for link in found:
        parts = urlsplit(link)
        if not parts.scheme and not parts.netloc and parts.path:
            assert (page.parent / unquote(parts.path)).exists(), link
