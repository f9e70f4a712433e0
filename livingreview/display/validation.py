"""The validation page: the statistics recomputed and held against the answers of other programs.

The answers are those of the tests, ``tests/reference/*.json``, which R wrote; each is computed
again when the page is built.
"""

from __future__ import annotations

import inspect
import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from .. import synthesis as s
from ..data import reads
from ..data.reads import REFERENCE
from .html import Column, Html, join, number, paragraph, table

FILES = ("metafor", "measures", "models")
ZERO = 1e-9  # answers nearer to 0 than this are compared by their difference alone
DIGITS = 15  # of the answers
CLOSED_FORM, ITERATIVE = 1e-8, 1e-6  # as the tests hold them
SECOND = 1e-5  # the second judges stop at their default tolerances
_INTERVALS = {"z": "z", "t": "t", "knha": "hksj", "adhoc": "hksj-guard"}
_POLICIES = {"only": "only0", "all": "all", "none": "none"}
_MEANS, _TABLE = ("m1", "sd1", "n1", "m2", "sd2", "n2"), ("e1", "n1", "e2", "n2")
_ITERATED = ("REML", "ML", "PM", "EB")
_POOLED = ("estimate", "se", "ci_low", "ci_high", "statistic", "p_value", "i2", "h2")
Answers = dict[str, Any]
Pairs = Iterator[tuple[str, str, Any, Any]]  # data set, quantity, ours, the answer


class NoReference(Exception):
    """The answers are not beside the package."""


@cache
def answers() -> dict[str, Answers]:
    """The files of R's answers.

    Raises
    ------
    NoReference
        If one is missing, as in an installed package.
    """
    return {name: _read(name) for name in FILES}


@cache
def _read(name: str) -> Answers:
    path = REFERENCE / f"{name}.json"
    reads.note_beside(path)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise NoReference(
            f"The reference answers are not beside the package ({path.name}: {error.strerror}). "
            "They are part of the repository, in tests/reference: build this page from a "
            "clone.") from None


# ---------------------------------------------------------------- what is recomputed


def _effects(found: s.Effects, expected: dict, name: str, what: str) -> Pairs:
    """Effects and variances of the rows that are used."""
    for field in ("yi", "vi"):
        answer = np.array(expected[field], dtype=float)
        yield name, what, getattr(found, field)[found.used], answer[found.used]


def _means(ref: dict[str, Answers]) -> Pairs:
    for name, case in ref["metafor"]["means"].items():
        arms = [case[c] for c in _MEANS]
        yield from _effects(s.mean_difference(*arms), case["md"], name, "MD")
        yield from _effects(s.standardised_mean_difference(*arms), case["smd"], name, "SMD")
    for name, case in ref["measures"]["means"].items():
        arms = [case[c] for c in _MEANS]
        for variance in ("LS", "LS2", "UB"):
            found = s.standardised_mean_difference(*arms, variance=variance)
            yield from _effects(found, case[f"SMD {variance}"], name, "SMD")
        if "ROM" in case:
            yield from _effects(s.ratio_of_means(*arms), case["ROM"], name, "ROM")


def _tables(ref: dict[str, Answers]) -> Pairs:
    functions = {"RR": s.risk_ratio, "OR": s.odds_ratio, "RD": s.risk_difference,
                 "PETO": s.peto_odds_ratio}
    for name, case in ref["measures"]["tables"].items():
        cells = [case[c] for c in _TABLE]
        for measure, function in functions.items():
            for rule, to in _POLICIES.items():
                for double in ("keep", "drop"):
                    found = function(*cells, zero_cells=rule, double_zeros=double)
                    yield from _effects(found, case[f"{measure} {to} {double}"], name, measure)
    for name, case in ref["metafor"]["tables"].items():
        cells = [case[c] for c in _TABLE]
        for measure in ("RR", "OR", "RD"):
            for rule in ("only", "all"):
                found = functions[measure](*cells, zero_cells=rule)
                expected = case[f"{measure} {_POLICIES[rule]}"]
                yield from _effects(found, expected, name, measure)


def _changes(ref: dict[str, Answers]) -> Pairs:
    for name, case in ref["measures"]["changes"].items():
        columns = [case[c] for c in ("m_baseline", "sd_baseline", "m_final", "sd_final", "n",
                                     "correlation")]
        yield from _effects(s.mean_change(*columns), case["MC"], name, "mean change")
        for standardiser, key in (("change", "SMCC"), ("baseline", "SMCR")):
            found = s.standardised_mean_change(*columns, standardiser=standardiser)
            yield from _effects(found, case[key], name, "standardised mean change")
    case = ref["measures"]["correlations"]
    for function, key in ((s.raw_correlation, "COR"), (s.fisher_z, "ZCOR")):
        yield from _effects(function(case["r"], case["n"]), case[key], "correlations", key)


