"""Pool the trials of any CSV file: what ``python -m livingreview pool`` does.

The file is read and its problems are named by the machinery of the data folder (`reading`); the
statistics are those of `synthesis`. An empty cell means "not stated": its trial is left out, with
the reason.
"""

from ...data.reading import DataError
from .drawn import drawing, shown
from .pooling import Result, pool
from .question import INTERVALS, MEASURES, METHODS, ZERO_CELLS, CallError, Question
from .results import as_json, document, natural
from .trials import Trials, printable, read

__all__ = ["CallError", "DataError", "INTERVALS", "MEASURES", "METHODS", "Question", "Result",
           "Trials", "ZERO_CELLS", "as_json", "document", "drawing", "natural", "pool",
           "printable", "read", "shown"]
