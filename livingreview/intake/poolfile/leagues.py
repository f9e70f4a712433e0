"""The network of a file in plain keys."""

from __future__ import annotations

import math

from ... import __version__
from ...review.written import dumps
from ...synthesis import Estimate, Network, QTest
from .network import RATIOS, Compared, NetworkQuestion


def natural(question: NetworkQuestion, value: float | None) -> float | None:
    """A value on the natural scale; None where a ratio is beyond the range of numbers."""
    if value is None or question.measure not in RATIOS:
        return None if value is None else float(value)
    return math.exp(value) if -700 < value < 700 else None


def _test(found: QTest) -> dict:
    return {"q": found.q, "df": found.df, "p_value": found.p_value}


def _estimate(question: NetworkQuestion, found: Estimate | None) -> dict | None:
    return found and {
        "estimate": natural(question, found.estimate), "se": found.se,
        "ci_low": natural(question, found.ci_low), "ci_high": natural(question, found.ci_high),
        "p_value": found.p_value}


def _cell(question: NetworkQuestion, net: Network, i: int, j: int) -> dict:
    """Treatment i against treatment j."""
    pi = (None, None) if net.pi_low is None else (net.pi_low[i, j], net.pi_high[i, j])
    return {"treat1": net.treatments[i], "treat2": net.treatments[j],
            **{key: natural(question, getattr(net, key)[i, j])
               for key in ("estimate", "ci_low", "ci_high")},
            "pi_low": natural(question, pi[0]), "pi_high": natural(question, pi[1]),
            "se": float(net.se[i, j]), "p_value": float(net.p_values[i, j])}


def part(question: NetworkQuestion, net: Network) -> dict:
    """The keys of one connected network."""
    n, base = len(net.treatments), net.treatments.index(net.reference)
    direct = {(s.treat1, s.treat2): s for s in net.split}
    league = []
    for i, first in enumerate(net.treatments):
        for j in range(i + 1, n):
            split = direct.get((first, net.treatments[j]))
            league.append(_cell(question, net, i, j) | {
                "k": split.k if split else 0, "direct_share": split.share if split else 0.0,
                "direct": _estimate(question, split and split.direct),
                "indirect": _estimate(question, split and split.indirect),
                "difference": split and split.difference and {
                    "estimate": split.difference.estimate, "se": split.difference.se,
                    "p_value": split.difference.p_value}})
    return {
        "k": net.k, "reference": net.reference,
        "treatments": [{
            "treatment": name, "k": sum(name in t.arms for t in net.trials),
            "participants": net.participants and net.participants[name],
            "p_score": float(net.p_scores[i]),
            "against_reference": None if i == base else _cell(question, net, i, base)}
            for i, name in enumerate(net.treatments)],
        "comparisons": [c._asdict() for c in net.comparisons], "league": league,
        "tau2": net.tau2, "tau2_low": net.tau2_low, "tau2_high": net.tau2_high,
        "tau": None if net.tau2 is None else math.sqrt(net.tau2), "i2": net.i2,
        "q": {"total": _test(net.q), "within_designs": _test(net.q_within),
              "between_designs": _test(net.q_between)},
        "design_by_treatment": _test(net.interaction) | {"tau2": net.interaction_tau2},
        "designs": [{"arms": list(d.arms), "k": d.k, "within": _test(d.within)}
                    for d in net.designs],
        "net_heat": net.heat.tolist(), "df": net.df,
        "contributions": net.contribution is not None and {
            "of": [list(pair) for pair in net.pairs], "trials": [t.name for t in net.trials],
            "by_comparison": net.contribution.tolist(),
            "by_trial": net.trial_contribution.tolist()} or None,
        "pi_df": None if net.pi_low is None else {
            "df-1": net.q.df - 1, "df": net.q.df, "normal": None}[net.prediction_df],
        "multi_arm": [t.name for t in net.trials if len(t.arms) > 2]}


def document(compared: Compared) -> dict:
    """The network as plain keys.

    Returns
    -------
    dict
        Ratios are exponentiated; `se`, `tau2`, differences of direct and indirect evidence and
        net heat are on the log scale then, which the key `scale` says.
    """
    question, net = compared.question, compared.network
    scale = ("estimates and their intervals are ratios; se, tau2 and difference are on the "
             "natural log scale" if question.measure in RATIOS
             else "everything is in the unit of the effects")
    return {
        "file": compared.file, "version": __version__, "measure": question.measure,
        "scale": scale, "level": question.level,
        "model": "common" if question.method == "common" else "random",
        "tau2_method": None if question.method == "common" else question.method,
        "interval": question.interval, "better": question.better,
        "prediction_df": net.prediction_df, "split_method": "back-calculation (SIDE)",
        "contribution_method": "random walk", **part(question, net),
        "components": [list(names) for names in net.components],
        "others": [part(question, other) for other in net.others],
        "left_out": [{"row": row, "what": what, "why": why}
                     for row, what, why in compared.left_out],
        "warnings": list(dict.fromkeys(compared.warnings)), "read": list(compared.reading)}


def as_json(compared: Compared) -> str:
    """The network as JSON, ten significant digits."""
    return dumps(document(compared))
