"""Compare the speed of `livingreview.synthesis` with other engines in one run; see `make bench`.

Every line is a task: time of this package, then of each other engine, with the ratio theirs/ours
(above 1: this package is faster). Each fit is REML with HKSJ and prediction interval where the
engine has it. Loops of slow engines are timed on fewer sets and multiplied up; that is said.
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
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from livingreview.synthesis import leave_one_out, pool  # noqa: E402
from livingreview.synthesis.batch import fit_many  # noqa: E402

FITS, FEWER = 10_000, 500
Times = dict[str, float | str]


def seconds(call: Callable[[], object], repeat: int = 5) -> float:
    """Return the median time of a call, after one to warm up."""
    call()
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def simulate(n: int, k: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw effects with τ² = 0.3 and gamma variances, shape (n, k)."""
    rng = np.random.default_rng(seed)
    v = rng.gamma(2, 0.2, (n, k)) + 0.02
    return rng.normal(0, np.sqrt(v + 0.3)), v


def optional(name: str):
    """Import a competitor, or say that it is left out."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        print(f"{name} is left out: {error}")
        return None


Y, V = simulate(FITS, 20, 1)
YR, VR = simulate(FITS, 40, 2)
MASK = np.arange(40) < np.random.default_rng(3).integers(3, 41, FITS)[:, None]
YL, VL = (values[0] for values in simulate(1, 100_000, 4))


def ours() -> dict[str, float]:
    alone = ~np.eye(20, dtype=bool)
    return {
        "single fit, k = 20": seconds(lambda: pool(Y[0], V[0], interval="hksj"), 200),
        "10,000 fits, k = 20": seconds(lambda: fit_many(Y, V, interval="hksj"), 9),
        "10,000 fits, k = 3-40": seconds(lambda: fit_many(YR, VR, MASK, interval="hksj"), 9),
        "leave-one-out, k = 20": seconds(lambda: fit_many(Y[0], V[0], alone, interval="hksj"), 200),
        "one fit, k = 100,000": seconds(lambda: pool(YL, VL, interval="hksj"), 9),
        "leave-one-out as Pooled": seconds(lambda: leave_one_out(Y[0], V[0], interval="hksj"), 200),
    }


def pymetaanalysis() -> Times:
    module = optional("meta_analyze")
    if module is None:
        return {}

    def fit(y, v):
        return module.meta_analysis(effect=y, variance=v, ci_method="hksj")

    def many(sets):
        # Its REML gives up on some sets; the time until then counts.
        for y, v in sets:
            try:
                fit(y, v)
            except module.MetaAnalysisError:
                pass

    times = FITS / FEWER
    one = fit(Y[0], V[0])
    return {
        "single fit, k = 20": seconds(lambda: fit(Y[0], V[0]), 100),
        "10,000 fits, k = 20": times * seconds(lambda: many(
            zip(Y[:FEWER], V[:FEWER], strict=True)), 1),
        "10,000 fits, k = 3-40": times * seconds(lambda: many(
            [(YR[i, MASK[i]], VR[i, MASK[i]]) for i in range(FEWER)]), 1),
        "leave-one-out, k = 20": seconds(one.leave_one_out, 10),
        "one fit, k = 100,000": seconds(lambda: fit(YL, VL), 5),
    }


def pymare() -> dict[str, Times]:
    """Return the times one by one, and of the two-dimensional form."""
    if optional("pymare") is None:
        return {}
    from pymare.estimators import VarianceBasedLikelihoodEstimator

    def fit(y, v):
        estimator = VarianceBasedLikelihoodEstimator(method="REML")
        estimator.fit(y, v, np.ones((y.shape[0], 1)))
        return estimator.summary().get_fe_stats()

    def each(sets):
        for y, v in sets:
            fit(y[:, None], v[:, None])

    yt, vt = np.ascontiguousarray(Y.T), np.ascontiguousarray(V.T)
    left_out = [np.delete(np.arange(20), i) for i in range(20)]
    y1, v1 = (np.array([x[rows] for rows in left_out]).T for x in (Y[0], V[0]))
    return {
        "PyMARE, one by one": {
            "single fit, k = 20": seconds(lambda: fit(yt[:, :1], vt[:, :1]), 100),
            "10,000 fits, k = 20": FITS / FEWER * seconds(
                lambda: each(zip(Y[:FEWER], V[:FEWER], strict=True)), 1),
            "10,000 fits, k = 3-40": FITS / FEWER * seconds(lambda: each(
                [(YR[i, MASK[i]], VR[i, MASK[i]]) for i in range(FEWER)]), 1),
            "one fit, k = 100,000": seconds(lambda: fit(YL[:, None], VL[:, None]), 5),
        },
        "PyMARE, two-dimensional": {
            "10,000 fits, k = 20": seconds(lambda: fit(yt, vt), 9),
            "10,000 fits, k = 3-40": "it has no ragged sets",
            "leave-one-out, k = 20": seconds(lambda: fit(y1, v1), 50),
        },
    }


def metafor() -> Times:
    if shutil.which("Rscript") is None:
        print("metafor is left out: there is no Rscript")
        return {}
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in ("equal.csv", "ragged.csv")]
        masks = (np.ones(Y.shape, bool), MASK)
        for file, y, v, mask in zip(files, (Y, YR), (V, VR), masks, strict=True):
            with file.open("w", newline="") as handle:
                writer = csv.writer(handle)
                writer.writerow(["set", "yi", "vi"])
                for i in range(FEWER):
                    for j in np.flatnonzero(mask[i]):
                        writer.writerow([i, repr(float(y[i, j])), repr(float(v[i, j]))])
        run = subprocess.run(["Rscript", str(ROOT / "bench" / "metafor.R"), *map(str, files)],
                             capture_output=True, text=True)
    if run.returncode:
        print(f"metafor is left out: {run.stderr.strip().splitlines()[-1]}")
        return {}
    answer = dict(line.split() for line in run.stdout.splitlines())
    print(f"metafor {answer.pop('version')}")
    t = {name: float(value) for name, value in answer.items()}
    return {"single fit, k = 20": t["equal"], "10,000 fits, k = 20": FITS * t["equal"],
            "10,000 fits, k = 3-40": FITS * t["ragged"],
            "leave-one-out, k = 20": t["leave_one_out"],
            "one fit, k = 100,000": "not run: it builds k x k matrices, 75 GiB"}


def import_times() -> dict[str, float | str]:
    """Return the time of a fresh process that imports a package, the median of nine."""
    what = {"python alone": "pass", "numpy + scipy.special": "import numpy, scipy.special",
            "livingreview.synthesis": "import livingreview.synthesis",
            "PyMetaAnalysis": "import meta_analyze", "PyMARE": "import pymare.estimators"}
    out: dict[str, float | str] = {}
    for name, code in what.items():
        command = [sys.executable, "-c", code]
        if subprocess.run(command, cwd=ROOT, capture_output=True).returncode:
            out[name] = "cannot be imported"
        else:
            out[name] = seconds(lambda c=command: subprocess.run(c, cwd=ROOT, check=True), 9)
    return out


def written(value: float) -> str:
    return f"{value * 1e3:.3g} ms" if value < 1 else f"{value:.3g} s"


def show(own: dict[str, float], others: dict[str, Times]) -> None:
    for task, time_ in own.items():
        print(f"\n{task}: {written(time_)}")
        for name, times in others.items():
            value = times.get(task)
            if isinstance(value, str):
                print(f"  {name}: {value}")
            elif value is not None:
                print(f"  {name}: {written(value)}, ratio {value / time_:.3g}")


def main() -> None:
    warnings.simplefilter("ignore")
    for name in ("numpy", "scipy", "PyMetaAnalysis", "PyMARE"):
        try:
            print(name, importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            pass
    print(f"{os.cpu_count()} cores; loops of PyMetaAnalysis, PyMARE one by one and metafor: "
          f"{FEWER} fits, times {FITS // FEWER}")
    others = {"PyMetaAnalysis": pymetaanalysis(), **pymare(), "metafor": metafor()}
    show(ours(), others)
    times = import_times()
    base, own = times["numpy + scipy.special"], times["livingreview.synthesis"]
    print("\nimport, fresh process:")
    for name, value in times.items():
        said = value if isinstance(value, str) else f"{written(value)}, ratio {value / own:.3g}"
        print(f"  {name}: {said}")
    print(f"  above numpy + scipy.special: {written(max(0.0, own - base))}")


if __name__ == "__main__":
    main()
