"""Risks of one group under two conditions, or of matched pairs, from paired 2 × 2 tables.

Of n people (or pairs) `both` had the event under both conditions, `first` only under the first,
`second` only under the second, `neither` under none.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import FloatArray, choice, columns, refuse
from .measures import ZERO_CELLS, Effects, with_reasons
from .notes import NOTES

PAIRED_MEASURES = ("RR", "OR", "RD", "conditional-OR", "conditional-Peto")
_ZERO_CELL = NOTES["zero-cell"]


def _table(
    both: ArrayLike, first: ArrayLike, second: ArrayLike, neither: ArrayLike, zero_cells: str
) -> list[FloatArray]:
    """(Corrected) cells."""
    choice("zero_cells", zero_cells, ZERO_CELLS)
    named = columns(both=both, first=first, second=second, neither=neither)
    for name, cell in zip(("both", "first", "second", "neither"), named, strict=True):
        refuse(cell < 0, cell, f"{name} must not be negative")
    table = np.array(named)
    refuse(table.sum(axis=0) <= 0, table.sum(axis=0), "a table must hold somebody")
    add = {"only": np.where((table == 0).any(axis=0), 0.5, 0.0), "all": 0.5, "none": 0.0}
    return list(table + add[zero_cells])


def paired_risks(
    both: ArrayLike, first: ArrayLike, second: ArrayLike, neither: ArrayLike,
    measure: str = "RR", zero_cells: str = "only",
) -> Effects:
    """Compute contrasts of two paired risks, first condition against the second.

    Conventions: 'RR', 'OR' and 'RD' compare the risks of the margins (metafor's MPRR, MPOR, MPRD),
    'conditional-OR' and 'conditional-Peto' the odds within pairs, which only the discordant ones
    tell (MPORC, MPPETO). 0.5 is added to all four cells of the rows that have any zero cell
    ('only'), of every row ('all') or of none ('none'); a row that has no value then is not used.

    Parameters
    ----------
    both, first, second, neither : array_like, shape (k,)
        People (or pairs) of each kind.
    measure : {'RR', 'OR', 'RD', 'conditional-OR', 'conditional-Peto'}
    zero_cells : {'only', 'all', 'none'}

    Returns
    -------
    Effects
        With the cells a, b, c, d, n their sum, and the risks p = (a + b)/n and q = (a + c)/n:
        ln(p/q) and (b + c)/((a + b)(a + c)); logit p − logit q and
        (b + c − (b − c)²/n)/(n² p(1 − p)q(1 − q)); p − q and (b + c − (b − c)²/n)/n²; ln(b/c) and
        1/b + 1/c; 2(b − c)/(b + c) and 4/(b + c).

    Raises
    ------
    SynthesisError
        If a count is negative or not finite, a table is empty, or an option is unknown.

    References
    ----------
    Curtin F, Elbourne D, Altman DG (2002). Meta-analysis combining parallel and cross-over
    clinical trials. II: Binary outcomes. Statistics in Medicine 21:2145–2159. Zou GY (2007). One
    relative risk versus two odds ratios: implications for meta-analyses involving paired and
    unpaired binary data. Clinical Trials 4:25–31. Becker MP, Balagtas CC (1993). Marginal modeling
    of binary cross-over data. Biometrics 49:997–1009 ('OR').
    """
    choice("measure", measure, PAIRED_MEASURES)
    a, b, c, d = _table(both, first, second, neither, zero_cells)
    n = a + b + c + d
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = b + c - (b - c) ** 2 / n
        yi, vi = {
            "RR": lambda: (np.log(a + b) - np.log(a + c), (b + c) / ((a + b) * (a + c))),
            "OR": lambda: (np.log((a + b) / (c + d)) - np.log((a + c) / (b + d)),
                           spread * n**2 / ((a + b) * (c + d) * (a + c) * (b + d))),
            "RD": lambda: ((b - c) / n, spread / n**2),
            "conditional-OR": lambda: (np.log(b) - np.log(c), 1 / b + 1 / c),
            "conditional-Peto": lambda: (2 * (b - c) / (b + c), 4 / (b + c)),
        }[measure]()
    bare: NDArray[np.bool_] = ~(np.isfinite(yi) & np.isfinite(vi) & (vi > 0))
    return with_reasons(yi, vi, [(bare, _ZERO_CELL)])
