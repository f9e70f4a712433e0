"""A finding as one line of a list, with a small drawing on an axis that its list shares."""

from __future__ import annotations

import math

from ..review.measure import ratio
from .axis import Axis, Mark
from .base import Struct
from .finding import Finding, Findings
from .forest import PERCENT, axis_of, important, mark_of

# Ends of the axis of a list, by the unit of an effect: rows of one unit can be compared by eye.
_ENDS = {"points-of-100": (-40.0, 40.0), "sd": (-2.0, 2.0)}
_RATIOS = (math.log(0.1), math.log(10))


class FindingRow(Struct):
    """One finding in a list."""

    finding: Finding
    mark: Mark | None  # None where there is no estimate
    zero: float | None  # place of the line of no effect; a share of patients has none
    # places of the lines of the smallest change that a patient notices
    important: tuple[float, ...]
    # what the axis runs from and to, in the unit of the effect; None where it is the row's own
    ends: tuple[float, float] | None


def row_of(result: dict, findings: Findings) -> FindingRow:
    """A finding as a line of a list.

    Parameters
    ----------
    result : dict
        One analysis of ``results.json``.
    findings : Findings
        Of its indication.
    """
    finding = findings.of(result)
    ends, share = _ends(result, finding), finding.question.measure == "proportion"
    axis = Axis((), ratio(result), ends=ends) if ends else axis_of(result)
    return FindingRow(
        finding, mark_of(axis, result["pooled"]),
        None if share else axis.x(1.0 if axis.log else 0.0),
        tuple(axis.x(v) for v in important(result) if axis.inside(v)),
        (0.0, 100.0) if share else tuple(map(axis.value, ends)) if ends else None)


def _ends(result: dict, finding: Finding) -> tuple[float, float] | None:
    """The ends of the axis of all rows of a unit; None where the unit is rare."""
    if ratio(result):
        return _RATIOS
    if finding.question.measure == "proportion":
        return PERCENT
    return _ENDS.get(finding.question.unit)
