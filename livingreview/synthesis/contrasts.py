"""Contrasts of treatments within trials, and what a network needs of each trial.

A trial of a arms informs a − 1 independent contrasts, which share its arms and so are correlated.
`trial_blocks` turns every trial into independent rows, whatever its number of arms.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import FloatArray, SynthesisError, effects, numeric
from .regression import categories

# Effects of one trial may contradict each other by rounding: by this share of the smallest
# standard error of its contrasts.
_ROUNDING = 0.1
# A stated covariance matrix must give the stated variances to this relative accuracy.
_SAME = 1e-6
# Eigenvalues below this share of the largest are none: the contrasts have no covariance matrix.
_SINGULAR = 1e-10


@dataclass(frozen=True, eq=False)
class Trial:
    """One trial, as contrasts of its arms.

    Attributes
    ----------
    name : str
    arms : tuple of str, length a
    incidence : ndarray, shape (a - 1, a)
        1 for the first, −1 for the second arm of each contrast.
    y : ndarray, shape (a - 1,)
    covariance : ndarray, shape (a - 1, a - 1)
        Of sampling.
    """

    name: str
    arms: tuple[str, ...]
    incidence: FloatArray
    y: FloatArray
    covariance: FloatArray

    @property
    def between(self) -> FloatArray:
        """Covariance of the contrasts' true effects where the variance of each is 1."""
        return self.incidence @ self.incidence.T / 2

    def independent(self) -> tuple[FloatArray, FloatArray]:
        """The matrix T and the variances d that make the contrasts independent.

        With R the matrix of `between`, T R T' = I and T S T' = diag(d), so that the rows of T y
        have variances d + τ² at every τ².
        """
        root = np.linalg.inv(np.linalg.cholesky(self.between))
        d, vectors = np.linalg.eigh(root @ self.covariance @ root.T)
        return vectors.T @ root, d

    def laplacian(self, tau2: float) -> FloatArray:
        """Weights between its arms, shape (a, a), negative off the diagonal; rows sum to 0."""
        inverse = np.linalg.inv(self.covariance + tau2 * self.between)
        return self.incidence.T @ inverse @ self.incidence

    def contrast(self, first: str, second: str) -> tuple[float, float]:
        """Effect of `first` against `second`, and its sampling variance."""
        target = np.zeros(len(self.arms))
        target[self.arms.index(first)], target[self.arms.index(second)] = 1, -1
        share = np.linalg.lstsq(self.incidence.T, target, rcond=None)[0]
        return float(share @ self.y), float(share @ self.covariance @ share)


def trial_blocks(
    study: Sequence[Hashable],
    treat1: Sequence[Hashable],
    treat2: Sequence[Hashable],
    yi: ArrayLike,
    vi: ArrayLike,
    cov: Mapping[str, ArrayLike] | None = None,
) -> list[Trial]:
    """Gather rows of contrasts into trials.

    Conventions: `yi` is the effect of `treat1` minus that of `treat2`. A trial of two arms is one
    row. A trial of more arms is given either by all its contrasts, whose variances tell the
    covariances, cov(y_ab, y_ac) = (v_ab + v_ac − v_bc)/2; or by any contrasts that connect its
    arms, with their covariance matrix. Effects of one trial that differ by rounding are reconciled
    by weighted least squares.

    Parameters
    ----------
    study, treat1, treat2 : sequence, length k
        Labels.
    yi, vi : array_like, shape (k,)
        Effects and sampling variances.
    cov : mapping of str to array_like, optional
        Covariance matrix of the rows of a study, in the order given, by its label.

    Returns
    -------
    list of Trial
        In the order of their first rows.

    Raises
    ------
    SynthesisError
        If a label is missing, a treatment is compared with itself, a trial compares two
        treatments twice, contrasts or covariances are missing, or effects or variances of a trial
        contradict each other; all with the trial.

    References
    ----------
    Franchini AJ, Dias S, Ades AE, Jansen JP, Welton NJ (2012). Accounting for correlation in
    network meta-analysis with multi-arm trials. Research Synthesis Methods 3:142–160. Rücker G,
    Schwarzer G (2014). Reduce dimension or reduce weights? Comparing two approaches to multi-arm
    studies in network meta-analysis. Statistics in Medicine 33:4353–4369.
    """
    y, v = effects(yi, vi)
    names = [categories(name, values)[0] for name, values in
             (("study", study), ("treat1", treat1), ("treat2", treat2))]
    for label, values in zip(("study", "treat1", "treat2"), names, strict=True):
        if len(values) != y.size:
            raise SynthesisError(f"{label} has {len(values)} rows, yi {y.size}")
    rows: dict[str, list[int]] = {}
    for row, (name, first, second) in enumerate(zip(*names, strict=True)):
        if first == second:
            raise SynthesisError(f"{name} compares {first} with itself: combine its arms", row)
        rows.setdefault(name, []).append(row)
    given = {str(name): matrix for name, matrix in (cov or {}).items()}
    unknown = [name for name in given if name not in rows]
    if unknown:
        raise SynthesisError(f"cov names the study {unknown[0]}, which has no row")
    return [_trial(name, [(names[1][i], names[2][i]) for i in own], y[own], v[own],
                   given.get(name)) for name, own in rows.items()]


