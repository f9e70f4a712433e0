"""The statistics computed again on the data sets of which other programs gave answers.

Each function of the answers gives, number by number, the data set, a key of the quantity, ours and
the answer. The answers are those of the tests, ``tests/reference/*.json``, which R wrote.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from .. import synthesis as s

INTERVALS = {"z": "z", "t": "t", "knha": "hksj", "adhoc": "hksj-guard"}
TABLE = ("e1", "n1", "e2", "n2")
_POLICIES = {"only": "only0", "all": "all", "none": "none"}
MEANS = ("m1", "sd1", "n1", "m2", "sd2", "n2")
_ITERATED = ("REML", "ML", "PM", "EB")
_POOLED = ("estimate", "se", "ci_low", "ci_high", "statistic", "p_value", "i2", "h2")
_ASYMMETRY = ("statistic", "p_value", "intercept", "slope", "slope_se", "tau2")
_INFLUENCE = ("rstudent", "dffits", "cook", "cov_ratio", "tau2", "qe", "hat", "weights",
              "dfbetas")
Answers = dict[str, Any]
Pairs = Iterator[tuple[str, str, Any, Any]]


def attributes(found: Any, answers: Mapping, name: str, fields: Sequence[str] = (),
            what: str = "") -> Pairs:
    """Attributes of a result, each beside its answer; all that were answered, if none is named."""
    for field in fields or answers:
        yield name, what or field, getattr(found, field), answers[field]


def effects(found: s.Effects, expected: dict, name: str, what: str) -> Pairs:
    """Effects and variances of the rows that are used."""
    for field in ("yi", "vi"):
        answer = np.array(expected[field], dtype=float)
        yield name, what, getattr(found, field)[found.used], answer[found.used]


def means(ref: dict[str, Answers]) -> Pairs:
    for name, case in ref["metafor"]["means"].items():
        arms = [case[c] for c in MEANS]
        yield from effects(s.mean_difference(*arms), case["md"], name, "MD")
        yield from effects(s.standardised_mean_difference(*arms), case["smd"], name, "SMD")
    for name, case in ref["measures"]["means"].items():
        arms = [case[c] for c in MEANS]
        for variance in ("LS", "LS2", "UB"):
            found = s.standardised_mean_difference(*arms, variance=variance)
            yield from effects(found, case[f"SMD {variance}"], name, "SMD")
        if "ROM" in case:
            yield from effects(s.ratio_of_means(*arms), case["ROM"], name, "ROM")


def tables(ref: dict[str, Answers]) -> Pairs:
    functions = {"RR": s.risk_ratio, "OR": s.odds_ratio, "RD": s.risk_difference,
                 "PETO": s.peto_odds_ratio}
    for name, case in ref["measures"]["tables"].items():
        cells = [case[c] for c in TABLE]
        for measure, function in functions.items():
            for rule, to in _POLICIES.items():
                for double in ("keep", "drop"):
                    found = function(*cells, zero_cells=rule, double_zeros=double)
                    yield from effects(found, case[f"{measure} {to} {double}"], name, measure)
    for name, case in ref["metafor"]["tables"].items():
        cells = [case[c] for c in TABLE]
        for measure in ("RR", "OR", "RD"):
            for rule in ("only", "all"):
                found = functions[measure](*cells, zero_cells=rule)
                expected = case[f"{measure} {_POLICIES[rule]}"]
                yield from effects(found, expected, name, measure)


def changes(ref: dict[str, Answers]) -> Pairs:
    for name, case in ref["measures"]["changes"].items():
        columns = [case[c] for c in ("m_baseline", "sd_baseline", "m_final", "sd_final", "n",
                                     "correlation")]
        yield from effects(s.mean_change(*columns), case["MC"], name, "mean-change")
        for standardiser, key in (("change", "SMCC"), ("baseline", "SMCR")):
            found = s.standardised_mean_change(*columns, standardiser=standardiser)
            yield from effects(found, case[key], name, "standardised-mean-change")
    case = ref["measures"]["correlations"]
    for function, key in ((s.raw_correlation, "COR"), (s.fisher_z, "ZCOR")):
        yield from effects(function(case["r"], case["n"]), case[key], "correlations", key)


def proportions(ref: dict[str, Answers]) -> Pairs:
    for name, case in ref["measures"]["proportions"].items():
        for rule, to in _POLICIES.items():
            for function, key in ((s.raw_proportion, "PR"), (s.logit_proportion, "PLO")):
                found = function(case["events"], case["n"], zero_cells=rule)
                yield from effects(found, case[f"{key} {to}"], name, "proportion-logit")
        found = s.double_arcsine_proportion(case["events"], case["n"])
        yield from effects(found, case["PFT"], name, "double-arcsine")
        fit = s.pool(found.yi, found.vi, tau2_method="DL", interval="z")
        pooled = [fit.estimate, fit.ci_low, fit.ci_high]
        yield name, "double-arcsine", pooled, case["pooled"]
        yield (name, "back-transformation",
               s.proportion_from_double_arcsine(pooled, s.harmonic_mean(case["n"])),
               case["back_pooled"])
        yield (name, "back-transformation",
               s.proportion_from_double_arcsine(found.yi, case["n"]), case["back"])
    case = ref["measures"]["miller"]
    yield ("miller", "back-transformation",
           s.proportion_from_double_arcsine(case["value"], case["n"]), case["p"])


def rates(ref: dict[str, Answers]) -> Pairs:
    for name, case in ref["measures"]["rates"].items():
        for rule, to in _POLICIES.items():
            for function, key in ((s.incidence_rate, "IR"), (s.log_incidence_rate, "IRLN")):
                found = function(case["events"], case["time"], zero_cells=rule)
                yield from effects(found, case[f"{key} {to}"], name, "rate-log-rate")
        found = s.root_incidence_rate(case["events"], case["time"])
        yield from effects(found, case["IRS"], name, "root-rate")
    for name, case in ref["measures"]["two_rates"].items():
        columns = [case[c] for c in ("e1", "t1", "e2", "t2")]
        for rule, to in _POLICIES.items():
            for double in ("keep", "drop"):
                for function, key in ((s.rate_ratio, "IRR"), (s.rate_difference, "IRD")):
                    found = function(*columns, zero_cells=rule, double_zeros=double)
                    yield from effects(found, case[f"{key} {to} {double}"], name, key)


def cases(ref: dict[str, Answers]) -> Iterator[tuple[str, dict, np.ndarray, np.ndarray]]:
    for name, case in ref["metafor"]["cases"].items():
        yield name, case, np.array(case["yi"]), np.array(case["vi"])


def tau2(methods: tuple[str, ...], ref: dict[str, Answers]) -> Pairs:
    for name, case, y, v in cases(ref):
        for method in methods:
            yield name, method, s.tau2(y, v, method), case["tau2"][method]


def q_profile(ref: dict[str, Answers]) -> Pairs:
    for name, case, y, v in cases(ref):
        yield name, "q-profile", s.tau2_interval(y, v), case["tau2_interval"]


def random(method: str, ref: dict[str, Answers]) -> Pairs:
    for name, case, y, v in cases(ref):
        for test, interval in INTERVALS.items():
            found = s.pool(y, v, tau2_method=method, interval=interval,
                           prediction_df="normal" if test == "z" else "k-1")
            # No test without a standard error; no prediction below three studies.
            fields = _POOLED if found.se > 1e-12 else _POOLED[:4]
            fields += ("pi_low", "pi_high") if found.k > 2 else ()
            yield from attributes(found, case["fits"][f"{method} {test}"], name, fields)
        if method == "REML":
            yield name, "weights", s.pool(y, v).weights, case["weights"]


def common(ref: dict[str, Answers]) -> Pairs:
    for name, case, y, v in cases(ref):
        found = s.pool(y, v, model="common")
        yield from attributes(found, case["common"], name, _POOLED)
        yield from attributes(found, case["q"], name)


def leave_one_out(method: str, ref: dict[str, Answers]) -> Pairs:
    key = method.lower()
    for name, case, y, v in cases(ref):
        if "leave_one_out" not in case:
            continue
        found = s.leave_one_out(y, v, tau2_method=method)
        for one, answer in zip(found, case["leave_one_out"], strict=True):
            yield name, "estimate", one.estimate, answer[key]
            yield name, "se", one.se, answer[f"{key}_se"]
            yield (name, "tau2", one.tau2,
                   answer["tau2" if method == "REML" else "dl_tau2"])


def of_tables(ref: dict[str, Answers]) -> Pairs:
    for name, case in ref["metafor"]["tables"].items():
        cells = [case[c] for c in TABLE]
        pools = {f"mh {m}": s.mantel_haenszel(*cells, measure=m) for m in ("RR", "OR", "RD")}
        for key, found in {**pools, "peto": s.peto(*cells)}.items():
            yield from attributes(found, case[key], name, what=key.replace(" ", "-"))


def several(ref: dict[str, Answers]) -> Pairs:
    case = ref["metafor"]["gls"]
    found = s.combine_correlated(case["yi"], case["covariance"])
    yield "made-up", "correlated-effects", found, [case["estimate"], case["variance"]]
    case = ref["metafor"]["subgroups"]
    test = s.subgroup_difference(case["estimates"], case["ses"])
    yield "made-up", "subgroup-test", [test.q, test.p_value], [case["q"], case["p_value"]]
    case = ref["models"]["shared"]
    yield ("made-up", "shared-control", s.shared_control_md(case["vi"], 8, 40),
           case["covariance"])
    for name, case in ref["models"]["dependent"].items():
        for key, r, weighted in (("a", 0.6, True), ("b", 0.6, False), ("c", 0.0, True)):
            found = s.aggregate(case["yi"], case["vi"], case["cluster"], r, weighted=weighted)
            yield from attributes(found, case["aggregate"][key], name, ("yi", "vi"), "aggregation")


def egger(ref: dict[str, Answers]) -> Pairs:
    for name, case, y, v in cases(ref):
        if "egger" in case:
            yield from attributes(s.egger(y, v), case["egger"], name, _ASYMMETRY, "egger-random")
    answer, case = ref["metafor"]["predictor"], ref["metafor"]["cases"]["normand1999_smd"]
    found = s.egger(case["yi"], case["vi"], predictor=answer["x"])
    fields = [field for field in _ASYMMETRY if field != "slope_se"]
    yield from attributes(found, answer, "normand1999_smd", fields, "egger-random")
    for name, case in ref["measures"]["small_study"].items():
        for predictor, answer in case["random"].items():
            found = s.egger(case["yi"], case["vi"], predictor=predictor, n=case["n"])
            yield from attributes(found, answer, name, _ASYMMETRY, "egger-random")


def weighted(ref: dict[str, Answers]) -> Pairs:
    for name, case in ref["measures"]["small_study"].items():
        for predictor, answer in case["weighted"].items():
            found = s.egger(case["yi"], case["vi"], model="weighted", predictor=predictor,
                            n=case["n"])
            yield from attributes(found, answer, name, what="egger-weighted")
    for name, case in ref["metafor"]["tables"].items():
        for weights in ("variance", "events"):
            found = s.peters(*(case[c] for c in TABLE), weights=weights)
            yield from attributes(found, case[f"peters_{weights}"], name, what="peters")


def ranks(ref: dict[str, Answers]) -> Pairs:
    for name, case in ref["measures"]["small_study"].items():
        ties = len(set(case["vi"])) < len(case["vi"])
        for exact, key in ((None, "default"), (True, "yes"), (False, "no")):
            if not (exact and ties):
                found = s.begg(case["yi"], case["vi"], exact=exact)
                answer = case["begg"][key]
                yield (name, "begg", [found.tau, found.p_value],
                       [answer["tau"], answer["p_value"]])


def _filled(found: s.TrimAndFill, answer: dict) -> tuple[list, list]:
    pooled = found.pooled
    return ([found.k0, found.k0_se, pooled.estimate, pooled.se],
            [answer[key] for key in ("k0", "k0_se", "estimate", "se")])


def fill(ref: dict[str, Answers]) -> Pairs:
    for name, case in ref["measures"]["small_study"].items():
        for key, answer in case["fill"].items():
            estimator, side, model = key.split()
            options = {"model": "common"} if model == "EE" else {
                "tau2_method": "DL", "interval": "z"}
            found = s.trim_and_fill(case["yi"], case["vi"], side=side, estimator=estimator,
                                    **options)
            yield name, f"trim-and-fill-{estimator}", *_filled(found, answer)


def fill_reml(ref: dict[str, Answers]) -> Pairs:
    for name, case, y, v in cases(ref):
        for side in ("left", "right") if case.get("trimfill") else ():
            found = s.trim_and_fill(y, v, side=side, interval="z")
            yield name, "trim-and-fill-L0", *_filled(found, case["trimfill"][side])


def predictions(ref: dict[str, Answers]) -> Pairs:
    for name, tests in ref["measures"]["predictions"].items():
        data = ref["measures"]["small_study"][name]
        for test, answer in tests.items():
            fit = s.pool(data["yi"], data["vi"], tau2_method="DL", interval=INTERVALS[test])
            for row, threshold in enumerate(answer["threshold"]):
                for df, key in (("k-1", "below_k1"), ("k-2", "below_k2"), ("normal", "below_z")):
                    found = s.probability_beyond(fit, threshold, prediction_df=df)
                    yield name, "threshold", found.below, answer[key][row]


def regressions(iterated: bool, ref: dict[str, Answers]) -> Pairs:
    for name, case in ref["models"]["regressions"].items():
        for fit, answer in case["fits"].items():
            method, test = fit.split()
            if (method in _ITERATED) == iterated:
                yield from _regression(name, case, method, INTERVALS[test], answer)
        if iterated:
            found = _regress(case, "REML", "z")
            yield (name, "q-profile", [found.tau2_low, found.tau2_high],
                   case["tau2_interval"])


def _regress(case: dict, method: str, test: str) -> s.Regression:
    options = {"model": "common"} if method == "EE" else {"tau2_method": method}
    return s.meta_regression(case["yi"], case["vi"], case["x"], intercept=case["intercept"],
                             test=test, **options)


def _regression(name: str, case: dict, method: str, test: str, answer: dict) -> Pairs:
    found = _regress(case, method, test)
    for field in ("coefficients", "ses", "ci_low", "ci_high", "statistics", "p_values",
                  "covariance", "omnibus", "omnibus_p", "qe", "qe_p", "i2", "h2", "tau2", "r2"):
        if getattr(found, field) is not None:
            yield name, field, getattr(found, field), answer[field]
    if answer["predictions"]:
        at = s.predict(found, case["new"])
        for field, value in answer["predictions"].items():
            if getattr(at, field) is not None:
                yield name, f"predicted-{field}", getattr(at, field), value


def subgroups(ref: dict[str, Answers]) -> Pairs:
    case = ref["models"]["subgroups"]
    for test, kinds in case["tests"].items():
        for kind, answer in kinds.items():
            found = s.subgroup_analysis(case["yi"], case["vi"], case["groups"],
                                        test=INTERVALS[test], common_tau2=kind == "common")
            for field in ("estimate", "se", "p_value"):
                yield "bcg", field, [getattr(g, field) for g in found.groups], answer[field]
            yield ("bcg", "subgroup-test", [found.statistic, found.p_value],
                   [answer["statistic"], answer["test_p"]])


def influence(method: str, ref: dict[str, Answers]) -> Pairs:
    for name, case in ref["models"]["influences"].items():
        for fit, answer in case["fits"].items():
            if fit.split()[0] == method:
                found = s.influence(case["yi"], case["vi"], case["x"], tau2_method=method,
                                    test=INTERVALS[fit.split()[1]])
                yield from attributes(found, answer, name, _INFLUENCE)


def three_level(ref: dict[str, Answers]) -> Pairs:
    for name, case in ref["models"]["dependent"].items():
        found = s.three_level(case["yi"], case["vi"], case["cluster"])
        yield name, "variances", [found.between, found.within], case["sigma2"]
        for level in ("between", "within"):
            yield (name, "profile-intervals",
                   [getattr(found, f"{level}_low"), getattr(found, f"{level}_high")], case[level])
        yield from attributes(found, case, name, (
            "estimate", "se", "ci_low", "ci_high", "p_value", "log_likelihood", "q", "q_p",
            "pi_low", "pi_high"))


def robust(ref: dict[str, Answers]) -> Pairs:
    for name, case in ref["models"]["dependent"].items():
        for key, options in (("random", {}), ("three_level", {"working": "three-level"}),
                             ("cr1", {"adjustment": "CR1"}), ("common", {"working": "common"})):
            found = s.robust(case["yi"], case["vi"], case["cluster"], **options)
            answer = case["robust"][key]
            yield (name, "CR1" if key == "cr1" else "CR2",
                   [found.ses[0], found.df[0], found.p_values[0]],
                   [answer["se"], answer["df"], answer["p"]])
    case = ref["models"]["large"]
    found = s.robust(case["yi"], case["vi"], case["cluster"], working="common")
    yield ("giant-study", "CR2", [found.ses[0], found.df[0]],
           [case["common"]["se"], case["common"]["df"]])
    case, answer = ref["models"]["dependent"]["konstantopoulos"], ref["models"]["moderated"]
    found = s.robust(case["yi"], case["vi"], case["cluster"], answer["x"], tau2_method="DL")
    for field, key in (("coefficients", "coefficients"), ("ses", "se"), ("df", "df"),
                       ("covariance", "covariance")):
        yield "konstantopoulos", "CR2", getattr(found, field), answer[key]


def doses(ref: dict[str, Answers]) -> Pairs:
    case = ref["models"]["doses"]
    blocks = [np.diag([o for o, name in zip(case["own"], case["study"], strict=True)
                       if name == study]) + case["control"][study]
              for study in dict.fromkeys(case["study"])]
    data = case["yi"], case["dose"], case["study"], blocks
    two = s.dose_response(*data, interval="hksj")
    yield "made-up", "two-stages", two.slopes, case["two"]["slopes"]
    yield ("made-up", "two-stages", [two.tau2, two.slope, two.se],
           [case["two"][key] for key in ("tau2", "slope", "se")])
    one = s.dose_response(*data, stage="one", interval="z")
    free = case["free"]
    yield ("made-up", "one-stage", [one.tau2, one.intercept, one.slope, one.intercept_se, one.se],
           [free["tau2"], *free["beta"], *free["se"]])


def logistic(ref: dict[str, Answers]) -> Pairs:
    for name, case in ref["models"]["proportions"].items():
        found = s.logistic_pool(case["events"], case["totals"])
        yield from attributes(found, case["judge"], name)
