"""The glossary as the value of a cell."""

from __future__ import annotations

from ..data.dataset import load
from ..view.glossary import Glossary
from .shown import Shown


def glossary(data=None) -> Shown:
    """Every term with its explanation.

    Parameters
    ----------
    data : path, optional
        Another data folder.
    """
    return Shown(Glossary.of(load(data)))
