"""How far two people who screen agree, beyond what chance would have them agree."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist


@dataclass(frozen=True)
class Kappa:
    """Cohen's kappa of two people.

    Attributes
    ----------
    n : int
        Reports that both decided.
    agreed : int
        Those that they decided alike.
    kappa : float or None
        None where it is not defined: nothing was decided by both, or both gave one and the same
        decision throughout, so that chance alone explains the agreement.
    low, high : float or None
        Ends of its confidence interval, within -1 and 1. None where kappa is, and where all
        decisions are alike: the variance is estimated as 0 then, which says nothing.
    level : float
    """

    n: int
    agreed: int
    kappa: float | None
    low: float | None
    high: float | None
    level: float


def kappa(pairs: Iterable[tuple[str, str]], level: float = 0.95) -> Kappa:
    """Cohen's kappa with a confidence interval.

    Parameters
    ----------
    pairs : iterable of (str, str)
        The decisions of one person and of the other on each report that both decided.
    level : float, optional

    Returns
    -------
    Kappa

    Notes
    -----
    Kappa is (p_o - p_e) / (1 - p_e), with p_o the share of equal decisions and p_e that of chance
    [1]_. The interval is kappa ± z s, with s² the large-sample variance [2]_:

    n (1 - p_e)⁴ s² = Σ_i p_ii [(1 - p_e) - (p_.i + p_i.) (1 - p_o)]²
    + (1 - p_o)² Σ_{i≠j} p_ij (p_.i + p_j.)² - (p_o p_e - 2 p_e + p_o)².

    With few reports it is rough.

    References
    ----------
    .. [1] Cohen J. A coefficient of agreement for nominal scales. Educ Psychol Meas
       1960;20:37-46. doi:10.1177/001316446002000104
    .. [2] Fleiss JL, Cohen J, Everitt BS. Large sample standard errors of kappa and weighted
       kappa. Psychol Bull 1969;72:323-327. doi:10.1037/h0028106
    """
    counted = Counter(pairs)
    n = counted.total()
    agreed = sum(times for (one, other), times in counted.items() if one == other)
    if not n:
        return Kappa(0, 0, None, None, None, level)
    p = {pair: times / n for pair, times in counted.items()}
    rows, columns = Counter(), Counter()
    for (one, other), share in p.items():
        rows[one] += share
        columns[other] += share
    observed, chance = agreed / n, sum(rows[word] * columns[word] for word in rows)
    if math.isclose(chance, 1):
        return Kappa(n, agreed, None, None, None, level)
    value = (observed - chance) / (1 - chance)
    if agreed == n:
        return Kappa(n, agreed, 1.0, None, None, level)
    equal = sum(share * ((1 - chance) - (columns[one] + rows[one]) * (1 - observed)) ** 2
                for (one, other), share in p.items() if one == other)
    unequal = (1 - observed) ** 2 * sum(share * (columns[one] + rows[other]) ** 2
                                        for (one, other), share in p.items() if one != other)
    variance = (equal + unequal - (observed * chance - 2 * chance + observed) ** 2) / (
        n * (1 - chance) ** 4)
    if math.isclose(variance, 0, abs_tol=1e-12):  # such as one who decides all alike
        return Kappa(n, agreed, value, None, None, level)
    half = NormalDist().inv_cdf((1 + level) / 2) * math.sqrt(variance)
    return Kappa(n, agreed, value, max(value - half, -1), min(value + half, 1), level)