def _trial(
    name: str, pairs: list[tuple[str, str]], y: FloatArray, v: FloatArray,
    cov: ArrayLike | None,
) -> Trial:
    arms = tuple(dict.fromkeys(arm for pair in pairs for arm in pair))
    seen: set[frozenset[str]] = set()
    for first, second in pairs:
        if frozenset((first, second)) in seen:
            raise SynthesisError(
                f"{name} compares {first} with {second} twice: combine its arms")
        seen.add(frozenset((first, second)))
    incidence = np.array([[(arm == first) - 1.0 * (arm == second) for arm in arms]
                          for first, second in pairs])
    if cov is None:
        covariance = _from_variances(name, arms, pairs, v)
        if len(arms) > 2:
            incidence, y = _reconciled(name, incidence, y, v, covariance)
    else:
        covariance = _stated(name, cov, v)
        own = _tree(arms, pairs)
        if len(own) < len(arms) - 1:
            raise SynthesisError(f"the contrasts of {name} do not connect its arms: "
                                 f"{', '.join(arms)}")
        tree, rest = incidence[own], np.setdiff1d(np.arange(y.size), own)
        share = np.linalg.lstsq(tree.T, incidence[rest].T, rcond=None)[0].T
        _refuse_contradiction(name, share @ y[own] - y[rest], v)
        incidence, y, covariance = tree, y[own], covariance[np.ix_(own, own)]
    size = np.linalg.eigvalsh(covariance)
    if not size[0] > _SINGULAR * size[-1]:
        raise SynthesisError(f"the variances of {name} contradict each other: no arms have them")
    return Trial(name, arms, incidence, y, covariance)


def _tree(arms: tuple[str, ...], pairs: list[tuple[str, str]]) -> list[int]:
    """Rows that connect the arms, none of them a combination of others."""
    part = {arm: arm for arm in arms}
    own = []
    for row, (first, second) in enumerate(pairs):
        old, new = part[first], part[second]
        if old != new:
            own.append(row)
            part = {arm: new if p == old else p for arm, p in part.items()}
    return own


def _from_variances(
    name: str, arms: tuple[str, ...], pairs: list[tuple[str, str]], v: FloatArray
) -> FloatArray:
    """Covariance of each arm but the first against the first, from all variances."""
    expected = len(arms) * (len(arms) - 1) // 2
    if len(pairs) < expected:
        raise SynthesisError(
            f"{name} has {len(arms)} arms and {len(pairs)} of {expected} contrasts: without all of "
            "them, or their covariance matrix, their correlation is unknown")
    index = {arm: i for i, arm in enumerate(arms)}
    square = np.zeros((len(arms), len(arms)))
    for (first, second), variance in zip(pairs, v, strict=True):
        i, j = index[first], index[second]
        square[i, j] = square[j, i] = variance
    against = square[0, 1:]
    return (against[:, None] + against[None, :] - square[1:, 1:]) / 2


def _reconciled(
    name: str, incidence: FloatArray, y: FloatArray, v: FloatArray, covariance: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Contrasts against the first arm that fit all contrasts best, at the network's weights."""
    a = incidence.shape[1]
    basic = np.column_stack([-np.ones(a - 1), np.eye(a - 1)])
    size = np.linalg.eigvalsh(covariance)
    if size[0] > _SINGULAR * size[-1]:
        laplacian = basic.T @ np.linalg.inv(covariance) @ basic
        weights = np.abs(np.array([laplacian[tuple(np.flatnonzero(row))] for row in incidence]))
    else:
        weights = np.ones(y.size)
    root = np.sqrt(weights)
    share = incidence[:, 1:]
    best = np.linalg.lstsq(root[:, None] * share, root * y, rcond=None)[0]
    _refuse_contradiction(name, share @ best - y, v)
    return basic, best


def _refuse_contradiction(name: str, left: FloatArray, v: FloatArray) -> None:
    if left.size and np.abs(left).max() > _ROUNDING * np.sqrt(v.min()):
        raise SynthesisError(f"the effects of {name} contradict each other: what its arms imply "
                             f"differs by {np.abs(left).max():.3g} from what is stated")


def _stated(name: str, cov: ArrayLike, v: FloatArray) -> FloatArray:
    """The covariance matrix of a trial's rows, checked against their variances."""
    matrix = numeric(f"the covariance of {name}", cov)
    if matrix.shape != (v.size, v.size):
        raise SynthesisError(f"the covariance of {name} has shape {matrix.shape}, not "
                             f"({v.size}, {v.size})")
    if not np.isfinite(matrix).all() or not np.allclose(matrix, matrix.T, rtol=_SAME, atol=0):
        raise SynthesisError(f"the covariance of {name} is not symmetric and finite")
    if not np.allclose(np.diag(matrix), v, rtol=_SAME, atol=0):
        raise SynthesisError(f"the covariance of {name} has other variances than vi")
    return (matrix + matrix.T) / 2


def connected(trials: Sequence[Trial]) -> list[tuple[str, ...]]:
    """Treatments by connected part of the network, the part of most trials first.

    Parameters
    ----------
    trials : sequence of Trial
    """
    up: dict[str, str] = {}

    def top(arm: str) -> str:
        while up[arm] != arm:
            up[arm] = up[up[arm]]
            arm = up[arm]
        return arm

    for trial in trials:
        for arm in trial.arms:
            up.setdefault(arm, arm)
            up[top(arm)] = top(trial.arms[0])
    groups: dict[str, list[str]] = {}
    for arm in up:
        groups.setdefault(top(arm), []).append(arm)
    size = dict.fromkeys(groups, 0)
    for trial in trials:
        size[top(trial.arms[0])] += 1
    return [tuple(sorted(groups[p])) for p in sorted(groups, key=lambda p: -size[p])]


def incidence_of(trials: Sequence[Trial], treatments: Sequence[str]) -> NDArray[np.float64]:
    """Contrasts of all trials against all treatments, shape (rows, treatments)."""
    index = {name: j for j, name in enumerate(treatments)}
    out = np.zeros((sum(t.y.size for t in trials), len(treatments)))
    row = 0
    for trial in trials:
        columns = [index[arm] for arm in trial.arms]
        out[row:row + trial.y.size, columns] = trial.incidence
        row += trial.y.size
    return out
