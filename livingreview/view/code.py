"""The code of an executed page, and where its notebook is."""

from __future__ import annotations

from .base import View


class CodePage(View, template="code"):
    """How a page was computed."""

    title: str  # of the page
    href: str  # the page
    notebook: str  # the executed notebook
    cells: tuple[str, ...]  # the code of its cells in order
