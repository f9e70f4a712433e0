"""Probability statements about the true effect in a new trial."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, stdtr

from .errors import SynthesisError, choice
from .pooling import Pooled

PREDICTION_DF = ("k-1", "k-2", "normal")


@dataclass(frozen=True)
class Beyond:
    """The chance that a new trial's true effect lies below or above a threshold.

    Attributes
    ----------
    threshold : float
        In the unit of the effects (log scale for ratios).
    below, above : float
        Probabilities; they sum to 1.
    centre, scale : float
        Of the predictive distribution, in the unit of the effects.
    df : int or None
        Degrees of freedom of the predictive t distribution; None for the normal distribution.
    """

    threshold: float
    below: float
    above: float
    centre: float
    scale: float
    df: int | None


def probability_beyond(
    pooled: Pooled, threshold: float, prediction_df: str = "k-1"
) -> Beyond:
    """Compute the chance that the true effect in a new trial is beyond a threshold.

    Conventions: the new trial's true effect is predicted by t on `prediction_df` degrees of freedom
    around μ̂ with scale √(τ² + se²), se as in the pool's own interval (HKSJ included): the
    distribution whose central quantiles are the prediction interval of `pool` when that was given
    the same `prediction_df` (so the chance beyond either of its 95% limits is 2.5%). The chance
    assumes that the new trial is like those pooled, that true effects are normal, and it does not
    count the uncertainty of τ². It says nothing of the mean effect or of one patient.

    Parameters
    ----------
    pooled : Pooled
        Of `pool` with random effects, of at least 3 studies.
    threshold : float
        In the unit of the effects: the minimal important difference, say, with its sign; the
        logarithm of a ratio.
    prediction_df : {'k-1', 'k-2', 'normal'}
        As in `pool`.

    Returns
    -------
    Beyond

    Raises
    ------
    SynthesisError
        If the pool has no between-study variance (common effect, Mantel–Haenszel, Peto, one study)
        or fewer than 3 studies, the scale is 0, the threshold is not finite, or the option is
        unknown.

    References
    ----------
    Higgins JPT, Thompson SG, Spiegelhalter DJ (2009). A re-evaluation of random-effects
    meta-analysis. Journal of the Royal Statistical Society A 172:137–159. Mathur MB, VanderWeele TJ
    (2019). New metrics for meta-analyses of heterogeneous effects. Statistics in Medicine
    38:1336–1342.
    """
    choice("prediction_df", prediction_df, PREDICTION_DF)
    if not np.isfinite(threshold):
        raise SynthesisError(f"threshold must be a finite number, not {threshold}")
    if pooled.tau2 is None:
        raise SynthesisError("a new trial's effect can be predicted only from random effects")
    if pooled.k < 3:
        raise SynthesisError(f"a prediction needs at least 3 studies, not {pooled.k}")
    scale = float(np.hypot(np.sqrt(pooled.tau2), pooled.se))
    if scale == 0:
        raise SynthesisError("the predictive distribution has no spread")
    df = {"k-1": pooled.k - 1, "k-2": pooled.k - 2, "normal": None}[prediction_df]
    # Each tail is computed by itself, so that a small one keeps its digits.
    distance = (threshold - pooled.estimate) / scale
    below, above = (float(ndtr(x) if df is None else stdtr(df, x)) for x in (distance, -distance))
    return Beyond(float(threshold), below, above, pooled.estimate, scale, df)
