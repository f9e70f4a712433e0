"""Analyses declared in ``analyses.csv`` become results: one dictionary, one ``results.json``."""

from .results import dumps, rounded
from .whole import Review, review

__all__ = ["Review", "dumps", "review", "rounded"]
