"""Analyses declared in ``analyses.csv`` become results: one dictionary, one ``results.json``."""

from .results import Review, dumps, review

__all__ = ["Review", "dumps", "review"]
