"""Write second_judges.json: answers of PyMetaAnalysis and PyMARE on the data sets of metafor.json.

Run from this folder in the environment that `make bench` creates::

    ../../_build/bench/bin/python second_judges.py

`tests/test_validation.py` compares the engine with the file; it needs neither package.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from meta_analyze import MetaAnalysisError, meta_analysis, meta_binary
from pymare.estimators import DerSimonianLaird, Hedges, VarianceBasedLikelihoodEstimator

HERE = Path(__file__).parent
INTERVALS = {"z": "normal", "hksj": "hksj", "hksj-guard": "adhoc"}
PYMARE = {"DL": DerSimonianLaird, "HE": Hedges,
          "ML": lambda: VarianceBasedLikelihoodEstimator(method="ML"),
          "REML": lambda: VarianceBasedLikelihoodEstimator(method="REML")}
Answer = dict[str, Any]


def finite(value: float) -> float | None:
    """Return a number that JSON can hold."""
    return float(value) if np.isfinite(value) else None


def pymetaanalysis(function: Callable[..., Any], **options: Any) -> Answer:
    """Return its answer, or what it says when it gives none."""
    try:
        found = function(**options)
    except MetaAnalysisError as error:
        return {"error": f"{type(error).__name__}: {error}"}
    out = {"estimate": found.estimate, "se": found.standard_error, "ci_low": found.ci_low,
           "ci_high": found.ci_high, "q": found.heterogeneity.q}
    if found.model == "random":
        out["tau2"] = found.tau2
    if found.prediction_interval is not None:
        out["pi_low"], out["pi_high"] = found.prediction_interval
    return {key: finite(value) for key, value in out.items()}


def pymare(y: np.ndarray, v: np.ndarray, method: str) -> Answer:
    """Return its answer: the fixed effect of a regression on a column of ones."""
    fitted = PYMARE[method]().fit(y[:, None], v[:, None], np.ones((y.size, 1))).summary()
    found = {key: finite(np.ravel(value)[0]) for key, value in fitted.get_fe_stats().items()}
    names = {"estimate": "est", "se": "se", "ci_low": "ci_l", "ci_high": "ci_u", "p_value": "p"}
    return {"tau2": finite(np.ravel(fitted.tau2)[0])} | {
        ours: found[theirs] for ours, theirs in names.items()}


def pools(case: Answer) -> Iterator[tuple[str, Answer]]:
    """Every method that one of the two has, on one data set."""
    y, v = np.array(case["yi"]), np.array(case["vi"])
    for method in ("DL", "PM", "REML"):
        for interval, name in INTERVALS.items():
            yield f"PyMetaAnalysis {method} {interval}", pymetaanalysis(
                meta_analysis, effect=y, variance=v, tau2_method=method, ci_method=name)
    for method in PYMARE:
        yield f"PyMARE {method} hksj", pymare(y, v, method)


def tables(case: Answer) -> Iterator[tuple[str, Answer]]:
    """Mantel and Haenszel's pools of one set of tables."""
    for measure in ("RR", "OR", "RD"):
        yield f"PyMetaAnalysis MH {measure}", pymetaanalysis(
            meta_binary, event_treat=case["e1"], n_treat=case["n1"], event_control=case["e2"],
            n_control=case["n2"], measure=measure, method="MH")


def main() -> None:
    warnings.simplefilter("ignore")
    reference = json.loads((HERE / "metafor.json").read_text())
    out = {"made_with": {name: version(name) for name in ("PyMetaAnalysis", "PyMARE")},
           "pools": {name: dict(pools(case)) for name, case in reference["cases"].items()},
           "tables": {name: dict(tables(case)) for name, case in reference["tables"].items()}}
    (HERE / "second_judges.json").write_text(json.dumps(out, indent=1) + "\n")


if __name__ == "__main__":
    main()