def _proportions(ref: dict[str, Answers]) -> Pairs:
    for name, case in ref["measures"]["proportions"].items():
        for rule, to in _POLICIES.items():
            for function, key in ((s.raw_proportion, "PR"), (s.logit_proportion, "PLO")):
                found = function(case["events"], case["n"], zero_cells=rule)
                yield from _effects(found, case[f"{key} {to}"], name, "proportion, logit")
        found = s.double_arcsine_proportion(case["events"], case["n"])
        yield from _effects(found, case["PFT"], name, "double arcsine")
        fit = s.pool(found.yi, found.vi, tau2_method="DL", interval="z")
        pooled = [fit.estimate, fit.ci_low, fit.ci_high]
        yield name, "double arcsine", pooled, case["pooled"]
        yield (name, "its back-transformation",
               s.proportion_from_double_arcsine(pooled, s.harmonic_mean(case["n"])),
               case["back_pooled"])
        yield (name, "its back-transformation",
               s.proportion_from_double_arcsine(found.yi, case["n"]), case["back"])
    case = ref["measures"]["miller"]
    yield ("miller", "its back-transformation",
           s.proportion_from_double_arcsine(case["value"], case["n"]), case["p"])


def _rates(ref: dict[str, Answers]) -> Pairs:
    for name, case in ref["measures"]["rates"].items():
        for rule, to in _POLICIES.items():
            for function, key in ((s.incidence_rate, "IR"), (s.log_incidence_rate, "IRLN")):
                found = function(case["events"], case["time"], zero_cells=rule)
                yield from _effects(found, case[f"{key} {to}"], name, "rate, log rate")
        found = s.root_incidence_rate(case["events"], case["time"])
        yield from _effects(found, case["IRS"], name, "root of the rate")
    for name, case in ref["measures"]["two_rates"].items():
        columns = [case[c] for c in ("e1", "t1", "e2", "t2")]
        for rule, to in _POLICIES.items():
            for double in ("keep", "drop"):
                for function, key in ((s.rate_ratio, "IRR"), (s.rate_difference, "IRD")):
                    found = function(*columns, zero_cells=rule, double_zeros=double)
                    yield from _effects(found, case[f"{key} {to} {double}"], name, key)


def _cases(ref: dict[str, Answers]) -> Iterator[tuple[str, dict, np.ndarray, np.ndarray]]:
    for name, case in ref["metafor"]["cases"].items():
        yield name, case, np.array(case["yi"]), np.array(case["vi"])


def _tau2(methods: tuple[str, ...]) -> Callable[[dict[str, Answers]], Pairs]:
    def pairs(ref: dict[str, Answers]) -> Pairs:
        for name, case, y, v in _cases(ref):
            for method in methods:
                yield name, method, s.tau2(y, v, method), case["tau2"][method]
    return pairs


def _q_profile(ref: dict[str, Answers]) -> Pairs:
    for name, case, y, v in _cases(ref):
        yield name, "Q-profile interval", s.tau2_interval(y, v), case["tau2_interval"]


def _random(method: str) -> Callable[[dict[str, Answers]], Pairs]:
    def pairs(ref: dict[str, Answers]) -> Pairs:
        for name, case, y, v in _cases(ref):
            for test, interval in _INTERVALS.items():
                found = s.pool(y, v, tau2_method=method, interval=interval,
                               prediction_df="normal" if test == "z" else "k-1")
                # No test without a standard error; no prediction below three studies.
                fields = _POOLED if found.se > 1e-12 else _POOLED[:4]
                fields += ("pi_low", "pi_high") if found.k > 2 else ()
                for field in fields:
                    yield (name, field, getattr(found, field),
                           case["fits"][f"{method} {test}"][field])
            if method == "REML":
                yield name, "weights", s.pool(y, v).weights, case["weights"]
    return pairs


def _common(ref: dict[str, Answers]) -> Pairs:
    for name, case, y, v in _cases(ref):
        found = s.pool(y, v, model="common")
        for field in _POOLED:
            yield name, field, getattr(found, field), case["common"][field]
        for field, answer in case["q"].items():
            yield name, field, getattr(found, field), answer


