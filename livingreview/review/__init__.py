"""Analyses declared in ``analyses.csv`` become results: one dictionary, one ``results.json``."""

from .written import dumps, rounded

__all__ = ["Review", "dumps", "review", "rounded"]


def __getattr__(name: str):
    """`Review` and `review` when they are asked for: what only writes numbers needs no data."""
    if name not in __all__:
        raise AttributeError(f"module {__name__} has no {name}")
    from . import whole

    return getattr(whole, name)
