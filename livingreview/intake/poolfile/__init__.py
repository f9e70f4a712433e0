"""Pool the trials of any file: what ``python -m livingreview pool`` does.

A file goes through these modules: `opening` tells its kind and makes it a table of texts (with
`workbooks` and `statistical`), `arms` and `composite` put that in shape, `columns` finds which
column is which, `cells` reads numbers, `choosing` settles what effects are computed from, `rules`
and `sentinels` name what is wrong or odd, `trials` puts it together. A trial that lacks a number is
left out, with the reason. What is asked is a `Question`, of a measure of `measures`; `pooling`
answers it with the statistics of `synthesis`, `subgroups`, `moderators`, `clusters` and `further`
what is asked beside, `results` and `drawn` say it. `network` compares many treatments (with
`network_sentinels`), `leagues` and `network_drawn` say it.
"""

from ...data.problems import DataError
from .asking import DECIMALS, SEPARATORS, Reading
from .drawn import drawing, shown
from .measures import MEASURES
from .pooling import Result, pool
from .question import (
    FURTHER,
    INTERVALS,
    METHODS,
    PREDICTION_DF,
    RULES,
    VARIANCES,
    WORKING,
    ZERO_CELLS,
    CallError,
    Question,
)
from .results import as_json, document
from .trials import Trials, printable, read

__all__ = ["CallError", "DECIMALS", "DataError", "FURTHER", "INTERVALS", "MEASURES", "METHODS",
           "PREDICTION_DF", "Question", "RULES", "Reading", "Result", "SEPARATORS",
           "VARIANCES", "Trials", "WORKING", "ZERO_CELLS", "as_json", "document", "drawing",
           "pool", "printable", "read", "shown"]
