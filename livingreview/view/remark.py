"""What stands in the place of a part that a page does not show."""

from __future__ import annotations

from .base import Label, View


class Remark(View, template="remark"):
    """Why a part is not here."""

    # ``above`` (it stands there already), ``unasked`` (nothing asks what was asked for),
    # ``undivided`` (the trials are of no two groups) or ``undeclared``
    why: str
    title: str | Label = ""  # of the analysis, or the outcome
    target: str = ""  # identifier of the part that stands above; empty where it has none
    asked: str = ""  # what was asked for

    @property
    def anchor(self) -> str:
        """A remark has no identifier on a page."""
        return ""
