"""Views of results as the site writes them."""

from __future__ import annotations

from dataclasses import asdict, is_dataclass

from bs4 import BeautifulSoup

from livingreview.data.dataset import Dataset
from livingreview.render.engine import environment, render
from livingreview.review import Review, review
from livingreview.site.generated import Generated, lists, of_indication
from livingreview.view.base import View
from livingreview.view.certainty import certainty
from livingreview.view.figure import Figures
from livingreview.view.finding import question
from livingreview.view.forest import Forests
from livingreview.view.trial.index import index_rows

PAGE = "figures/made-up.html"


def soup(view: View) -> BeautifulSoup:
    """A view as a page of a figure holds it."""
    return BeautifulSoup(render(view, PAGE), "lxml")


def plain(element) -> str:
    """The text of an element, with single spaces."""
    return " ".join(element.get_text().split())


def finding(data: Dataset, result: dict) -> str:
    """What is said of a result."""
    return plain(soup(Forests(data, result["indication"]).findings.of(result)))


def forest(data: Dataset, result: dict) -> BeautifulSoup:
    """The forest plot of a result."""
    return soup(Forests(data, result["indication"]).of(result))


def figure(data: Dataset, analysis: str) -> BeautifulSoup:
    """The page of a declared analysis."""
    found = review(data)
    return soup(Figures(found).page(found.analysis(analysis)))


def generated(found: Review) -> list[Generated]:
    """Every page of a review without a notebook."""
    figures = Figures(found)
    return [page for i in found.data.indications for page in of_indication(figures, i)] + [
        *lists(figures, index_rows(found), ())]


def word(macro: str, *values, template: str = "words.html") -> str:
    """What a macro says of parts of views."""
    module = environment().get_template(template).make_module({"language": "en", "page": PAGE})
    return str(getattr(module, macro)(*(
        asdict(v) if is_dataclass(v) else v for v in values)))


def asked(macro: str, data: Dataset, result: dict) -> str:
    """What a macro says of the question of a result."""
    return word(macro, question(data, result))


def trace(data: Dataset, result: dict) -> dict[str, tuple[str, str]]:
    """What each domain changes in a certainty, and why, by domain."""
    rows = soup(certainty(data, result)).select(".lr-trace tbody tr")
    return {r["data-domain"]: tuple(map(plain, r.select("td"))) for r in rows}
