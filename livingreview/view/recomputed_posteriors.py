"""Posteriors computed again on the data sets of which other programs gave answers."""

from __future__ import annotations

import numpy as np

from .. import synthesis as s
from .recomputed import Answers, Pairs


def posteriors(ref: dict[str, Answers]) -> Pairs:
    """Every data set under each family of priors, with a flat and a normal prior of the effect."""
    given = ref["posteriors"]
    effects = {"flat": None} | {
        name: s.EffectPrior(**numbers) for name, numbers in given["effects"].items()}
    for name, families in given["posteriors"].items():
        data = ref["metafor"]["cases"][name]
        for family, answers in families.items():
            prior = s.Prior(family, **given["priors"][family])
            for effect, answer in answers.items():
                found = s.posterior(data["yi"], data["vi"], prior, effect=effects[effect])
                yield from _beside(name, found, answer, given["beyond"])


def _beside(name: str, found: s.Posterior, answer: Answers, threshold: float) -> Pairs:
    """Each number of a posterior beside its answer."""
    ours = {"beyond": found.beyond(threshold), "beyond_new": found.beyond_new(threshold),
            "shrunk_mean": found.shrunk.mean}
    called = {"beyond": "threshold", "beyond_new": "threshold", "shrunk_mean": "own-effect"}
    for field, value in answer.items():
        yield (name, called.get(field, field),
               ours[field] if field in ours else getattr(found, field), value)


def printed(ref: dict[str, Answers]) -> Pairs:
    """Examples of which others print what bayesmeta answers; a scale of None is a flat prior."""
    for name, case in ref["posteriors"]["printed"].items():
        data = s.odds_ratio(**case["tables"]) if "tables" in case else None
        yi, vi = (case["yi"], case["vi"]) if data is None else (data.yi, data.vi)
        for prior in case["priors"]:
            scale = np.inf if prior["scale"] is None else prior["scale"]
            found = s.posterior(yi, vi, s.Prior(prior["family"], scale),
                                effect=s.EffectPrior(**case["effect"]))
            for field, answer in prior["answers"].items():
                yield name, field, getattr(found, field), answer
