"""On which metric a score stands: one questionnaire is scored in several ways under one name.

The components of the SF-36 are printed as norm-based scores (a population has a mean of 50 and an
SD of 10) and as shares of their range (0 to 100): ten points are one SD on the one, and much less
on the other. ``metrics.csv`` lists the metrics of such outcomes. What a trial used is told by the
text of its instrument and by its values: means and SDs that one metric cannot have are on another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from .dataset import Dataset

# A group of patients lies nearer to the norm than this many of its SDs, and spreads by fewer.
FARTHEST, WIDEST = 3, 2


@dataclass(frozen=True)
class Scored:
    """How an outcome of a study was scored.

    Attributes
    ----------
    metric : str or None
        A word of `metric`; None where the values fit no metric of the outcome.
    expected : str
        The one that the text of the instrument names, else the first of the outcome.
    misfit : tuple of (mapping, str) or None
        The first row that the expected metric cannot have, and its column.
    """

    metric: str | None
    expected: str
    misfit: tuple[Mapping, str] | None


def limits(metric: Mapping) -> tuple[float, float, float] | None:
    """Lowest and highest mean, and the largest SD, that a group can have on a metric.

    None where the row of ``metrics.csv`` does not say: neither a norm nor limits, both, or part.
    """
    mean, sd, low, high = (metric[c] for c in ("norm_mean", "norm_sd", "scale_min", "scale_max"))
    if None not in (mean, sd) and (low, high) == (None, None) and sd > 0:
        return mean - FARTHEST * sd, mean + FARTHEST * sd, WIDEST * sd
    if None not in (low, high) and (mean, sd) == (None, None) and low < high:
        return low, high, (high - low) / 2  # no scores between two limits spread more
    return None


def _misfits(metric: Mapping, rows: Iterable[Mapping]) -> Iterator[tuple[Mapping, str]]:
    """Rows that a metric cannot have, with the column that tells."""
    low, high, widest = limits(metric)
    for row in rows:
        if row["statistic"] == "percent-change":
            continue
        for column in ("mean", "median"):
            value = row[column]
            if value is not None and not (low <= value <= high if row["statistic"] == "final"
                                          else abs(value) <= high - low):
                yield row, column
        if row["sd"] is not None and row["sd"] > widest:
            yield row, "sd"


def scored(data: Dataset, indication: str, study_id: str, outcome: str, instrument: str | None
           ) -> Scored | None:
    """How a study scored an outcome; None where the outcome has one metric alone.

    Parameters
    ----------
    data : Dataset
    indication, study_id, outcome : str
    instrument : str or None
        As the rows print it.
    """
    metrics = [m for m in data.having("metrics", "outcome", outcome) if limits(m)]
    if not metrics:
        return None
    text = (instrument or "").lower()
    named = [m for m in metrics if any(form.lower() in text for form in m["forms"])]
    first = (named or metrics)[0]
    rows = [r for r in data.having("outcomes", "study_id", study_id, indication)
            if r["outcome"] == outcome and r["instrument"] == instrument]
    misfit = next(_misfits(first, rows), None)
    fitting = [m["metric"] for m in (first, *metrics) if next(_misfits(m, rows), None) is None]
    return Scored(fitting[0] if fitting else None, first["metric"], misfit)
