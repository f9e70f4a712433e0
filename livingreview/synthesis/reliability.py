"""Cronbach's alpha of a scale as an effect, with its sampling variance."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .errors import choice, columns, refuse
from .measures import Effects, complete

ALPHA_SCALES = ("raw", "cube-root", "log")


def cronbach_alpha(
    alpha: ArrayLike, items: ArrayLike, n: ArrayLike, scale: str = "raw"
) -> Effects:
    """Compute Cronbach's alpha or a transformation of it (metafor's ARAW, AHW and ABT).

    Conventions: transformed values rise with alpha; the papers' fall.

    Parameters
    ----------
    alpha : array_like, shape (k,)
        Below 1; a negative one is possible.
    items : array_like, shape (k,)
        Parts of the instrument, 2 or more.
    n : array_like, shape (k,)
        Participants, above 2.
    scale : {'raw', 'cube-root', 'log'}

    Returns
    -------
    Effects
        With m items and a = 1 − alpha: alpha and 2m a²/((m − 1)(n − 2)) ('raw'); 1 − a^⅓ and
        18m(n − 1) a^⅔/((m − 1)(9n − 11)²) ('cube-root'); −ln a and 2m/((m − 1)(n − 2)) ('log').

    Raises
    ------
    SynthesisError
        If alpha is 1 or more, there are fewer than 2 items, `n` is 2 or less, a value is not
        finite, or the scale is unknown.

    References
    ----------
    van Zyl JM, Neudecker H, Nel DG (2000). On the distribution of the maximum likelihood estimator
    of Cronbach's alpha. Psychometrika 65:271–280 ('raw'). Hakstian AR, Whalen TE (1976). A k-sample
    significance test for independent alpha coefficients. Psychometrika 41:219–231 ('cube-root').
    Bonett DG (2002). Sample size requirements for testing and estimating coefficient alpha. Journal
    of Educational and Behavioral Statistics 27:335–340 ('log').
    """
    choice("scale", scale, ALPHA_SCALES)
    alpha, items, n = columns(alpha=alpha, items=items, n=n)
    refuse(alpha >= 1, alpha, "alpha must be below 1")
    refuse(items < 2, items, "items must be 2 or more")
    refuse(n <= 2, n, "n must exceed 2 for Cronbach's alpha")
    rest, share = 1 - alpha, items / (items - 1)
    if scale == "cube-root":
        return complete(1 - np.cbrt(rest),
                        18 * share * (n - 1) * np.cbrt(rest) ** 2 / (9 * n - 11) ** 2)
    unit = 2 * share / (n - 2)
    return complete(-np.log(rest), unit) if scale == "log" else complete(alpha, unit * rest**2)