def _leave_one_out(method: str) -> Callable[[dict[str, Answers]], Pairs]:
    def pairs(ref: dict[str, Answers]) -> Pairs:
        key = method.lower()
        for name, case, y, v in _cases(ref):
            if "leave_one_out" not in case:
                continue
            found = s.leave_one_out(y, v, tau2_method=method)
            for one, answer in zip(found, case["leave_one_out"], strict=True):
                yield name, "estimate", one.estimate, answer[key]
                yield name, "se", one.se, answer[f"{key}_se"]
                yield (name, "tau2", one.tau2,
                       answer["tau2" if method == "REML" else "dl_tau2"])
    return pairs


def _of_tables(ref: dict[str, Answers]) -> Pairs:
    for name, case in ref["metafor"]["tables"].items():
        cells = [case[c] for c in _TABLE]
        pools = {f"mh {m}": s.mantel_haenszel(*cells, measure=m) for m in ("RR", "OR", "RD")}
        for key, found in {**pools, "peto": s.peto(*cells)}.items():
            for field, answer in case[key].items():
                yield name, key.replace("mh", "Mantel–Haenszel").replace("peto", "Peto"), getattr(
                    found, field), answer


def _several(ref: dict[str, Answers]) -> Pairs:
    case = ref["metafor"]["gls"]
    found = s.combine_correlated(case["yi"], case["covariance"])
    yield "made up", "correlated effects", found, [case["estimate"], case["variance"]]
    case = ref["metafor"]["subgroups"]
    test = s.subgroup_difference(case["estimates"], case["ses"])
    yield "made up", "test of subgroups", [test.q, test.p_value], [case["q"], case["p_value"]]
    case = ref["models"]["shared"]
    yield ("made up", "shared control", s.shared_control_md(case["vi"], 8, 40),
           case["covariance"])
    for name, case in ref["models"]["dependent"].items():
        for key, r, weighted in (("a", 0.6, True), ("b", 0.6, False), ("c", 0.0, True)):
            found = s.aggregate(case["yi"], case["vi"], case["cluster"], r, weighted=weighted)
            for field in ("yi", "vi"):
                yield name, "aggregation", getattr(found, field), case["aggregate"][key][field]


_ASYMMETRY = ("statistic", "p_value", "intercept", "slope", "slope_se", "tau2")


def _egger(ref: dict[str, Answers]) -> Pairs:
    for name, case, y, v in _cases(ref):
        if "egger" in case:
            found = s.egger(y, v)
            for field in _ASYMMETRY:
                yield name, "Egger, random effects", getattr(found, field), case["egger"][field]
    answer, case = ref["metafor"]["predictor"], ref["metafor"]["cases"]["normand1999_smd"]
    found = s.egger(case["yi"], case["vi"], predictor=answer["x"])
    for field in ("statistic", "p_value", "intercept", "slope", "tau2"):
        yield "normand1999_smd", "Egger, random effects", getattr(found, field), answer[field]
    for name, case in ref["measures"]["small_study"].items():
        for predictor, answer in case["random"].items():
            found = s.egger(case["yi"], case["vi"], predictor=predictor, n=case["n"])
            for field in _ASYMMETRY:
                yield name, "Egger, random effects", getattr(found, field), answer[field]


def _weighted(ref: dict[str, Answers]) -> Pairs:
    for name, case in ref["measures"]["small_study"].items():
        for predictor, answer in case["weighted"].items():
            found = s.egger(case["yi"], case["vi"], model="weighted", predictor=predictor,
                            n=case["n"])
            for field, value in answer.items():
                yield name, "Egger, weighted", getattr(found, field), value
    for name, case in ref["metafor"]["tables"].items():
        for weights in ("variance", "events"):
            found = s.peters(*(case[c] for c in _TABLE), weights=weights)
            for field, value in case[f"peters_{weights}"].items():
                yield name, "Peters", getattr(found, field), value


def _ranks(ref: dict[str, Answers]) -> Pairs:
    for name, case in ref["measures"]["small_study"].items():
        ties = len(set(case["vi"])) < len(case["vi"])
        for exact, key in ((None, "default"), (True, "yes"), (False, "no")):
            if not (exact and ties):
                found = s.begg(case["yi"], case["vi"], exact=exact)
                answer = case["begg"][key]
                yield (name, "Begg", [found.tau, found.p_value],
                       [answer["tau"], answer["p_value"]])


def _filled(found: s.TrimAndFill, answer: dict) -> tuple[list, list]:
    pooled = found.pooled
    return ([found.k0, found.k0_se, pooled.estimate, pooled.se],
            [answer[key] for key in ("k0", "k0_se", "estimate", "se")])


