"""The validation page as its cells return it."""

from __future__ import annotations

from collections.abc import Callable

from ..view import validation as views
from ..view.agreement import NoReference
from ..view.base import View
from .shown import Shown


def _shown(view: Callable[[], View]) -> Shown:
    """A view, or what is missing instead of it."""
    try:
        return Shown(view())
    except NoReference as error:
        return Shown(views.Unanswered(*error.args))


class Validation:
    """The blocks of the validation page.

    Examples
    --------
    >>> Validation().differences()  # doctest: +SKIP
    """

    def summary(self) -> Shown:
        """How much was compared, with what, and the worst agreement."""
        return _shown(views.compared)

    def agreement(self) -> Shown:
        """Every kind of quantity with its largest difference."""
        return _shown(views.kinds)

    def iterations(self) -> Shown:
        """Where metafor's own iteration ends elsewhere than at the highest likelihood."""
        return _shown(views.iterations)

    def second_judges(self) -> Shown:
        """What two Python packages say of the same data sets: agreement, then departures."""
        return _shown(views.judges)

    def differences(self) -> Shown:
        """Conventions that are not metafor's defaults, from the documentation."""
        return _shown(views.differences)
