"""From arm-level rows, or reported contrasts, to one effect size per trial and analysis."""

from .comparisons import Comparison, comparisons, treatment_class
from .evidence import Evidence
from .question import Analysis, Effect, LeftOut, Rules, targets
from .selection import select
from .values import ArmValue, Reading

__all__ = [
    "Analysis", "ArmValue", "Comparison", "Effect", "Evidence", "LeftOut", "Reading", "Rules",
    "treatment_class", "comparisons", "select", "targets",
]
