"""Sentences that say what a result says, with its numbers."""

from __future__ import annotations

from dataclasses import dataclass

from ..dataset import Dataset
from .html import count, number


@dataclass(frozen=True)
class Measure:
    """How an effect measure is called and read."""

    name: str
    short: str
    null: float
    decimals: int
    binary: bool


MEASURES = {
    "MD": Measure("difference", "difference", 0.0, 1, False),
    "SMD": Measure("standardised difference", "SMD", 0.0, 2, False),
    "RR": Measure("risk ratio", "RR", 1.0, 2, True),
    "OR": Measure("odds ratio", "OR", 1.0, 2, True),
    "HR": Measure("hazard ratio", "HR", 1.0, 2, True),
    "RD": Measure("risk difference", "RD", 0.0, 2, True),
}
FEW = 5  # below this many trials a prediction interval is very uncertain
WIDEST = 1000  # an interval of a ratio that spans more says nothing
COMPARATOR = {
    "placebo": "placebo", "hyaluronic-acid": "hyaluronic acid", "corticosteroid": "corticosteroid",
    "platelet-rich-plasma": "platelet-rich plasma",
    "conservative-or-none": "conservative care or no treatment",
    "same-co-treatment": "the same co-treatment without cells", "any": "any control",
}


def measure(result: dict) -> Measure:
    """The effect measure of a result."""
    return MEASURES[result["question"]["measure"]]


def ratio(result: dict) -> bool:
    """Whether a result is a ratio."""
    return measure(result).null == 1


def decimals(result: dict) -> int:
    """Decimals of an effect: ratios and standardised differences two, points one."""
    return measure(result).decimals


def study_name(study) -> str:
    """How a study is called: author and year, else its identifier."""
    identifier = study["study_id"]
    letter = identifier[-1] if identifier[-2:-1].isdigit() and identifier[-1].isalpha() else ""
    if study["first_author"] and study["year"]:
        return f"{study['first_author']} {study['year']}{letter}"
    if identifier.startswith("nct"):
        return identifier.upper()
    return identifier


def outcome_name(data: Dataset, result: dict) -> str:
    """What was measured."""
    question = result["question"]
    vocabulary = {"family": "family", "event": "event"}.get(question["target_type"], "outcome")
    name = data.label(vocabulary, question["target"])
    part = question["instrument_contains"]
    return f"{name} ({part})" if part else name


def in_text(name: str) -> str:
    """A label inside a sentence: small first letter unless it is an abbreviation."""
    return name[0].lower() + name[1:] if len(name) > 1 and name[1].islower() else name


def window(result: dict) -> str:
    """The time window in words."""
    low, high = result["question"]["window_from"], result["question"]["window_to"]
    if low is None and high is None:
        return "at the longest follow-up"
    if high is None:
        return f"later than {low:g} months"
    return f"up to {high:g} months" if not low else f"after {low:g} to {high:g} months"


def spread_interval(result: dict, pooled: dict) -> str:
    """A random-effects interval; one that spans everything is called what it is."""
    if ratio(result) and pooled["ci_high"] > WIDEST * pooled["ci_low"]:
        return "an interval too wide to mean anything"
    d = decimals(result)
    return f"{number(pooled['ci_low'], d)} to {number(pooled['ci_high'], d)}"


def short_window(result: dict) -> str:
    """The time window as months."""
    low, high = result["question"]["window_from"], result["question"]["window_to"]
    if low is None and high is None:
        return "longest"
    if high is None:
        return f"> {low:g}"
    return f"≤ {high:g}" if not low else f"> {low:g} to {high:g}"


def choice_label(names: dict[str, str], row: dict) -> str:
    """How a robustness choice is called; a trial left out by its name."""
    trial = row.get("trial_id") or row["id"].removeprefix("without-")
    return f"without {names[trial]}" if trial in names else row["label"]


def comparator(data: Dataset, result: dict) -> str:
    """What cells are compared with."""
    kind = result["question"]["comparison"]
    return COMPARATOR.get(kind) or in_text(data.label("comparison_class", kind))


def unit(result: dict) -> str:
    """The unit of a difference."""
    if result["question"]["measure"] == "SMD":
        return "standard deviations"
    if result["question"]["measure"] == "RD":
        return "of all patients"
    return "points of 100" if result["question"]["rescaled_0_100"] else "points"


