"""Temporary."""
from ..synthesis.bayes import Prior


def prior_for(data, analysis, effects):
    return Prior("half-normal", 10.0 if analysis.measure in ("MD", "mean-change") else 0.5)
