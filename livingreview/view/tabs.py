"""The row of tabs that every page of a chapter begins with."""

from __future__ import annotations

from ..data.dataset import Dataset
from .addresses import COMPARE, PAGES, PLAIN, Addresses
from .base import Label, Struct, View, label

HARMS, CHECK, ANIMAL = "harms", "check", "animal-experiment"


class Tab(Struct):
    """A page of a chapter; `n` is how many trials it shows.

    No other page is counted: a number behind benefits or harms reads as a number of these.
    """

    page: str
    href: str
    n: int | None
    here: bool


class Tabs(View, template="tabs"):
    """The pages of a chapter."""

    indication: Label
    tabs: tuple[Tab, ...]


def of_people(data: Dataset, indication: str) -> int:
    """How many studies of people are known, later reports of the same patients left out."""
    return sum(not s["companion_of"] and s["design"] != ANIMAL
               for s in data.records("studies", indication))


def tabs(data: Dataset, indication: str, page: str, compared: bool = False) -> Tabs:
    """The tabs of a chapter.

    Parameters
    ----------
    data : Dataset
    indication : str
    page : str
        The page that is shown, a name of `addresses.PAGES` or `addresses.COMPARE`.
    compared : bool
        Whether several controls of the chapter can be compared with each other.

    Raises
    ------
    ValueError
        When a chapter has no page of this name.
    """
    after = PAGES.index("benefits") + 1
    pages = (*PAGES[:after], *([COMPARE] if compared or page == COMPARE else []), *PAGES[after:])
    if page not in pages:
        raise ValueError(f"no page {page!r}; a chapter has {', '.join(pages)}")
    return Tabs(label(data, "indication", indication), tuple(
        Tab(name, Addresses.chapter(indication, name),
            of_people(data, indication) if name == "trials" else None, name == page)
        for name in pages if name != PLAIN))
