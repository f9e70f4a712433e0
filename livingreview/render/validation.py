"""The validation page as its cells return it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from ..view import validation as views
from ..view.agreement import NoReference
from ..view.base import View
from .shown import Shown


def _shows(view: Callable[[], View]) -> Callable[..., Shown]:
    """A method that shows a view, or what is missing instead of it."""
    @wraps(view)
    def method(page) -> Shown:
        try:
            return Shown(view())
        except NoReference as error:
            return Shown(views.Unanswered(*error.args))

    return method


class Validation:
    """The blocks of the validation page.

    Examples
    --------
    >>> Validation().differences()  # doctest: +SKIP
    """

    summary = _shows(views.compared)
    agreement = _shows(views.kinds)
    iterations = _shows(views.iterations)
    second_judges = _shows(views.judges)
    differences = _shows(views.differences)
