"""The code of an executed page, and where its notebook is."""

from __future__ import annotations

from .base import View


class CodePage(View, template="code"):
    """How a page was computed.

    Attributes
    ----------
    title : str
        Of the page.
    href : str
        The page.
    notebook : str
        The executed notebook.
    cells : tuple of str
        The code of its cells in order.
    """

    title: str
    href: str
    notebook: str
    cells: tuple[str, ...]
