"""The network of a file of trials: what is printed of it."""

from __future__ import annotations

from dataclasses import dataclass

from .base import View


@dataclass(frozen=True)
class PooledNetwork(View):
    """The network of a file.

    Attributes
    ----------
    document : dict
        What the command gives as JSON.
    name : str
        Of the file.
    decimals : int or None
        Of estimates; None where they have no fixed ones.
    """

    template = "pooled_network"

    document: dict
    name: str
    decimals: int | None
