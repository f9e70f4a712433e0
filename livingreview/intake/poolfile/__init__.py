"""Pool the trials of any file: what ``python -m livingreview pool`` does.

A file goes through these modules: `opening` tells its kind and makes it a table of texts (with
`workbooks` and `statistical`), `arms` and `composite` put that in shape, `columns` finds which
column is which, `cells` reads numbers, `choosing` settles what effects are computed from, `rules`
and `sentinels` name what is wrong or odd, `trials` puts it together. The statistics are those of
`synthesis`. A trial that lacks a number is left out, with the reason.
"""

from ...data.reading import DataError
from .asking import DECIMALS, SEPARATORS, Reading
from .drawn import drawing, shown
from .pooling import Result, pool
from .question import INTERVALS, MEASURES, METHODS, ZERO_CELLS, CallError, Question
from .results import as_json, document, natural
from .trials import Trials, printable, read

__all__ = ["CallError", "DataError", "INTERVALS", "MEASURES", "METHODS", "Question",
           "Reading", "Result", "SEPARATORS", "DECIMALS",
           "Trials", "ZERO_CELLS", "as_json", "document", "drawing", "natural", "pool",
           "printable", "read", "shown"]
