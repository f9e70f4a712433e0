"""No page leads to a page of a chapter that the book does not have."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection

from ..view.addresses import COMPARE, PAGES

_TABS = re.compile(r'<nav class="lr-tabs".*?</nav>', re.DOTALL)
_LINK = re.compile(r'<a\b[^>]*?\shref="((?:[^":?#]*/)?(?:' + "|".join((*PAGES, COMPARE))
                   + r')\.html)(?:#[^"]*)?"[^>]*>(.*?)</a>', re.DOTALL)


def linked(body: str, page: str, known: Collection[str]) -> str:
    """A page without links to pages of chapters that are not there.

    The data of an indication may be there before its chapter: then its numbers are on pages across
    indications, which would lead nowhere.

    Parameters
    ----------
    body : str
        HTML.
    page : str
        Address of the page from the root of the site.
    known : collection of str
        Names of the pages of the book, without ending.

    Returns
    -------
    str
        The same words; a tab that leads nowhere is left out.
    """
    folder = posixpath.dirname(page)

    def there(href: str) -> bool:
        target = posixpath.normpath(posixpath.join(folder, href)).removesuffix(".html")
        room, _, rest = target.partition("/")
        return room != "notebooks" or "/" not in rest or target in known

    def tabs(found: re.Match) -> str:
        return _LINK.sub(lambda link: link[0] if there(link[1]) else "", found[0])

    return _LINK.sub(lambda link: link[0] if there(link[1]) else link[2], _TABS.sub(tabs, body))