def _fill(ref: dict[str, Answers]) -> Pairs:
    for name, case in ref["measures"]["small_study"].items():
        for key, answer in case["fill"].items():
            estimator, side, model = key.split()
            options = {"model": "common"} if model == "EE" else {
                "tau2_method": "DL", "interval": "z"}
            found = s.trim_and_fill(case["yi"], case["vi"], side=side, estimator=estimator,
                                    **options)
            yield name, f"trim and fill, {estimator}", *_filled(found, answer)


def _fill_reml(ref: dict[str, Answers]) -> Pairs:
    for name, case, y, v in _cases(ref):
        for side in ("left", "right") if case.get("trimfill") else ():
            found = s.trim_and_fill(y, v, side=side, interval="z")
            yield name, "trim and fill, L0", *_filled(found, case["trimfill"][side])


def _predictions(ref: dict[str, Answers]) -> Pairs:
    for name, tests in ref["measures"]["predictions"].items():
        data = ref["measures"]["small_study"][name]
        for test, answer in tests.items():
            fit = s.pool(data["yi"], data["vi"], tau2_method="DL", interval=_INTERVALS[test])
            for row, threshold in enumerate(answer["threshold"]):
                for df, key in (("k-1", "below_k1"), ("k-2", "below_k2"), ("normal", "below_z")):
                    found = s.probability_beyond(fit, threshold, prediction_df=df)
                    yield name, "chance beyond a threshold", found.below, answer[key][row]


def _regressions(iterated: bool) -> Callable[[dict[str, Answers]], Pairs]:
    def pairs(ref: dict[str, Answers]) -> Pairs:
        for name, case in ref["models"]["regressions"].items():
            for fit, answer in case["fits"].items():
                method, test = fit.split()
                if (method in _ITERATED) == iterated:
                    yield from _regression(name, case, method, _INTERVALS[test], answer)
            if iterated:
                found = _regress(case, "REML", "z")
                yield (name, "Q-profile interval", [found.tau2_low, found.tau2_high],
                       case["tau2_interval"])
    return pairs


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
                yield name, f"predicted {field}", getattr(at, field), value


def _subgroups(ref: dict[str, Answers]) -> Pairs:
    case = ref["models"]["subgroups"]
    for test, kinds in case["tests"].items():
        for kind, answer in kinds.items():
            found = s.subgroup_analysis(case["yi"], case["vi"], case["groups"],
                                        test=_INTERVALS[test], common_tau2=kind == "common")
            for field in ("estimate", "se", "p_value"):
                yield "bcg", field, [getattr(g, field) for g in found.groups], answer[field]
            yield ("bcg", "test between", [found.statistic, found.p_value],
                   [answer["statistic"], answer["test_p"]])


_INFLUENCE = ("rstudent", "dffits", "cook", "cov_ratio", "tau2", "qe", "hat", "weights",
              "dfbetas")


def _influence(method: str) -> Callable[[dict[str, Answers]], Pairs]:
    def pairs(ref: dict[str, Answers]) -> Pairs:
        for name, case in ref["models"]["influences"].items():
            for fit, answer in case["fits"].items():
                if fit.split()[0] == method:
                    found = s.influence(case["yi"], case["vi"], case["x"], tau2_method=method,
                                        test=_INTERVALS[fit.split()[1]])
                    for field in _INFLUENCE:
                        yield name, field, getattr(found, field), answer[field]
    return pairs


def _three_level(ref: dict[str, Answers]) -> Pairs:
    for name, case in ref["models"]["dependent"].items():
        found = s.three_level(case["yi"], case["vi"], case["cluster"])
        yield name, "variances", [found.between, found.within], case["sigma2"]
        for level in ("between", "within"):
            yield (name, "profile intervals",
                   [getattr(found, f"{level}_low"), getattr(found, f"{level}_high")], case[level])
        for field in ("estimate", "se", "ci_low", "ci_high", "p_value", "log_likelihood", "q",
                      "q_p", "pi_low", "pi_high"):
            yield name, field, getattr(found, field), case[field]


def _robust(ref: dict[str, Answers]) -> Pairs:
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
    yield ("giant study", "CR2", [found.ses[0], found.df[0]],
           [case["common"]["se"], case["common"]["df"]])
    case, answer = ref["models"]["dependent"]["konstantopoulos"], ref["models"]["moderated"]
    found = s.robust(case["yi"], case["vi"], case["cluster"], answer["x"], tau2_method="DL")
    for field, key in (("coefficients", "coefficients"), ("ses", "se"), ("df", "df"),
                       ("covariance", "covariance")):
        yield "konstantopoulos", "CR2", getattr(found, field), answer[key]


