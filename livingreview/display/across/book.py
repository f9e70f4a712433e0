"""All indications at once: their data, results, names and the addresses of their chapters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

from ...data.dataset import Dataset, load
from ...effects import Evidence
from ...review import Review
from ...view.addresses import Addresses
from ...view.naming import arm_names, study_names
from ..html import Html, link, text

NOTEBOOKS = Path(__file__).resolve().parents[3] / "notebooks"


def chapter_page(indication: str) -> str | None:
    """Address of an indication's chapter from a page of the book; None where there is none."""
    written = (NOTEBOOKS / indication / "index.md").is_file()
    return f"../{Addresses.chapter(indication)}" if written else None


class _Names(dict):
    """The names of each indication, made by a function of the data and the indication."""

    def __init__(self, data: Dataset, of: Callable[[Dataset, str], dict]):
        super().__init__()
        self._data, self._of = data, of

    def __missing__(self, indication: str) -> dict:
        self[indication] = self._of(self._data, indication)
        return self[indication]


class Book:
    """Every indication of a data folder, or some of them.

    Parameters
    ----------
    data : path, optional
        Another data folder.
    only : sequence of str, optional
        Indications; all where left out.

    Examples
    --------
    >>> book = Book()
    >>> book.label("osteoporosis")  # doctest: +SKIP
    'Osteoporosis'
    """

    def __init__(self, data=None, only: Sequence[str] | None = None):
        self._folder = data
        self._only = only

    @cached_property
    def data(self) -> Dataset:
        """The data folder."""
        return load(self._folder or None)

    @cached_property
    def review(self) -> Review:
        """The results of all analyses, computed only where a page needs them."""
        return Review.by_need(self.data)

    @cached_property
    def evidence(self) -> dict[str, Evidence]:
        """Studies, arms and rows of every indication."""
        return {i: Evidence(self.data, i) for i in self.data.indications if self.holds(i)}

    @cached_property
    def names(self) -> dict[str, dict[str, str]]:
        """Names of the studies of every indication, read when they are asked for."""
        return _Names(self.data, study_names)

    @cached_property
    def arms(self) -> dict[str, dict[tuple[str, str], str]]:
        """Names of the arms of every indication, by study and arm."""
        return _Names(self.data, arm_names)

    def holds(self, indication: str | None) -> bool:
        """Whether an indication is one of the book's."""
        return self._only is None or indication in self._only

    def mechanisms(self) -> list:
        """The rows of the seed reviews' mechanism tables for the book's indications."""
        return [r for r in self.data.records("mechanisms") if self.holds(r["indication"])]

    def label(self, indication: str) -> str:
        """Name of an indication."""
        return self.data.label("indication", indication)

    @cached_property
    def addresses(self) -> Addresses:
        """Addresses of the pages of the site."""
        return Addresses(self.data)

    def chapter_link(self, indication: str, anchor: str = "", label: str | Html = "") -> Html:
        """A link into a chapter; plain text while the chapter is not written.

        What stands on a page of its own, a study or a figure, is linked there.
        """
        shown, page = label or self.label(indication), chapter_page(indication)
        if not page:
            return Html(text(shown))
        kind, _, name = anchor.partition("-")
        if kind == "study":
            return link(f"../{self.addresses.trial(indication, name)}", shown)
        if kind == "forest":
            return link(f"../{self.addresses.figure(name)}", shown)
        return link(f"{page}#{anchor}" if anchor else page, shown)

    def study(self, indication: str, study_id: str) -> Html:
        """A study by its name, linked to its entry in the chapter."""
        name = self.names[indication][study_id]
        return self.chapter_link(indication, f"study-{study_id}", name)
