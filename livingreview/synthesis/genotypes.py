"""How far the genotypes of a sample are from the Hardy–Weinberg equilibrium."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .errors import columns, refuse
from .measures import Effects, with_reasons
from .notes import NOTES


def relative_excess_heterozygosity(
    homozygous: ArrayLike, heterozygous: ArrayLike, other_homozygous: ArrayLike
) -> Effects:
    """Compute logs of the relative excess heterozygosity (metafor's REH); 0 is the equilibrium.

    Conventions: nothing is added; a row with an empty genotype is not used.

    Parameters
    ----------
    homozygous, heterozygous, other_homozygous : array_like, shape (k,)
        People with each genotype.

    Returns
    -------
    Effects
        With the shares p₀, p₁, p₂ of n people: `yi` = ln(p₁ ÷ 2√(p₀p₂)),
        `vi` = ((1 − p₁)/(4p₀p₂) + 1/p₁)/n.

    Raises
    ------
    SynthesisError
        If a count is negative or not finite, or nobody is in a row.

    References
    ----------
    Ziegler A, Steen KV, Wellek S (2011). Investigating Hardy–Weinberg equilibrium in case–control
    or cohort studies or meta-analysis. Breast Cancer Research and Treatment 128:197–201.
    """
    named = columns(homozygous=homozygous, heterozygous=heterozygous,
                    other_homozygous=other_homozygous)
    for name, cell in zip(("homozygous", "heterozygous", "other_homozygous"), named, strict=True):
        refuse(cell < 0, cell, f"{name} must not be negative")
    table = np.array(named)
    n = table.sum(axis=0)
    refuse(n <= 0, n, "a row must hold somebody")
    with np.errstate(divide="ignore", invalid="ignore"):
        p0, p1, p2 = table / n
        yi = np.log(p1) - np.log(2 * np.sqrt(p0 * p2))
        vi = ((1 - p1) / (4 * p0 * p2) + 1 / p1) / n
    return with_reasons(yi, vi, [((table == 0).any(axis=0), NOTES["zero-cell"])])
