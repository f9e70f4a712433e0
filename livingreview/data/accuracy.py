"""Tables of the accuracy of diagnostic tests: known by their columns, and out of scope."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Of each, the forms of its name; two that belong together say what a table is.
_TOGETHER = (({"tp", "truepositive", "truepositives"}, {"fn", "falsenegative", "falsenegatives"}),
             ({"tn", "truenegative", "truenegatives"}, {"fp", "falsepositive", "falsepositives"}),
             ({"sensitivity", "sens", "sn"}, {"specificity", "spec", "sp"}))
WHAT = "the accuracy of a diagnostic test"
EXPECTED = ("a table of trials, of single groups or of animals; accuracy needs a bivariate model "
            "of sensitivity and specificity, which is not part of this: R's mada (reitsma) and "
            "Stata's metadta have it")


def is_accuracy(header: Iterable[str]) -> bool:
    """Whether the columns of a table are those of studies of diagnostic tests.

    Parameters
    ----------
    header : iterable of str
        Case, spaces and signs do not matter.
    """
    names = {re.sub(r"[\W_]+", "", str(name)).lower() for name in header}
    return any(one & names and other & names for one, other in _TOGETHER)