def _doses(ref: dict[str, Answers]) -> Pairs:
    case = ref["models"]["doses"]
    blocks = [np.diag([o for o, name in zip(case["own"], case["study"], strict=True)
                       if name == study]) + case["control"][study]
              for study in dict.fromkeys(case["study"])]
    data = case["yi"], case["dose"], case["study"], blocks
    two = s.dose_response(*data, interval="hksj")
    yield "made up", "two stages", two.slopes, case["two"]["slopes"]
    yield ("made up", "two stages", [two.tau2, two.slope, two.se],
           [case["two"][key] for key in ("tau2", "slope", "se")])
    one = s.dose_response(*data, stage="one", interval="z")
    free = case["free"]
    yield ("made up", "one stage", [one.tau2, one.intercept, one.slope, one.intercept_se, one.se],
           [free["tau2"], *free["beta"], *free["se"]])


def _logistic(ref: dict[str, Answers]) -> Pairs:
    for name, case in ref["models"]["proportions"].items():
        found = s.logistic_pool(case["events"], case["totals"])
        for field, answer in case["judge"].items():
            yield name, field, getattr(found, field), answer


# ---------------------------------------------------------------- the kinds of quantities


@dataclass(frozen=True)
class Kind:
    """A kind of quantity, what recomputes it, and who gave the answers."""

    name: str
    pairs: Callable[[dict[str, Answers]], Pairs]
    judge: str = "metafor"
    iterative: bool = False
    allowed: float | None = None  # where the tests allow another difference
    note: str = ""


_FORMULA = "the likelihood by its formula in R"
KINDS = (
    Kind("Effects of means", _means),
    Kind("Effects of events", _tables),
    Kind("Changes and correlations", _changes),
    Kind("Single proportions", _proportions),
    Kind("Incidence rates", _rates),
    Kind("τ² in closed form", _tau2(("DL", "HE", "SJ", "HS"))),
    Kind("τ² by moments, iterated", _tau2(("PM", "EB")), iterative=True),
    Kind("τ² by likelihood", _tau2(("REML", "ML")), _FORMULA, True),
    Kind("Interval of τ²", _q_profile, iterative=True),
    Kind("Random effects, DL", _random("DL")),
    Kind("Random effects, PM", _random("PM"), iterative=True),
    Kind("Random effects, REML", _random("REML"), iterative=True),
    Kind("Common effect and heterogeneity", _common),
    Kind("Mantel–Haenszel and Peto", _of_tables),
    Kind("Leaving one out, DL", _leave_one_out("DL")),
    Kind("Leaving one out, REML", _leave_one_out("REML"), iterative=True),
    Kind("Chances beyond a threshold", _predictions, "R"),
    Kind("Meta-regression in closed form", _regressions(False)),
    Kind("Meta-regression, iterated", _regressions(True), iterative=True),
    Kind("Subgroups", _subgroups, iterative=True),
    Kind("Influence, DL", _influence("DL"), allowed=1e-7,
         note="differences of nearly equal numbers, whose first digits cancel in both programs"),
    Kind("Influence, REML", _influence("REML"), iterative=True),
    Kind("Effects of one trial together", _several),
    Kind("Three levels", _three_level, _FORMULA, True),
    Kind("Cluster-robust variances", _robust, "clubSandwich and metafor", True),
    Kind("Regression on precision, random effects", _egger, iterative=True),
    Kind("Regression on precision, weighted", _weighted, "metafor and lm() of R", True),
    Kind("Rank correlation", _ranks),
    Kind("Trim and fill, DL and common effect", _fill),
    Kind("Trim and fill, REML", _fill_reml, iterative=True),
    Kind("Dose–response", _doses, f"metafor and {_FORMULA}", True),
    Kind("Random-intercept logistic model", _logistic, _FORMULA, True),
)


@dataclass(frozen=True)
class Agreement:
    """How far a kind of quantity agrees.

    Attributes
    ----------
    kind : Kind
    data_sets, quantities : tuple of str
    compared : int
        Numbers that were compared.
    relative : float
        Largest relative difference.
    zeros : int
        Answers that are 0 but for rounding.
    absolute : float
        Largest difference from those.
    """

    kind: Kind
    data_sets: tuple[str, ...]
    quantities: tuple[str, ...]
    compared: int
    relative: float
    zeros: int
    absolute: float

    @property
    def digits(self) -> int:
        """Significant digits that agree in the worst case."""
        return math.floor(-math.log10(min(max(self.relative, 10.0**-DIGITS), 1.0)))

    @property
    def tolerance(self) -> float:
        """What the tests allow."""
        return self.kind.allowed or (ITERATIVE if self.kind.iterative else CLOSED_FORM)

    @property
    def holds(self) -> bool:
        """Whether it stays within that."""
        return max(self.relative, self.absolute) <= self.tolerance


