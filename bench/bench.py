"""Compare the speed of `livingreview.synthesis` with other engines in one run; see `make bench`.

Answers come first: how many sets each engine answers as this package does. Then every task is timed
by CPU time, the engines taking turns, several times: least, median and most, and the ratio of the
medians, theirs/ours (above 1: this package is faster). Every task is run on benign sets and on
hostile ones: a giant study, variances over many orders, no heterogeneity, effects far from 0, a
likelihood with two maxima. Each fit is REML with HKSJ and prediction interval where the engine has
it. Loops of slow engines are timed on fewer sets and multiplied up; that is said.
"""

from __future__ import annotations

import csv
import importlib
import importlib.metadata
import os
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

# One thread each: threads that wait for each other count as work in CPU time.
os.environ.update({name: "1" for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")})

import numpy as np  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from livingreview.synthesis import (  # noqa: E402
    Prior,
    begg,
    fit_many,
    leave_one_out,
    meta_regression,
    pool,
    posterior,
)

FITS, FEWER, REPEAT = 10_000, 100, 5
# Answers that are further apart than this are not the same answer: of τ² in shares of τ² and the
# median variance, of the estimate in standard errors.
SAME = 1e-3
Sets = list[tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class InR:
    """What a process of R answered, with the seconds of CPU that it took there."""

    seconds: float
    answers: list[tuple[float, float]]


@dataclass(frozen=True)
class Engine:
    """What can be asked of an engine; None where it has no such call.

    `fit` returns τ² and the estimate; `batch` fits sets of equal size, `ragged` any; `many` a list
    of sets, as `InR`.
    """

    name: str
    fit: Callable[[np.ndarray, np.ndarray], tuple[float, float]] | None = None
    leave_out: Callable[[np.ndarray, np.ndarray], object] | None = None
    batch: Callable[[np.ndarray, np.ndarray], object] | None = None
    ragged: Callable[[np.ndarray, np.ndarray, np.ndarray], object] | None = None
    large: bool = True
    many: Callable[[Sets], InR] | None = None


# ---------------------------------------------------------------- sets


def benign(n: int, k: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw effects with τ² = 0.3 and gamma variances, shape (n, k)."""
    rng = np.random.default_rng(seed)
    v = rng.gamma(2, 0.2, (n, k)) + 0.02
    return rng.normal(0, np.sqrt(v + 0.3)), v


def two_maxima(n: int, k: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw sets whose restricted likelihood has two maxima, shape (n, k), from heavy tails."""
    found: list[tuple[np.ndarray, np.ndarray]] = []
    while len(found) < n:
        v = np.exp(rng.normal(0, 3, (2_000, k)))
        y = rng.standard_t(1, v.shape) * np.sqrt(v)
        found += [(y[i], v[i]) for i in np.flatnonzero(fit_many(y, v).multimodal)]
    return np.array([y for y, _ in found[:n]]), np.array([v for _, v in found[:n]])


def hostile(n: int, k: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw sets of five hostile kinds in turn, shape (n, k)."""
    rng = np.random.default_rng(seed)
    y, v = benign(n, k, seed + 100)
    v[0::5, 0] = 1e-9  # a giant study
    v[1::5] = np.exp(rng.normal(-2, 3, v[1::5].shape))
    y[1::5] = rng.normal(0, np.sqrt(v[1::5] + 0.3))
    y[2::5] = rng.normal(0, np.sqrt(v[2::5]) / 2)  # less scatter than sampling gives
    y[3::5] += 1e6
    if y[4::5].size:
        # Few are found in a draw: they are repeated.
        hard = two_maxima(20, k, rng)
        for values, two in zip((y, v), hard, strict=True):
            values[4::5] = two[np.arange(values[4::5].shape[0]) % 20]
    return y, v


MASK = np.arange(40) < np.random.default_rng(3).integers(3, 41, FITS)[:, None]


# ---------------------------------------------------------------- engines


def optional(name: str):
    """Import a competitor, or say that it is left out."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        print(f"{name} is left out: {error}")
        return None


def ours() -> Engine:
    def fit(y, v):
        found = pool(y, v, interval="hksj")
        return found.tau2, found.estimate

    return Engine("livingreview", fit, lambda y, v: list(leave_one_out(y, v, interval="hksj")),
                  lambda y, v: fit_many(y, v, interval="hksj"),
                  lambda y, v, mask: fit_many(y, v, mask, interval="hksj"))


def pymetaanalysis() -> Engine | None:
    module = optional("meta_analyze")
    if module is None:
        return None

    def fit(y, v):
        found = module.meta_analysis(effect=y, variance=v, ci_method="hksj")
        return found.tau2, found.estimate

    return Engine("PyMetaAnalysis", fit, lambda y, v: module.meta_analysis(
        effect=y, variance=v, ci_method="hksj").leave_one_out())


def pimeta() -> Engine | None:
    module = optional("pimeta")
    if module is None:
        return None

    def fit(y, v):
        found = module.rma(y, v, method="REML", test="knha")
        module.predict(found)
        return float(found.tau2), float(found.b[0])

    # It builds k x k matrices.
    return Engine("pimeta", fit, module.leave1out, large=False)


def pymare() -> Engine | None:
    if optional("pymare") is None:
        return None
    from pymare.estimators import VarianceBasedLikelihoodEstimator

    def fitted(y, v):
        estimator = VarianceBasedLikelihoodEstimator(method="REML")
        estimator.fit(y, v, np.ones((y.shape[0], 1)))
        return estimator.summary()

    def fit(y, v):
        found = fitted(y[:, None], v[:, None])
        return float(np.ravel(found.tau2)[0]), float(np.ravel(found.get_fe_stats()["est"])[0])

    def leave_out(y, v):
        rows = [np.delete(np.arange(y.size), i) for i in range(y.size)]
        return fitted(np.array([y[r] for r in rows]).T, np.array([v[r] for r in rows]).T)

    return Engine("PyMARE", fit, leave_out, lambda y, v: fitted(y.T, v.T).get_fe_stats())


class Metafor:
    """One process of R that lives as long as the run: its rounds take turns with the others'.

    Parameters
    ----------
    folder : Path
        Where the sets that it reads are written, each once.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.files = folder, {}
        self.process = subprocess.Popen(
            ["Rscript", str(ROOT / "bench" / "metafor.R")], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def _file(self, sets: Sets) -> Path:
        key = tuple((y.tobytes(), v.tobytes()) for y, v in sets)
        if key not in self.files:
            self.files[key] = self.folder / f"{len(self.files)}.csv"
            with self.files[key].open("w", newline="") as handle:
                writer = csv.writer(handle)
                writer.writerow(["set", "yi", "vi"])
                writer.writerows([i, repr(float(a)), repr(float(b))]
                                 for i, (y, v) in enumerate(sets)
                                 for a, b in zip(y, v, strict=True))
        return self.files[key]

    def ask(self, task: str, sets: Sets) -> InR:
        """Let it do a task."""
        print(task, self._file(sets), sep="\t", file=self.process.stdin, flush=True)
        lines = [self.process.stdout.readline().split() for _ in range(3)]
        if not lines[-1]:
            raise OSError(self.process.stderr.read().strip())
        seconds, tau2, estimates = (
            [np.nan if value == "NA" else float(value) for value in line] for line in lines)
        return InR(seconds[0], list(zip(tau2, estimates, strict=True)))


def metafor(folder: Path) -> Engine | None:
    """Metafor, where there is R with it."""
    if shutil.which("Rscript") is None:
        print("metafor is left out: there is no Rscript")
        return None
    process = Metafor(folder)
    try:
        process.ask("fits", [(np.arange(3.0), np.ones(3))])
    except OSError as error:
        print(f"metafor is left out: {str(error).splitlines()[-1:]}")
        return None
    # Its leave1out and rma build k x k matrices.
    return Engine("metafor", many=lambda sets: process.ask("fits", sets), large=False,
                  leave_out=lambda y, v: process.ask("leave-one-out", [(y, v)]))


# ---------------------------------------------------------------- answers


def same(mine: tuple[float, float], theirs: tuple[float, float], v: np.ndarray) -> bool:
    unit = mine[0] + float(np.median(v))
    return bool(abs(theirs[0] - mine[0]) <= SAME * unit
                and abs(theirs[1] - mine[1]) <= SAME * np.sqrt(unit))


def answers(engine: Engine, sets: Sets) -> list[tuple[float, float] | None]:
    """τ² and estimate of each set; None where the engine gives up (the time until then counts)."""
    if engine.many:
        return engine.many(sets).answers
    out = []
    for y, v in sets:
        try:
            out.append(engine.fit(y, v))
        except Exception:
            out.append(None)
    return out


def show_answers(
    kind: str, sets: Sets, mine: list, others: dict[str, list[tuple[float, float] | None]]
) -> None:
    print(f"\nanswers on {len(sets)} {kind} sets, k = 20:")
    for name, theirs in others.items():
        none = sum(one is None or not np.isfinite(one).all() for one in theirs)
        agree = sum(one is not None and same(a, one, v)
                    for a, one, (_, v) in zip(mine, theirs, sets, strict=True))
        print(f"  {name}: {agree} the same, {len(sets) - agree - none} another, {none} without")


# ---------------------------------------------------------------- times


def cpu(call: Callable[[], object], inner: int = 1) -> float:
    """Seconds of CPU of one call, the mean of `inner`; NaN where the engine refuses."""
    start, in_r = time.process_time(), []
    for _ in range(inner):
        try:
            found = call()
        except Exception:
            return np.nan
        if isinstance(found, InR):
            in_r.append(found.seconds)
    return np.mean(in_r) if in_r else (time.process_time() - start) / inner


def in_turn(calls: dict[str, tuple[Callable[[], object], int, float]]) -> dict[str, np.ndarray]:
    """Times of each call, `REPEAT` times in turn after one turn to warm up: call, inner, factor."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(REPEAT + 1):
        for name, (call, inner, factor) in calls.items():
            found = factor * cpu(call, inner)
            if turn:
                times[name].append(found)
    return {name: np.array(values) for name, values in times.items()}


def written(value: float) -> str:
    return f"{value * 1e3:.3g} ms" if value < 1 else f"{value:.3g} s"


def show(task: str, times: dict[str, np.ndarray]) -> None:
    print(f"\n{task}:")
    base = float(np.median(times["livingreview"]))
    for name, values in times.items():
        if np.isnan(values).any():
            print(f"  {name}: refuses")
            continue
        least, middle, most = (written(float(f(values))) for f in (np.min, np.median, np.max))
        ratio = "" if name == "livingreview" else f", ratio {np.median(values) / base:.3g}"
        print(f"  {name}: {middle} ({least} to {most}){ratio}")


def loop(engine: Engine, sets: Iterable[tuple[np.ndarray, np.ndarray]]) -> Callable[[], object]:
    sets = list(sets)
    return lambda: engine.many(sets) if engine.many else answers(engine, sets)


def tasks(engines: list[Engine], kind: str, draw: Callable) -> dict[str, dict]:
    """Calls by task and engine."""
    y, v = draw(FITS, 20, 1)
    ragged_y, ragged_v = draw(FITS, 40, 2)
    large_y, large_v = (values[0] for values in draw(1, 100_000, 4))
    pairs = [(ragged_y[i, MASK[i]], ragged_v[i, MASK[i]]) for i in range(FEWER)]
    few, times = list(zip(y[:FEWER], v[:FEWER], strict=True)), FITS / FEWER
    own = engines[0]
    return {
        f"single fit, k = 20, {kind}": {
            e.name: (lambda e=e: e.fit(y[0], v[0]), 20, 1.0) if e.fit
            else (loop(e, [(y[0], v[0])] * 20), 1, 1 / 20) for e in engines},
        f"posterior of one fit, half-normal prior, k = 20, {kind}": {
            own.name: (lambda: posterior(y[0], v[0], Prior("half-normal", 0.5)), 20, 1.0)},
        f"{FITS:,} fits, k = 20, {kind}": {
            e.name: (lambda e=e: e.batch(y, v), 1, 1.0) if e.batch else (loop(e, few), 1, times)
            for e in engines},
        f"{FITS:,} fits, k = 3-40, {kind}": {
            e.name: (lambda e=e: e.ragged(ragged_y, ragged_v, MASK), 1, 1.0) if e.ragged
            else (loop(e, pairs), 1, times) for e in engines},
        f"leave_one_out, k = 20, {kind}": {
            e.name: (lambda e=e: e.leave_out(y[0], v[0]), 5, 1.0) for e in engines},
        f"leave_one_out, k = 3,000, {kind}": {
            own.name: (lambda: leave_one_out(large_y[:3000], large_v[:3000]), 1, 1.0)},
        f"one fit, k = 100,000, {kind}": {
            e.name: (lambda e=e: e.fit(large_y, large_v), 1, 1.0) for e in engines if e.large},
        f"Begg's test, k = 20,000, {kind}": {
            own.name: (lambda: begg(large_y[:20_000], large_v[:20_000]), 1, 1.0)},
        f"meta-regression, k = 50,000, 5 moderators, {kind}": {
            own.name: (lambda: meta_regression(
                large_y[:50_000], large_v[:50_000],
                np.random.default_rng(6).normal(size=(50_000, 5))), 1, 1.0)},
    }


# ---------------------------------------------------------------- the run


def import_times() -> dict[str, np.ndarray]:
    """Seconds until a fresh process has imported a package, in turn."""
    what = {"livingreview": "import livingreview.synthesis", "python alone": "pass",
            "numpy + scipy.special": "import numpy, scipy.special",
            "PyMetaAnalysis": "import meta_analyze", "PyMARE": "import pymare.estimators",
            "pimeta": "import pimeta"}
    commands = {name: [sys.executable, "-c", code] for name, code in what.items()}
    found: dict[str, list[float]] = {}
    for turn in range(REPEAT + 1):
        for name, command in commands.items():
            before = os.times()
            done = subprocess.run(command, cwd=ROOT, capture_output=True).returncode == 0
            after = os.times()
            if done and turn:
                found.setdefault(name, []).append(
                    after.children_user + after.children_system - before.children_user
                    - before.children_system)
    return {name: np.array(values) for name, values in found.items()}


def main() -> None:
    warnings.simplefilter("ignore")
    for name in ("numpy", "scipy", "PyMetaAnalysis", "PyMARE", "pimeta"):
        try:
            print(name, importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            pass
    print(f"CPU time on {os.cpu_count()} cores, {REPEAT} turns: median (least to most); without a "
          f"batch, {FEWER} fits times {FITS // FEWER}")
    kinds = {"benign": benign, "hostile": hostile}
    with tempfile.TemporaryDirectory() as folder:
        engines = [one for one in (ours(), pymetaanalysis(), pimeta(), pymare(),
                                   metafor(Path(folder))) if one]
        for kind, draw in kinds.items():
            y, v = draw(FITS, 20, 1)
            few = list(zip(y[:FEWER], v[:FEWER], strict=True))
            mine = answers(engines[0], few)
            show_answers(kind, few, mine, {e.name: answers(e, few) for e in engines[1:]})
        for kind, draw in kinds.items():
            for task, calls in tasks(engines, kind, draw).items():
                show(task, in_turn(calls))
    show("import, fresh process", import_times())


if __name__ == "__main__":
    main()
