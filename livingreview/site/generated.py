"""Pages that the build makes without a notebook: one for each trial, one for each analysis."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ..data.reads import digest
from ..render.engine import render
from ..render.told import texts
from ..view.addresses import Addresses
from ..view.base import View, packed
from ..view.figure import INDEX as FIGURES
from ..view.figure import Figures, IndicationRows
from ..view.trial.index import INDEX, IndexRow, trial_index
from ..view.trial.page import trial_pages

INDICES = ("trials/index", "figures/index")  # generated pages that every book has


@dataclass(frozen=True)
class Generated:
    """A page made of one view."""

    name: str  # its address without the ending, from the root of the site
    title: str  # of the window of a browser; empty for the heading of the page
    view: View
    source: str = ""  # digest of what files beside the page are made of
    beside: Callable[[], None] | None = None  # writes these files
    there: bool = True  # whether they are there


def of_indication(figures: Figures, indication: str) -> Iterator[Generated]:
    """The page of every study of an indication, and of every analysis.

    Parameters
    ----------
    figures : Figures
        Of its review.
    indication : str
    """
    addresses = Addresses(figures.data)
    for study_id, _, page in trial_pages(figures.review, [indication]):
        yield Generated(_name(addresses.trial(indication, study_id)), page.name, page)
    for result in figures.results([indication]):
        yield Generated(f"figures/{result['id']}", result["title"], figures.page(result))


def lists(figures: Figures, studies: Sequence[IndexRow],
          analyses: Sequence[IndicationRows]) -> Iterator[Generated]:
    """The index of all studies, and the list of all analyses.

    Parameters
    ----------
    figures : Figures
    studies : sequence of IndexRow
    analyses : sequence of IndicationRows
        Made now where there are none.
    """
    yield Generated(_name(INDEX), "", trial_index(tuple(studies)))
    yield Generated(_name(FIGURES), "", figures.index(analyses))


def _name(address: str) -> str:
    """Name of a page of which the address is known."""
    return address.removesuffix(".html")


@dataclass(frozen=True)
class Made:
    """A generated page, written in a language."""

    name: str
    title: str
    key: str  # digest of all that it was made from but the frame around it
    body: str | None  # HTML; none where the page of the build before is the same


def made(pages: Iterable[Generated], still: Mapping[str, str], said: str,
         language: str) -> Iterator[Made]:
    """Generated pages, written where they have changed.

    Parameters
    ----------
    pages : iterable of Generated
    still : mapping of str to str
        Keys of pages of the build before which may stay.
    said : str
        What views hold of the data's version: it makes no page another one.
    language : str
    """
    for page in pages:
        view = packed(page.view)
        content = json.dumps(view, ensure_ascii=False)
        key = digest([page.title, content.replace(said, "") if said else content, page.source])
        body = None
        if still.get(page.name) != key or not page.there:
            body = str(render(view, f"{page.name}.html", language))
            if page.beside:
                page.beside()
        title = texts(language).tell(page.title) if texts(language) else page.title
        yield Made(page.name, title or _heading(body or ""), key, body)


def collected(pages: Iterable[Made]) -> Iterator[tuple[str, dict, str]]:
    """Pages as the builder takes them: name, context, template.

    Parameters
    ----------
    pages : iterable of Made
        Those without a body are passed over.
    """
    for page in pages:
        if page.body is not None:
            yield page.name, {"title": page.title, "body": page.body, "meta": {}, "toc": "",
                              "display_toc": False, "generated": True}, "page.html"


def _heading(body: str) -> str:
    """The words of the first heading of a page."""
    found = re.search(r"<h1[^>]*>(.*?)</h1>", body, re.DOTALL)
    return str(Markup(found[1]).striptags()) if found else ""