def trials(k: int) -> str:
    """A number of trials in words."""
    return f"{k} trial" if k == 1 else f"{k} trials"


def participants(n: float) -> str:
    """A number of participants in words."""
    return f"{count(round(n))} participants"


def k_words(result: dict) -> str:
    """How many trials, and how many of them have no ratio."""
    without = result["k_without_ratio"]
    if result["question"]["target_type"] == "event" and without:
        return f"{trials(result['k'])} with events, {without} without"
    return trials(result["k"])


def size_words(result: dict) -> str:
    """Trials and participants; those of trials without a ratio are counted apart."""
    words = f"{trials(result['k'])}, {participants(result['n'])}"
    if result["k_without_ratio"]:
        words += (f"; {participants(result['n_without_ratio'])} more in "
                  f"{trials(result['k_without_ratio'])} that give no ratio")
    return words


def _side(result: dict, value: float) -> str:
    return f"{number(abs(value), decimals(result))} {'lower' if value < 0 else 'higher'}"


def _better(result: dict) -> str:
    """Whether the estimate is on the side that favours cells."""
    null = measure(result).null
    shown = round(result["pooled"]["estimate"], decimals(result))
    if shown == null:
        return "no difference"
    lower = shown < null
    return "better" if lower == (result["question"]["favourable"] == "lower") else "worse"


def estimate_words(result: dict) -> str:
    """The pooled estimate with its interval, trials and participants.

    Parameters
    ----------
    result : dict
        One analysis of ``results.json`` that has a pooled estimate.
    """
    pooled = result["pooled"]
    size = size_words(result)
    low, high = pooled["ci_low"], pooled["ci_high"]
    d = decimals(result)
    if ratio(result):
        return (f"{measure(result).name} {number(pooled['estimate'], d)} (95% CI "
                f"{number(low, d)} to {number(high, d)}; {size})")
    side = "lower" if pooled["estimate"] < 0 else "higher"
    words = f"{number(abs(pooled['estimate']), d)} {unit(result)} {side}"
    return f"{words} (95% CI {_side(result, low)} to {_side(result, high)}; {size})"


def includes_null(result: dict) -> bool:
    """Whether the interval includes no difference."""
    null = measure(result).null
    return result["pooled"]["ci_low"] < null < result["pooled"]["ci_high"]


def finding(data: Dataset, result: dict) -> str:
    """One sentence with the finding of an analysis.

    Parameters
    ----------
    data : Dataset
    result : dict

    Returns
    -------
    str
        Also where nothing could be pooled: then what is missing.
    """
    name, against = outcome_name(data, result), comparator(data, result)
    when = window(result)
    if result["pooled"] is None:
        return no_pool(data, result)
    if ratio(result):
        side = "; the interval includes a ratio of one" if includes_null(result) else {
            "better": ", in favour of cells", "worse": ", to the disadvantage of cells"}.get(
                _better(result), "")
        return f"{name} {when}, cells against {against}: {estimate_words(result)}{side}."
    if result["k"] == 2 and result["pooled"]["model"] == "common":
        return _two_trials(data, result)
    start = f"{name} {when} was {estimate_words(result)} with cells than with {against}"
    better = _better(result)
    end = " on average" if better == "no difference" else f", which is {better} for cells"
    null = "; the interval includes a difference of zero" if includes_null(result) else ""
    return f"{start}{end}{null}."


def _two_trials(data: Dataset, result: dict) -> str:
    """Two trials: both estimates first, then the common effect."""
    d, studies = decimals(result), {s["study_id"]: s for s in
                                    data.records("studies", result["indication"])}
    both = " and ".join(
        f"{number(s['estimate'], d)} ({number(s['ci_low'], d)} to {number(s['ci_high'], d)}) in "
        f"{study_name(studies[s['trial_id']])}" for s in result["studies"] if s["yi"] is not None)
    spread = result["random_effects"]
    return (f"{outcome_name(data, result)} {window(result)}, cells against "
            f"{comparator(data, result)}: two trials, {participants(result['n'])}, with "
            f"these differences ({unit(result)}): {both}; "
            f"as one common effect {number(result['pooled']['estimate'], d)} "
            f"({number(result['pooled']['ci_low'], d)} to {number(result['pooled']['ci_high'], d)})"
            f", while an interval that lets the trials differ would be "
            f"{spread_interval(result, spread)}.")


