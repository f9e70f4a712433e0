"""Networks computed again on the data sets of which metafor gave answers; see `recomputed`."""

from __future__ import annotations

from collections.abc import Sequence

from .. import synthesis as s
from .recomputed import Answers, Pairs


def _contrasts(case: dict) -> s.Contrasts:
    arms = dict(case["arms"])
    return s.arms_to_contrasts(arms.pop("study"), arms.pop("treatment"), measure=case["measure"],
                               **arms)


def networks(methods: Sequence[str], ref: dict[str, Answers]) -> Pairs:
    """Estimates against the first treatment, τ², Q and its parts, and P-scores."""
    for name, case in ref["network"].items():
        given = _contrasts(case)
        for method in methods:
            net = s.network(given.study, given.treat1, given.treat2, given.yi, given.vi,
                            cov=given.cov, tau2_method=method)
            answer = case[method.lower()]
            yield name, "network-estimates", net.estimate[1:, 0], answer["coefficients"]
            yield name, "network-errors", net.se[1:, 0], answer["ses"]
            if method != "common":
                yield name, "tau2", net.tau2, answer["tau2"]
            if method == "REML":
                yield name, "p-scores", net.p_scores, case["p_scores"]
                if case["interaction"]:
                    yield name, "interaction", net.interaction.q, case["interaction"]["q"]
            else:
                yield (name, "q", [net.q.q, net.q_within.q], [case["q"], case["q_within"]])


def node_splits(ref: dict[str, Answers]) -> Pairs:
    for name, case in ref["network"].items():
        given = _contrasts(case)
        trials = s.network(given.study, given.treat1, given.treat2, given.yi, given.vi,
                           cov=given.cov).trials
        for answer in case["splits"]:
            found, _ = s.node_split(trials, answer["treat1"], answer["treat2"])
            for part in ("direct", "indirect", "difference"):
                yield (name, part, [getattr(found, part).estimate, getattr(found, part).se],
                       [answer[part], answer[f"{part}_se"]])
