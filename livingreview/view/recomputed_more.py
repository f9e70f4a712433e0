"""As `recomputed`: Cochrane's conventions, fit, correlated effects, rarer measures."""

from __future__ import annotations

import numpy as np

from .. import synthesis as s
from .recomputed import MEANS, TABLE, Answers, Pairs, attributes, effects


def cochrane(ref: dict[str, Answers]) -> Pairs:
    """Conventions of Review Manager."""
    for name, case in ref["cochrane"]["tables"].items():
        cells = [case[c] for c in TABLE]
        for measure in ("RR", "OR", "RD"):
            answer = case[measure]
            found = s.mantel_haenszel(*cells, measure=measure, convention="revman")
            yield from attributes(found, answer["fixed"], name, what=f"mh-{measure}")
            found = s.mantel_haenszel_random(*cells, measure=measure)
            yield name, "weights", found.weights[found.weights > 0], answer["weights"]
            yield from attributes(found, answer, name, (
                "tau2", "estimate", "se", "ci_low", "ci_high", "statistic", "p_value", "q_p", "i2"),
                "mh-random")
    case = ref["cochrane"]["smd"]
    found = s.standardised_mean_difference(*(case[c] for c in MEANS), correction="approximate",
                                           variance="RevMan")
    yield from effects(found, case, "normand1999", "SMD")


def fit(ref: dict[str, Answers]) -> Pairs:
    """Residuals, likelihoods and information criteria."""
    for name, case in ref["engine"]["fits"].items():
        for method, answer in case["fits"].items():
            options = {"model": "common"} if method == "EE" else {"tau2_method": method}
            data = case["yi"], case["vi"], case["x"] or None
            found = s.fit_statistics(*data, **options)
            yield from attributes(found, answer, name, (
                "log_likelihood", "aic", "bic", "aicc", *(("tau2_se",) if method != "EE" else ())))
            yield from attributes(s.residuals(*data, **options), answer, name,
                              ("fitted", "raw", "se", "standardised"), "residuals")


def unpublished(ref: dict[str, Answers]) -> Pairs:
    """What unpublished trials could do."""
    for name, case in ref["measures"]["small_study"].items():
        data = case["yi"], case["vi"]
        for kind, answer in case["fail_safe"].items():
            found = s.fail_safe_n(*data, kind)
            yield name, "fail-safe", found.n, answer["n"]
            if answer["p_value"] is not None:
                yield name, "fail-safe", found.p_value, answer["p_value"]
        if "excess" in case:
            yield from attributes(s.excess_significance(*data), case["excess"], name,
                                  what="excess")
        yield from attributes(s.henmi_copas(*data), case["henmi_copas"], name, what="henmi-copas")


def joint(ref: dict[str, Answers]) -> Pairs:
    """Joint tests of a factor, and influence where a study cannot be left out."""
    case = ref["engine"]["joint"]
    factor = s.dummies(case["alloc"])
    for test in ("z", "knha"):
        regression = s.meta_regression(
            case["yi"], case["vi"], np.column_stack([factor.x, case["ablat"]]),
            names=[*factor.names, "ablat"], test={"knha": "hksj"}.get(test, test))
        found = s.joint_test(regression, factor.names)
        yield from attributes(found, case[test], "bcg", ("statistic", "p_value"), "joint-test")
    case = ref["engine"]["fixed_by_one"]
    found = s.influence(case["yi"], case["vi"], np.array(case["x"]))
    for field in ("rstudent", "dffits", "cook", "cov_ratio", "tau2", "qe", "dfbetas"):
        yield "bcg", field, np.ma.filled(getattr(found, field), np.nan), case[field]


def correlated(ref: dict[str, Answers]) -> Pairs:
    """Effects with a covariance matrix, in regression and in three levels, by both likelihoods."""
    case = ref["engine"]["correlated"]
    y, v = case["yi"], np.array(case["v"])
    for method in ("REML", "ML"):
        for key, x in (("mean", np.empty((len(y), 0))), ("dose_effect", case["dose"])):
            found, answer = (s.meta_regression(y, v, x, tau2_method=method, test="z"),
                             case[key][method])
            yield "made-up", "tau2", found.tau2, answer["sigma2"]
            yield "made-up", "coefficients", found.coefficients, answer["coefficients"]
            yield "made-up", "se", found.ses, answer["ses"]
            yield "made-up", "qe", found.qe, answer["q"]
        for key, errors in (("three_level", v), ("independent", np.diag(v))):
            yield from _levels(s.three_level(y, errors, case["cluster"], method=method, test="z"),
                               case[key][method], "made-up", "coefficients", "ses")
    answer = ref["engine"]["schools"]
    found = s.three_level(answer["yi"], answer["vi"], answer["cluster"], method="ML", test="z")
    yield from _levels(found, answer, "konstantopoulos2011", "estimate", "se")


def _levels(found: s.ThreeLevel, answer: Answers, name: str, estimate: str, se: str) -> Pairs:
    yield name, "variances", [found.between, found.within], answer["sigma2"]
    yield name, "estimate", found.estimate, answer[estimate]
    yield name, "se", found.se, answer[se]
    yield name, "log_likelihood", found.log_likelihood, answer["log_likelihood"]


def measures(ref: dict[str, Answers]) -> Pairs:
    """Measures that the other kinds leave out."""
    found = ref["engine"]["measures"]
    case = found["proportions"]
    counts = case["events"], case["n"]
    for rule, to in (("only", "only0"), ("all", "all"), ("none", "none")):
        yield from effects(s.log_proportion(*counts, zero_cells=rule), case[f"PLN {to}"],
                           "made-up", "PLN")
    yield from effects(s.arcsine_proportion(*counts), case["PAS"], "made-up", "PAS")
    for rule in ("keep", "drop"):
        for function, key, what, named in (
                (s.arcsine_difference, "tables", "AS", TABLE),
                (s.root_rate_difference, "rates", "IRSD", ("e1", "t1", "e2", "t2"))):
            case = found[key]
            yield from effects(function(*(case[c] for c in named), double_zeros=rule), case[rule],
                               "made-up", what)
    for key, name in (("means", "normand1999"), ("small", "made-up")):
        arms = [found[key][c] for c in MEANS]
        yield from effects(s.unequal_standardised_mean_difference(*arms), found[key]["SMDH"], name,
                           "SMDH")
    case = found["correlations"]
    for variance in ("LS", "UB"):
        yield from effects(s.unbiased_correlation(case["r"], case["n"], variance), case[variance],
                           "correlations", "UCOR")
    yield from _changes(found["morris"])


def _changes(case: Answers) -> Pairs:
    treated = case["treated"]
    columns = [treated[c] for c in ("before", "sdb", "after", "sda", "n", "r")]
    yield from effects(s.ratio_of_paired_means(*columns), treated["ROMC"], "morris2008", "ROMC")
    yield from effects(s.standardised_mean_change(*columns, standardiser="baseline-unequal"),
                       treated["SMCRH"], "morris2008", "SMCRH")
    groups = [case[group][c] for group in ("treated", "control")
              for c in ("before", "sdb", "after", "n")]
    for standardiser in ("own", "pooled"):
        yield from effects(s.pre_post_control(*groups, treated["r"], standardiser=standardiser),
                           case[standardiser], "morris2008", "pre-post-control")