def _compare(kind: Kind, ref: dict[str, Answers]) -> Agreement:
    data_sets, quantities = {}, {}
    relative, absolute, compared, zeros = 0.0, 0.0, 0, 0
    for name, quantity, found, answer in kind.pairs(ref):
        data_sets[name] = quantities[quantity] = None
        ours, theirs = (np.ravel(np.array(v, dtype=float)) for v in (found, answer))
        if ours.shape != theirs.shape:
            raise ValueError(f"{kind.name}, {name}, {quantity}: {ours.shape} != {theirs.shape}")
        both = np.isnan(ours) & np.isnan(theirs)  # undefined here and there
        ours, theirs = ours[~both], theirs[~both]
        off, near = np.abs(ours - theirs), np.abs(theirs) < ZERO
        compared, zeros = compared + ours.size, zeros + int(near.sum())
        absolute = max(absolute, float(np.nan_to_num(off[near], nan=np.inf).max(initial=0)))
        share = off[~near] / np.abs(theirs[~near])
        # A number that only one side has is as far off as can be.
        relative = max(relative, float(np.nan_to_num(share, nan=np.inf).max(initial=0)))
    return Agreement(kind, tuple(data_sets), tuple(quantities), compared, relative, zeros,
                     absolute)


@cache
def agreements() -> tuple[Agreement, ...]:
    """Every kind of quantity, recomputed; `NoReference` where there are no answers."""
    ref = answers()
    return tuple(_compare(kind, ref) for kind in KINDS)


# ---------------------------------------------------------------- second judges


@dataclass(frozen=True)
class Second:
    """One number of a second judge: `metafor` is None where R was not asked for it."""

    judge: str
    name: str  # of the data set
    method: str
    quantity: str
    ours: float | None
    theirs: float | None
    metafor: float | None

    @property
    def off(self) -> float:
        """Relative difference; infinite where only one side has a number."""
        return _off(self.ours, self.theirs)


def _off(one: float | None, other: float | None) -> float:
    if one is None or other is None:
        return 0.0 if one is other else math.inf
    return abs(one - other) / max(abs(one), ZERO)


@dataclass(frozen=True)
class Departure:
    """Where a second judge departs from metafor and from this package, and why."""

    judge: str
    what: str
    why: str
    covers: Callable[[Second], bool]


DEPARTURES = (
    Departure("PyMetaAnalysis", "REML where the likelihood has two maxima",
              "It takes the lower maximum.",
              lambda one: one.name == "gibson2002_md" and one.method.startswith("REML")),
    Departure("PyMetaAnalysis", "Q of Mantel–Haenszel risk differences",
              "Where a cell is zero it corrects the variance of the table alone, metafor its "
              "effect too.",
              lambda one: one.method == "MH RD" and one.quantity == "q"),
    Departure("PyMetaAnalysis", "Mantel–Haenszel risk ratios of tables with events in everybody",
              "It leaves out a table in which all of both arms had the event, metafor keeps it.",
              lambda one: one.method == "MH RR" and one.name == "fine1993"),
    Departure("PyMARE", "interval of identical effects",
              "It gives none where the standard error is zero.",
              lambda one: one.name in ("identical", "two_equal")
              and one.quantity in ("ci_low", "ci_high")),
)


def departure(one: Second) -> Departure | None:
    """The documented departure that a number falls under."""
    return next((d for d in DEPARTURES if d.judge == one.judge and d.covers(one)), None)


@cache
def second_judges() -> tuple[Second, ...]:
    """Every number of PyMetaAnalysis and PyMARE beside ours and metafor's."""
    return tuple(_second(_read("second_judges"), answers()["metafor"]))


def _second(given: Answers, ref: Answers) -> Iterator[Second]:
    tests = {ours: test for test, ours in _INTERVALS.items()}
    for name, case in given["pools"].items():
        data = ref["cases"][name]
        for key, found in case.items():
            judge, method, interval = key.split()
            pooled = s.pool(data["yi"], data["vi"], tau2_method=method, interval=interval,
                            prediction_df="k-2")
            pinned = dict(data["fits"].get(f"{method} {tests[interval]}", {}),
                          tau2=data["tau2"][method], q=data["q"]["q"])
            # Prediction intervals are on k − 2 there, on k − 1 in metafor.
            pinned |= {"pi_low": None, "pi_high": None}
            yield from _beside(judge, name, f"{method} {interval}", pooled, found, pinned)
    for name, case in given["tables"].items():
        data = ref["tables"][name]
        for key, found in case.items():
            judge, method, measure = key.split()
            pooled = s.mantel_haenszel(*(data[c] for c in _TABLE), measure=measure)
            yield from _beside(judge, name, f"{method} {measure}", pooled, found,
                               data[f"mh {measure}"])