def no_pool(data: Dataset, result: dict) -> str:
    """What it means that no trial could be pooled, and what would be needed."""
    known = len(result["not_in_pool"]["trials"])
    name, against = outcome_name(data, result), comparator(data, result)
    if result["none_seen"] and result["k_without_ratio"]:
        seen = result["none_seen"]
        return (f"{name}: none among {count(round(seen['n']))} participants who got cells in "
                f"{trials(result['k_without_ratio'])} against {against}; the risk is at most "
                f"{number(seen['upper_percent'], 1)} in 100 (one-sided 95% bound).")
    if result["k_without_ratio"]:
        return (f"{name}, cells against {against}: {trials(result['k_without_ratio'])} without "
                "a ratio, because both arms had no event or all had one.")
    need = ("counts of patients in both arms" if measure(result).binary
            else "means with a spread and n in both arms")
    return (f"{name} {window(result)}, cells against {against}: no trial could be pooled. "
            f"{trials(known).capitalize()} of this comparison "
            f"{'is' if known == 1 else 'are'} known; {need} on a known scale would be needed.")


def plain(data: Dataset, result: dict) -> str:
    """What an estimate and its certainty mean, in plain language."""
    if result["pooled"] is None:
        return "No trial gives a usable number."
    name = in_text(outcome_name(data, result))
    if result["question"]["target_type"] == "event":
        name = f"the risk of {name}"
    elif ratio(result):
        name = "the chance of a response as the trials define it"
    against, level = comparator(data, result), result["certainty"]["level"]
    if level == "very low":
        return f"It is very uncertain whether cells change {name} compared with {against}."
    better, worse = ("lower", "raise") if ratio(result) else ("improve", "worsen")
    if result["question"]["favourable"] == "higher" and ratio(result):
        better, worse = worse, better
    verb = "make no clear difference to" if includes_null(result) else (
        better if _better(result) == "better" else worse)
    words = {"high": "", "moderate": "probably ", "low": "may "}[level]
    return f"Cells {words}{verb} {name} compared with {against}."


def share(result: dict) -> str:
    """The sentence under each pooled result: on how much of the evidence it rests."""
    missing = result["not_in_pool"]
    words = (f"This estimate rests on {count(round(missing['n_pool']))} of the "
             f"{count(round(missing['n_finished']))} participants of finished trials that we know "
             "of")
    unsized = len(missing["unsized"])
    if unsized:
        words += f", not counting {trials(unsized)} whose size is not stated"
    return words + "."


def heterogeneity(result: dict) -> str:
    """How much the trials differ, and where a new trial's effect is expected."""
    model = result["pooled"]
    spread = result["random_effects"] or model
    if result["k"] < 2:
        return "One trial: nothing is known of how much trials differ."
    d = decimals(result)
    words = []
    if model["model"] == "common":
        words.append("Two trials: the common-effect interval is shown")
        words.append(f"the random-effects interval would be {spread_interval(result, spread)}")
    elif model["model"] == "mantel-haenszel":
        words.append("Mantel–Haenszel without correction, because a trial has an arm without "
                     "events")
        words.append(f"the random-effects pool with a correction of a half gives "
                     f"{number(spread['estimate'], d)} ({spread_interval(result, spread)})")
    if spread["i2"] is not None:
        words.append(f"I² {number(spread['i2'], 0)}%")
    if spread["tau2"] is not None:
        words.append(f"τ² {number(spread['tau2'], 1 if d == 1 else 3)}"
                     + (f" (95% interval {number(spread['tau2_low'], 1)} to "
                        f"{number(spread['tau2_high'], 1)})" if spread["tau2_low"] is not None
                        and d == 1 else ""))
    if spread["pi_low"] is not None:
        uncertain = ", very uncertain with so few trials" if result["k"] < FEW else ""
        words.append(f"the true effect in a new trial is expected between "
                     f"{number(spread['pi_low'], d)} and {number(spread['pi_high'], d)} "
                     f"(95% prediction interval of the random-effects pool{uncertain})")
    return "; ".join(words) + "."


def signed(value: float, d: int = 1) -> str:
    """A number with its sign."""
    shown = number(value, d)
    return shown if value < 0 or float(f"{value:.{d}f}") == 0 else f"+{shown}"


