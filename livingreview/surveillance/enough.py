"""Whether enough records of a ranked list were read: a test of the recall that is reached.

For the first, large search alone: months of some tens of records are read whole.

References
----------
Callaghan MW, Müller-Hansen F (2020). Statistical stopping criteria for automated screening in
systematic reviews. Systematic Reviews 9:273. doi:10.1186/s13643-020-01521-4
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor

import numpy as np
from scipy.stats import hypergeom

TARGET = 0.95
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Enough:
    """What the rule says of records that were read in their order.

    Attributes
    ----------
    stop : bool
    p : float
        Smallest probability, over all ends of the list that could be taken for a random sample,
        of finding as few included records there were recall below the target.
    target, confidence : float
        As asked.
    read, included, records : int
        Records that were read, the included ones among them, and all.
    """

    stop: bool
    p: float
    target: float
    confidence: float
    read: int
    included: int
    records: int

    def __str__(self) -> str:
        if not self.included:
            said = "nothing is included yet, so the rule cannot say"
        elif self.stop:
            said = "the rule allows to stop"
        else:
            said = "read on"
        return (f"{self.read} of {self.records} records read, {self.included} included; that "
                f"recall is below {self.target:.0%} has p = {self.p:.3g} (stopping needs less "
                f"than {1 - self.confidence:.3g}, confidence {self.confidence:.0%}): {said}")


def missing(included: int, before: np.ndarray | int, target: float) -> np.ndarray | int:
    """The fewest included records that were left before a sample, were recall below the target.

    Parameters
    ----------
    included : int
        Found up to now, in the sample too.
    before : int or array of int
        Found before the sample.
    target : float
        Recall, between 0 and 1.
    """
    return floor(included / Fraction(str(target))) + 1 - before


def probability(sample, found, left, lacking) -> np.ndarray:
    """Probability of finding so few included records in a random sample.

    Parameters
    ----------
    sample, found : int or array of int
        Records of the sample, and the included ones among them.
    left : int or array of int
        Records that were unread before the sample.
    lacking : int or array of int
        Included records among those; more than are left is impossible, and has probability 0.
    """
    possible = np.minimum(lacking, left)
    return np.where(lacking > left, 0.0, hypergeom.cdf(found, left, possible, sample))


def enough(decided: Sequence[bool], records: int, target: float = TARGET,
           confidence: float = CONFIDENCE) -> Enough:
    """The stopping rule for records that are read in ranked order.

    For any i, the last i records that were read are taken for a random sample of what was unread
    before them. With K the fewest included records that were left before the sample if the target
    were missed, p = P(X <= found), X hypergeometric (section "Methods" of the paper); the smallest
    p over all i decides. A ranking puts included records earlier than chance does, so that each
    test errs towards reading on; where it ranks no better than chance, that many tests are made
    makes stopping too early more likely than 1 - confidence.

    Parameters
    ----------
    decided : sequence of bool
        Whether each record that was read is included, in the order of reading.
    records : int
        Read and unread ones.
    target, confidence : float
        Recall that is to be reached, and how sure that is to be; between 0 and 1.

    Raises
    ------
    ValueError
        When target or confidence are not between 0 and 1, or more were read than there are.
    """
    if not (0 < target < 1 and 0 < confidence < 1):
        raise ValueError(f"target {target} and confidence {confidence}: expected numbers between "
                         "0 and 1")
    read, included = len(decided), int(sum(decided))
    if read > records:
        raise ValueError(f"{read} records were read of {records}")
    p = 1.0
    if read == records:
        p = 0.0
    elif included:
        before = included - np.cumsum(np.asarray(decided, dtype=int)[::-1])
        # Of ends of the list with as many included records the longest has the smallest p.
        longest = np.append(np.flatnonzero(np.diff(before)), read - 1)
        sample, before = longest + 1, before[longest]
        p = float(probability(sample, included - before, records - read + sample,
                              missing(included, before, target)).min())
    return Enough(p < 1 - confidence, p, target, confidence, read, included, records)
