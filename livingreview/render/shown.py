"""What a cell of a notebook returns: a view, with its HTML for those who read the notebook."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter

from ..view.base import MIME, View, packed
from .engine import render

VIEWS = "LIVINGREVIEW_VIEWS"  # the variable by which a book keeps views alone


@dataclass(frozen=True)
class Shown:
    """A view as the last value of a cell.

    The executed notebook keeps the view; the book writes it when it is built, so that other words
    and templates execute nothing. It then asks for no HTML here.
    """

    view: View

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        view = packed(self.view)
        return {MIME: view} if os.environ.get(VIEWS) else {
            MIME: view, "text/html": str(render(view))}

    def _repr_html_(self) -> str:
        return str(render(self.view))


def shows(view: Callable[..., View], *names: str) -> Callable[..., Shown]:
    """A method that shows what a view makes of attributes of its page.

    Parameters
    ----------
    view : callable
        What the method is documented by.
    *names : str
        Of the attributes, such as ``review.data``; what a cell names itself stands behind them.
    """
    def method(page, *named: str) -> Shown:
        return Shown(view(*(attrgetter(name)(page) for name in names), *named))

    method.__doc__ = (view.__doc__ or "").partition("\n\n")[0]
    return method
