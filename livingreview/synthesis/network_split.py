"""Direct and indirect evidence of a network: by back-calculation, and by splitting a node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .contrasts import Trial, connected
from .error_contrasts import errors
from .errors import SynthesisError
from .network_parts import Estimate, Scale, independent_rows, least_squares


class Split(NamedTuple):
    """Direct and indirect evidence on one comparison.

    Attributes
    ----------
    treat1, treat2 : str
        Effects are of the first minus those of the second.
    k : int
        Trials that compare the two.
    share : float
        Share of the network estimate that is direct: its variance over that of `direct`.
    direct, network : Estimate
    indirect, difference : Estimate or None
        None where no trials but those that compare the two connect them; direct minus indirect.
    """

    treat1: str
    treat2: str
    k: int
    share: float
    direct: Estimate
    network: Estimate
    indirect: Estimate | None
    difference: Estimate | None


def splits(
    trials: Sequence[Trial], estimates: dict[tuple[str, str], tuple[float, float]], tau2: float,
    scale: Scale,
) -> list[Split]:
    """Separate direct from indirect evidence on each comparison (SIDE), by back-calculation.

    The direct estimate pools the trials that compare the two, at the network's τ²; the indirect
    one is what the network estimate, as their mean by precision, leaves.

    Parameters
    ----------
    trials : sequence of Trial
    estimates : dict of (str, str) to (float, float)
        Network estimates and variances of the comparisons that have trials.
    tau2 : float
    scale : Scale

    References
    ----------
    Dias S, Welton NJ, Caldwell DM, Ades AE (2010). Checking consistency in mixed treatment
    comparison meta-analysis. Statistics in Medicine 29:932–944 (back-calculation). König J, Krahn
    U, Binder H (2013). Visualizing the flow of evidence in network meta-analysis and characterizing
    mixed treatment comparisons. Statistics in Medicine 32:5414–5429.
    """
    out = []
    for (first, second), (network, variance) in estimates.items():
        own = [t for t in trials if first in t.arms and second in t.arms]
        y, v = np.array([t.contrast(first, second) for t in own]).T
        w = 1 / (v + tau2)
        direct, direct_v = float(w @ y / w.sum()), float(1 / w.sum())
        indirect = difference = None
        if elsewhere(trials, first, second) and variance < direct_v:
            precision = 1 / variance - 1 / direct_v
            other = (network / variance - direct / direct_v) / precision
            indirect = scale.estimate(other, 1 / precision)
            difference = scale.estimate(direct - other, direct_v + 1 / precision)
        out.append(Split(first, second, len(own), variance / direct_v,
                         scale.estimate(direct, direct_v), scale.estimate(network, variance),
                         indirect, difference))
    return out


def elsewhere(trials: Sequence[Trial], first: str, second: str) -> bool:
    """Whether trials that do not compare two treatments connect them."""
    rest = [t for t in trials if not (first in t.arms and second in t.arms)]
    return any(first in part and second in part for part in connected(rest))


def node_split(
    trials: Sequence[Trial], first: str, second: str, *, tau2_method: str = "REML",
    level: float = 0.95,
) -> tuple[Split, float | None]:
    """Split one comparison: fit the network with an effect of its own in the trials of the two.

    Formula: trials that compare the two treatments have ω/2 added to the effect of the first and
    taken from that of the second; other arms of such trials are as elsewhere (symmetrical
    splitting). ω is direct minus indirect; τ² is estimated anew.

    Parameters
    ----------
    trials : sequence of Trial
        Of a connected network; `Network.trials`.
    first, second : str
    tau2_method : str
        As in `network`.
    level : float

    Returns
    -------
    tuple of (Split, float or None)
        The split (its share is of variances, its network estimate that of the unsplit model at the
        same τ²), and τ².

    Raises
    ------
    SynthesisError
        If no trial compares the two, no other trials connect them, or too few trials are left.

    References
    ----------
    White IR (2015). Network meta-analysis. Stata Journal 15:951–985. van Valkenhoef G, Dias S,
    Ades AE, Welton NJ (2016). Automated generation of node-splitting models for assessment of
    inconsistency in network meta-analysis. Research Synthesis Methods 7:80–93.
    """
    own = [t for t in trials if first in t.arms and second in t.arms]
    if not own:
        raise SynthesisError(f"no trial compares {first} with {second}")
    if not elsewhere(trials, first, second):
        raise SynthesisError(f"no trials but those that compare them connect {first} with {second}")
    treatments = sorted({arm for t in trials for arm in t.arms} - {second})
    y, v, x = independent_rows(trials, [*treatments, second])
    extra, row = np.zeros(y.size), 0
    for trial in trials:
        if first in trial.arms and second in trial.arms:
            half = np.array([(arm == first) - 1.0 * (arm == second) for arm in trial.arms]) / 2
            extra[row:row + trial.y.size] = (
                trial.independent()[0] @ trial.incidence @ half)
        row += trial.y.size
    split_x = np.column_stack([x[:, :-1], extra])
    left = errors(y, v, split_x)
    tau2 = left.tau2(tau2_method)[0] if tau2_method != "common" and left.df else None
    beta, covariance, _ = least_squares(y, v + (tau2 or 0.0), split_x)
    whole, whole_c, _ = least_squares(y, v + (tau2 or 0.0), x[:, :-1])
    at, omega = treatments.index(first), beta.size - 1
    scale = Scale(level)
    indirect_v, omega_v = covariance[at, at], covariance[omega, omega]
    direct_v = indirect_v + omega_v + 2 * covariance[at, omega]
    split = Split(
        first, second, len(own), float(whole_c[at, at] / direct_v),
        scale.estimate(float(beta[at] + beta[omega]), direct_v),
        scale.estimate(float(whole[at]), whole_c[at, at]),
        scale.estimate(float(beta[at]), indirect_v), scale.estimate(float(beta[omega]), omega_v))
    return split, tau2
