"""As `recomputed`: Cochrane's conventions, fit, correlated effects, rarer measures, networks,
posteriors.
"""

from __future__ import annotations

from collections.abc import Sequence

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


# --- networks -----------------------------------------------------------------------------------


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


# --- posteriors ---------------------------------------------------------------------------------


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
