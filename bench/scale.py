"""Time of all results of a synthetic collection of reviews; see `make bench-scale`.

A seeded generator writes each review as a data folder of the project's tables: randomised trials
of cells against saline with several outcomes at several visits, and an analysis for each outcome
and visit. Results are computed as `python -m livingreview results --data A --data B …` does it:
a folder is a unit of work, a process works on many, and every result has its sensitivity analyses
and its multiverse.
"""

from __future__ import annotations

import argparse
import csv
import os
import resource
import sys
import tempfile
import time
from itertools import islice, product
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from made_up import KNEE, World  # noqa: E402

from livingreview.site import collection  # noqa: E402
from livingreview.site.stopping import stoppable  # noqa: E402
from livingreview.site.workers import Workers  # noqa: E402

SEED = 20261122
VISITS = (1, 3, 6, 12, 24, 36)  # months; an analysis takes the time since the visit before


def instruments() -> list[dict]:
    """Scored instruments of the project, one for each outcome."""
    with (ROOT / "data" / "instruments.csv").open(encoding="utf-8", newline="") as file:
        rows = [r for r in csv.DictReader(file)
                if r["scale_max"] and r["indication"] in ("", KNEE)]
    return list({r["outcome"]: r for r in reversed(rows)}.values())


def questions(n: int) -> list[tuple[dict, int]]:
    """An instrument and a visit for each analysis."""
    found = list(islice(product(instruments(), range(len(VISITS))), n))
    if len(found) < n:
        sys.exit(f"there are instruments for {len(found)} analyses only")
    return found


def write(folder: Path, asked: list[tuple[dict, int]], studies: int, rng: np.random.Generator
          ) -> Path:
    """Write one review."""
    world = World(folder)
    for number in range(studies):
        study, n = f"trial-{number}", int(rng.integers(12, 80))
        world.trial(study)
        for instrument, visit in asked:
            low, high = float(instrument["scale_min"]), float(instrument["scale_max"])
            sd = 0.2 * (high - low)
            for arm, effect in (("msc", rng.normal(0.1, 0.1)), ("control", 0.0)):
                mean = low + (high - low) * float(np.clip(0.5 - effect + rng.normal(0, 0.05),
                                                          0.1, 0.9))
                world.value(study, arm, round(mean, 2), round(sd * rng.uniform(0.8, 1.2), 2), n=n,
                            outcome=instrument["outcome"], instrument=instrument["label_en"],
                            scale_min=low, scale_max=high, timepoint_months=VISITS[visit],
                            better="lower" if instrument["direction"] == "lower" else "higher")
    for number, (instrument, visit) in enumerate(asked):
        world.analysis(analysis_id=f"analysis-{number}", target_type="outcome",
                       target=instrument["outcome"], window_to=VISITS[visit],
                       window_from=VISITS[visit - 1] if visit else 0,
                       favourable=instrument["direction"] or "lower", rescale="")
    return world.write()


def compute(folders: list[Path], jobs: int) -> float:
    """Seconds in which all results of some reviews are written."""
    with tempfile.TemporaryDirectory(prefix="livingreview-results-") as out:
        started = time.perf_counter()
        for folder, errors in collection.compute(folders, Path(out), Workers(jobs)):
            if errors:
                sys.exit(f"{folder}: {errors[0]}")
        return time.perf_counter() - started


def memory() -> str:
    """Largest resident memory of this process and of its largest worker."""
    here, there = (resource.getrusage(who).ru_maxrss / 1024
                   for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return f"{here:.0f} MiB in this process, {there:.0f} MiB in the largest worker"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reviews", type=int, default=1000)
    parser.add_argument("--analyses", type=int, default=30)
    parser.add_argument("--studies", type=int, default=10)
    chosen = parser.parse_args()
    tenth = max(1, chosen.reviews // 10)
    print(f"{chosen.reviews} reviews of {chosen.analyses} analyses of {chosen.studies} studies; "
          f"{os.cpu_count()} cores; seed {SEED}", flush=True)
    with tempfile.TemporaryDirectory(prefix="livingreview-scale-") as folder:
        rng, asked = np.random.default_rng(SEED), questions(chosen.analyses)
        started = time.perf_counter()
        folders = [write(Path(folder) / f"review-{i}", asked, chosen.studies, rng)
                   for i in range(chosen.reviews)]
        print(f"written in {time.perf_counter() - started:.0f} s", flush=True)
        for some, jobs in ((tenth, 1), (tenth, 2), (chosen.reviews, 2)):
            seconds = compute(folders[:some], jobs)
            print(f"{some} reviews, {jobs} worker{'s' * (jobs > 1)}: {seconds:.0f} s, "
                  f"{some / seconds:.2f} reviews per second; {memory()}", flush=True)


if __name__ == "__main__":
    with stoppable("bench-scale"):
        main()
