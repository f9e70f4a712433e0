"""The code of an executed page, and where its notebook is."""

from __future__ import annotations

from dataclasses import dataclass

from .base import View


@dataclass(frozen=True)
class CodePage(View):
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

    template = "code"

    title: str
    href: str
    notebook: str
    cells: tuple[str, ...]
