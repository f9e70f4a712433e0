"""Screen labelled sets with ASReview, in an environment of its own, beside which ours is compared.

    python -m venv ENV; ENV/bin/pip install asreview==3.0.8
    PYTHONPATH=. ENV/bin/python bench/asreview_runs.py FOLDER bench/asreview-runs.csv

Each run begins with the same two records and reads in the same steps as
`python -m livingreview bench screening`. A row is one run: the places, in the order of reading and
without the two first records, at which included records were found. Runs that the file has are
not repeated.
"""

import argparse
import csv
import time
from pathlib import Path

import asreview
import numpy as np
import pandas as pd
from asreview.learner import ActiveLearningCycle
from asreview.models.models import get_ai_config
from asreview.simulation.simulate import Simulate

from livingreview.surveillance.labelled import all_labelled, priors, step_of

COLUMNS = ("set", "tool", "version", "model", "seed", "step", "records", "seconds", "found_at")
MODEL = "elas_u4"


def run(one, seed):
    """Positions of the included records in the order of reading."""
    first = priors(one.included, seed)
    frame = pd.DataFrame({"title": one.titles, "abstract": one.abstracts})
    labels = np.array(one.included, dtype=int)
    meta = get_ai_config(MODEL)["value"]
    meta.n_query = step_of(len(one))
    np.random.seed(seed)  # as its own command does
    simulation = Simulate(frame, labels, [ActiveLearningCycle.from_meta(meta)],
                          print_progress=False)
    simulation.label(list(first))
    simulation.review()
    read = [i for i in simulation._results["record_id"] if i not in first]
    return [place for place, i in enumerate(read, 1) if labels[i]]


def main():
    """Every run that the file does not have, the first seed of every set first."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    args = parser.parse_args()
    done = set()
    if args.out.exists():
        with args.out.open(newline="", encoding="utf-8") as file:
            done = {(row["set"], int(row["seed"])) for row in csv.DictReader(file)}
    else:
        args.out.write_text(",".join(COLUMNS) + "\n", encoding="utf-8")
    sets = sorted(all_labelled(args.folder), key=len)
    for seed in args.seeds:
        for one in sets:
            if (one.name, seed) in done:
                continue
            begun = time.monotonic()
            places = run(one, seed)
            with args.out.open("a", newline="", encoding="utf-8") as file:
                csv.writer(file, lineterminator="\n").writerow([
                    one.name, "ASReview", asreview.__version__, MODEL, seed, step_of(len(one)),
                    len(one), round(time.monotonic() - begun), " ".join(map(str, places))])
            print(one.name, seed, len(places), places[-1], flush=True)


if __name__ == "__main__":
    main()
