"""Pages that the build makes without a notebook: one for each trial, one for each analysis."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..render.engine import render
from ..review import Review
from ..view.base import View


@dataclass(frozen=True)
class Generated:
    """A page made of one view.

    Attributes
    ----------
    name : str
        Its address without the ending, from the root of the site.
    title : str
        Of the window of a browser.
    view : View
    """

    name: str
    title: str
    view: View


def pages(review: Review) -> Iterator[Generated]:
    """Every generated page of a data folder.

    Parameters
    ----------
    review : Review
    """
    yield from ()


def collected(pages: Iterable[Generated], language: str) -> Iterator[tuple[str, dict, str]]:
    """Generated pages as the builder takes them: name, context, template.

    Parameters
    ----------
    pages : iterable of Generated
    language : str
    """
    for page in pages:
        body = str(render(page.view, f"{page.name}.html", language))
        yield page.name, {"title": page.title, "body": body, "meta": {}, "toc": "",
                          "display_toc": False}, "page.html"
