"""From arm-level rows, or reported contrasts, to one effect size per trial and analysis."""

from .comparisons import Comparison, cell_class, comparisons
from .evidence import Evidence
from .question import Analysis, Effect, LeftOut, Rules, targets
from .selection import select
from .values import ArmValue, Reading

__all__ = [
    "Analysis", "ArmValue", "Comparison", "Effect", "Evidence", "LeftOut", "Reading", "Rules",
    "cell_class", "comparisons", "select", "targets",
]
