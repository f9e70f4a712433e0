"""Pool the trials of any file: what ``python -m livingreview pool`` does.

The file is read and its problems are named by the machinery of the data folder (`reading`); the
statistics are those of `synthesis`. An empty cell means "not stated": its trial is left out, with
the reason.
"""

from ...data.reading import DataError
from .drawn import drawing, shown
from .measures import MEASURES
from .pooling import Result, pool
from .question import (
    FURTHER,
    INTERVALS,
    METHODS,
    PREDICTION_DF,
    RULES,
    SMD_VARIANCES,
    WORKING,
    ZERO_CELLS,
    CallError,
    Question,
)
from .results import as_json, document
from .trials import Trials, printable, read

__all__ = ["CallError", "DataError", "FURTHER", "INTERVALS", "MEASURES", "METHODS",
           "PREDICTION_DF", "Question", "RULES", "Result", "SMD_VARIANCES", "Trials", "WORKING",
           "ZERO_CELLS", "as_json", "document", "drawing", "pool", "printable", "read", "shown"]
