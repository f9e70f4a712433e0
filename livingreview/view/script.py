"""A script that pools the trials of one analysis, to be run where the book is not."""

from __future__ import annotations

from .base import View
from .forest import Forests, axis_of
from .recompute import Recompute, recompute


class Script(View, template="script"):
    """The script of an analysis."""

    title: str
    file: str  # with the effects of the trials, beside the script
    recompute: Recompute


def script(forests: Forests, result: dict, file: str) -> Script | None:
    """The script of an analysis.

    Parameters
    ----------
    forests : Forests
        Of its indication.
    result : dict
        One analysis of ``results.json``.
    file : str
        Name of the file of effects.

    Returns
    -------
    Script or None
        None where there is no estimate, or one by a method that scripts do not have.
    """
    found = recompute(forests.data, result, axis_of(result), forests.names, least=1)
    return found and Script(result["title"], file, found)