def _beside(
    judge: str, name: str, method: str, pooled: s.Pooled, found: Answers, pinned: Answers
) -> Iterator[Second]:
    """Numbers of one answer; one that is only an error has none of ours beside it."""
    for quantity, value in found.items():
        yield Second(judge, name, method, quantity, getattr(pooled, quantity, None), value,
                     pinned.get(quantity))


# ---------------------------------------------------------------- what differs


@dataclass(frozen=True)
class Difference:
    """A convention that is not metafor's default: in the words of a docstring, and why."""

    function: str
    holds: str  # a part of the sentence that is shown
    why: str


DIFFERENCES = (
    Difference("tau2", "global maximum of the likelihood",
               "Fisher scoring stops at the first maximum it meets, or nowhere."),
    Difference("pool", "from k = 3",
               "Two trials do not tell how far a third may lie; metafor prints an interval."),
    Difference("pool", "the study alone with a normal interval",
               "One trial has no degrees of freedom for a t interval."),
    Difference("risk_ratio", "metafor's escalc keeps such rows",
               "A correction alone would decide what such a trial says of a ratio."),
    Difference("peto_odds_ratio", "metafor's escalc corrects it",
               "The method is defined without a correction."),
    Difference("risk_ratio", "as RevMan does",
               "The ratio is known to be 1; a correction would move it by the sizes of the arms."),
    Difference("rate_ratio", "metafor's IRR keeps it",
               "As for risk ratios without events."),
    Difference("meta_regression", "metafor prints 0",
               "Where there is no variance, no share of it can be explained."),
    Difference("standardised_mean_difference", "the large-sample variance with the corrected g",
               "The default here; metafor offers the same three by the same names."),
    Difference("logistic_pool", "with many nodes",
               "More nodes leave no error of the integral in the digits that are shown."),
)


def sentence(function: str, holds: str) -> str:
    """The sentence of a function's docstring that holds some words.

    Raises
    ------
    LookupError
        If no sentence does.
    """
    doc = re.sub(r"\s+", " ", inspect.getdoc(getattr(s, function)) or "")
    for part in re.split(r"(?<=[.;:]) (?=[A-Z0-9'-])", doc):
        if holds in part:
            return re.sub(r"^- |``", "", part).rstrip(";").strip()
    raise LookupError(f"the documentation of {function} does not say: {holds}")


def _scoring(ref: dict[str, Answers]) -> list[dict]:
    """Data sets on which metafor's own iteration gives another τ², or none."""
    rows = []
    for name, case, y, v in _cases(ref):
        for method, answer in case["scoring"].items():
            ours = s.tau2(y, v, method)
            off = None if answer is None else abs(ours - answer)
            if off is None or off > ITERATIVE * max(abs(answer), ZERO / ITERATIVE):
                rows.append({"name": name, "method": method, "ours": f"{ours:.8g}",
                             "metafor": "does not converge" if answer is None else
                             f"{answer:.8g}", "judge": f"{case['tau2'][method]:.8g}"})
    return rows


# ---------------------------------------------------------------- the page


def _power(value: float) -> str:
    """A small number as the page shows it."""
    return "0" if value == 0 else f"{value:.0e}".replace("e-0", "e-").replace("-", "−")


def _told(function: Callable[[Validation], Html]) -> Callable[[Validation], Html]:
    """Say what is missing instead of failing."""
    def shown(self: Validation) -> Html:
        try:
            return function(self)
        except NoReference as error:
            return paragraph(str(error), "lr-empty")
    shown.__doc__ = function.__doc__
    return shown


def _shown(value: float | None) -> str:
    """A number of an example, or that there is none."""
    return "none" if value is None else f"{value:.6g}".replace("-", "−")


