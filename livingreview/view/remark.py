"""What stands in the place of a part that a page does not show."""

from __future__ import annotations

from .base import Label, View


class Remark(View, template="remark"):
    """Why a part is not here.

    Attributes
    ----------
    why : str
        ``above`` (it stands there already), ``unasked`` (nothing asks what was asked for),
        ``undivided`` (the trials are of no two groups) or ``undeclared``.
    title : str or Label
        Of the analysis, or the outcome.
    target : str
        Identifier of the part that stands above; empty where it has none.
    asked : str
        What was asked for.
    """

    why: str
    title: str | Label = ""
    target: str = ""
    asked: str = ""

    @property
    def anchor(self) -> str:
        """A remark has no identifier on a page."""
        return ""