class Validation:
    """The blocks of the validation page."""

    @_told
    def summary(self) -> Html:
        """How much was compared, with what, and the worst agreement."""
        found, made = agreements(), answers()["models"]["made_with"]
        compared = sum(a.compared for a in found)
        sets = {name for a in found for name in a.data_sets}
        closed = max(a.relative for a in found if not a.kind.iterative)
        iterated = max(a.relative for a in found if a.kind.iterative)
        failing = [a.kind.name for a in found if not a.holds]
        held = ("All stay" if not failing else f"Not so: {', '.join(failing)}. The others stay")
        return join([
            paragraph(
                f"{compared:,} numbers on {len(sets)} data sets were computed again when this "
                f"page was built and compared with the answers of metafor {made['metafor']}, "
                f"clubSandwich {made['clubSandwich']} and {made['R']}, which have at most "
                f"{DIGITS} digits."),
            paragraph(
                f"The largest relative difference is {_power(closed)} where a formula gives the "
                f"answer at once, and {_power(iterated)} where an iteration does. {held} within "
                "what is allowed to each kind. Answers nearer to zero than "
                f"{_power(ZERO)} are compared by the difference itself.")])

    @_told
    def agreement(self) -> Html:
        """Every kind of quantity with its largest difference."""
        rows = [{"kind": a.kind.name, "what": ", ".join(a.quantities),
                 "sets": ", ".join(a.data_sets), "compared": number(a.compared, 0),
                 "relative": _power(a.relative), "digits": a.digits,
                 "zeros": number(a.zeros, 0) if a.zeros else "",
                 "absolute": _power(a.absolute) if a.zeros else "", "judge": a.kind.judge,
                 "how": "iteration" if a.kind.iterative else "formula", "note": a.kind.note,
                 "allowed": _power(a.tolerance)} for a in agreements()]
        return table(
            "table-agreement", "Agreement with other programs",
            [Column("kind", "Kind of quantity"),
             Column("relative", "Largest relative difference", True),
             Column("allowed", "Allowed", True), Column("digits", "Digits that agree", True),
             Column("compared", "Numbers compared", True),
             Column("zeros", "of these: answer zero", True),
             Column("absolute", "Largest difference from zero", True),
             Column("how", "Computed by"), Column("judge", "Compared with"),
             Column("sets", "Data sets"), Column("what", "Quantities"),
             Column("note", "Remark")], rows)

    @_told
    def iterations(self) -> Html:
        """Where metafor's own iteration ends elsewhere than at the highest likelihood."""
        return table(
            "table-iterations", "Between-study variance where Fisher scoring ends elsewhere",
            [Column("name", "Data set"), Column("method", "Estimator"),
             Column("ours", "τ² here", True), Column("judge", "τ² of the highest likelihood", True),
             Column("metafor", "τ² by metafor", True)], _scoring(answers()),
            "On every data set it ends at the same place.", interactive=False)

    @_told
    def second_judges(self) -> Html:
        """What two Python packages say of the same data sets: agreement, then departures."""
        made = _read("second_judges")["made_with"]
        rows, apart = [], []
        for judge, release in made.items():
            found = [one for one in second_judges() if one.judge == judge]
            agreed = [one for one in found if departure(one) is None]
            worst = max(one.off for one in agreed)
            rows.append({
                "judge": f"{judge} {release}", "compared": number(len(found), 0),
                "agreed": number(len(agreed), 0), "worst": _power(worst),
                "digits": math.floor(-math.log10(max(worst, 10.0**-DIGITS))),
                "what": ", ".join(dict.fromkeys(one.quantity for one in agreed))})
        for d in DEPARTURES:
            under = [one for one in second_judges() if departure(one) is d]
            example = max(under, key=lambda one: (math.isfinite(one.off), one.off))
            apart.append({"judge": d.judge, "what": d.what, "compared": number(len(under), 0),
                          "why": d.why, "case": f"{example.name}, {example.method}, "
                          f"{example.quantity}", "ours": _shown(example.ours),
                          "metafor": _shown(example.metafor), "theirs": _shown(example.theirs)})
        return join([
            paragraph("The same data sets were given to two Python packages. Outside the "
                      f"departures listed below their numbers may differ by {_power(SECOND)} of "
                      "the number, because they stop at their default tolerances."),
            table("table-second-judges", "Agreement with Python packages",
                  [Column("judge", "Package"), Column("compared", "Numbers compared", True),
                   Column("agreed", "of these: agree", True),
                   Column("worst", "Largest relative difference of these", True),
                   Column("digits", "Digits that agree", True), Column("what", "Quantities")],
                  rows, interactive=False),
            table("table-departures", "Where they depart from metafor and from this package",
                  [Column("judge", "Package"), Column("what", "Where"), Column("why", "Why"),
                   Column("compared", "Numbers", True), Column("case", "Farthest example"),
                   Column("ours", "Here", True), Column("metafor", "By metafor", True),
                   Column("theirs", "There", True)], apart, interactive=False)])

    def differences(self) -> Html:
        """Conventions that are not metafor's defaults, from the documentation."""
        rows = [{"function": d.function, "here": sentence(d.function, d.holds), "why": d.why}
                for d in DIFFERENCES]
        return table(
            "table-differences", "What differs from metafor, and why",
            [Column("function", "Function"), Column("here", "What it does"),
             Column("why", "Why")], rows, interactive=False)
