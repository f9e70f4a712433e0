"""Sentences that say what a result says, with its numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..data.dataset import GENERIC, Dataset
from ..view.naming import in_text, study_names
from .html import count, interval, number


@dataclass(frozen=True)
class Measure:
    """How an effect measure is called and read; a share of patients has no null."""

    name: str
    short: str
    null: float | None
    decimals: int
    binary: bool


MEASURES = {
    "MD": Measure("difference", "difference", 0.0, 1, False),
    "SMD": Measure("standardised difference", "SMD", 0.0, 2, False),
    "RR": Measure("risk ratio", "RR", 1.0, 2, True),
    "OR": Measure("odds ratio", "OR", 1.0, 2, True),
    "HR": Measure("hazard ratio", "HR", 1.0, 2, True),
    "RD": Measure("risk difference", "RD", 0.0, 2, True),
    "mean-change": Measure("mean change from baseline", "change", 0.0, 1, False),
    "proportion": Measure("share of treated patients", "share", None, 1, True),
}
ARMS = ("cells", "comparator")
UNSTATED = "number of participants not stated"
AT_LEAST = "at least "  # of participants, where some trials do not state theirs
FEW = 5  # below this many trials a prediction interval is very uncertain
WIDEST = 1000  # an interval of a ratio that spans more says nothing


def measure(result: dict) -> Measure:
    """The effect measure of a result."""
    return MEASURES[result["question"]["measure"]]


def uncontrolled(result: dict) -> bool:
    """Whether a result is of treated patients alone, without a comparison."""
    return result["question"]["comparison"] == "uncontrolled"


def treated(result: dict) -> str:
    """What the review calls its intervention; results of earlier versions do not say it."""
    return result["question"].get("intervention", GENERIC["intervention"])


def first_capital(text: str) -> str:
    """A text that begins a sentence or a heading."""
    return text[:1].upper() + text[1:]


def printed(values: Iterable[tuple[str, object]]) -> str:
    """Values as a source prints them, each behind what it is: the column's name as words."""
    return ", ".join(f"{name.replace('ci_', 'CI ').replace('_', ' ')} {value}"
                     for name, value in values)


def noun(result: dict) -> str:
    """What a result is made of: without a comparison nothing is called a trial."""
    return "study" if uncontrolled(result) else "trial"


def ratio(result: dict) -> bool:
    """Whether a result is a ratio."""
    return measure(result).null == 1


def decimals(result: dict) -> int:
    """Decimals of an effect: ratios and standardised differences two, points one."""
    return measure(result).decimals


def outcome_name(data: Dataset, result: dict) -> str:
    """What was measured, with the form of the disease and the products where these are asked."""
    question = result["question"]
    vocabulary = {"family": "family", "event": "event"}.get(question["target_type"], "outcome")
    name = data.label(vocabulary, question["target"])
    if (question["instrument_contains"] and not uncontrolled(result) and vocabulary == "outcome"
            and data.kind("outcome", question["target"]) == "responder"):
        return result["title"].split(",")[0]  # the definition of the response, in words
    # Results of earlier versions have neither conditions nor products.
    asked = [question["instrument_contains"],
             *(in_text(data.label("condition", w)) for w in question.get("condition", ())),
             *(in_text(data.label("cell_product", w)) for w in question.get("products", ()))]
    part = "; ".join(filter(None, asked))
    return f"{name} ({part})" if part else name


def window(result: dict) -> str:
    """The time window in words."""
    low, high = result["question"]["window_from"], result["question"]["window_to"]
    if low is None and high is None:
        return "at the longest follow-up"
    if high is None:
        return f"later than {low:g} months"
    return f"up to {high:g} months" if not low else f"after {low:g} to {high:g} months"


def spread_interval(result: dict, pooled: dict) -> str:
    """The ends of a random-effects interval; of one that spans everything, that it does.

    Both can follow "the interval would be" and "95% interval".
    """
    if ratio(result) and pooled["ci_high"] > WIDEST * pooled["ci_low"]:
        return "too wide to mean anything"
    d = decimals(result)
    return f"{number(pooled['ci_low'], d)} to {number(pooled['ci_high'], d)}"





def comparator(data: Dataset, result: dict) -> str:
    """What the intervention is compared with."""
    if uncontrolled(result):
        return "no comparison"
    kind, background = result["question"]["comparison"], result["question"]["background"]
    if background:
        return (f"{in_text(data.label('cointervention', background))} without "
                f"{data.wording('intervention')}")
    return class_name(data, kind)


def given(data: Dataset, result: dict) -> str:
    """What the treated got: where all got another treatment, the intervention besides it."""
    question = result["question"]
    if question["background"]:
        besides = data.label("cointervention", question["background"])
        return f"{treated(result)} added to {in_text(besides)}"
    return f"{treated(result)} added to the same other treatment" if (
        question["comparison"] == "same-co-treatment") else treated(result)


def class_name(data: Dataset, kind: str) -> str:
    """A class of comparison in a sentence, without what its label explains in brackets."""
    return in_text(re.sub(r"\s*\(.*\)$", "", data.label("analysis_comparison", kind)))


def unit(result: dict) -> str:
    """The unit of a difference."""
    if result["question"]["measure"] == "SMD":
        return "standard deviations"
    if result["question"]["measure"] == "RD":
        return "of all patients"
    if result["question"]["measure"] == "proportion":
        return "%"
    if own := result["question"].get("unit"):  # results of earlier versions have none
        return own
    return "points of 100" if result["question"]["rescaled_0_100"] else "points"


def trials(k: int, one: str = "trial") -> str:
    """A number of trials, or studies, in words."""
    return f"{k} {one}" if k == 1 else f"{k} {plural(one)}"


def plural(one: str) -> str:
    """Several trials or studies."""
    return f"{one[:-1]}ies" if one.endswith("study") else f"{one}s"


def participants(n: float) -> str:
    """A number of participants in words; a reported difference may come without any."""
    return f"{count(round(n))} participants" if n else UNSTATED


def k_words(result: dict) -> str:
    """How many trials an estimate rests on; those without a ratio are not among them."""
    return trials(result["k"], noun(result)) if result["k"] else f"no {noun(result)}"


def without_words(result: dict) -> str:
    """Participants of the trials that give no ratio and are in no estimate; empty without any."""
    if not result["k_without_ratio"]:
        return ""
    arms = [s[side] for s in result["studies"] if s["yi"] is None for side in ARMS]
    why = "without a ratio" if any(a and a["events"] for a in arms) else "without events"
    return (f"{participants(result['n_without_ratio'])} in "
            f"{trials(result['k_without_ratio'])} {why}")


def no_ratio(result: dict) -> str:
    """Why the trials of a result give no ratio."""
    reasons = dict.fromkeys(s["no_ratio"] for s in result["studies"] if s["yi"] is None)
    return f"no ratio: {', or '.join(reasons)}"


def size_words(result: dict) -> str:
    """Trials and participants of an estimate; those of trials without a ratio are said apart."""
    apart = without_words(result)
    return f"{k_words(result)}, {stated(result)}" + (f", and {apart}" if apart else "")


def stated(result: dict) -> str:
    """Participants of an estimate: at least so many where some trials do not state theirs."""
    silent = result.get("k_without_n")  # results of earlier versions do not have it
    if silent and result["n"]:
        return (f"{AT_LEAST}{participants(result['n'])} ({trials(silent)} without a stated "
                "number)")
    return participants(result["n"])


def shown_estimate(result: dict, values: dict) -> str:
    """An estimate with its interval; what has no comparison with its sign or as a share."""
    if uncontrolled(result):
        return f"{shown_alone(result, values['estimate'])} ({ends_alone(result, values)})"
    d = decimals(result)
    return f"{number(values['estimate'], d)} ({interval(values['ci_low'], values['ci_high'], d)})"


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
    if uncontrolled(result):
        return _estimate_alone(result)
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


def rests_on(data: Dataset, result: dict) -> str:
    """The one trial of an estimate, and the stage or form at entry that all its trials share."""
    trials_in = [s["trial_id"] for s in result["studies"] if s["yi"] is not None]
    if not result["pooled"]:
        return ""
    entry = _entry(data, result, trials_in)
    if len(trials_in) == 1:
        name = study_names(data, result["indication"])[trials_in[0]]
        return f"one {noun(result)}, {name}{f' (at entry: {entry})' if entry else ''}"
    several = "both" if len(trials_in) == 2 else f"all {len(trials_in)}"
    return f"{several} {plural(noun(result))} (at entry: {entry})" if entry else ""


def _entry(data: Dataset, result: dict, trials_in: list[str]) -> str:
    """What all trials state of their patients at entry; empty where they differ.

    Also where the analysis itself asks for it, or for a part of the patients: its name says so.
    """
    question = result["question"]
    if question["instrument_contains"] or question.get("condition"):
        return ""
    stated = {s["study_id"]: s["condition"] for s in
              data.records("studies", result["indication"])}
    found = {stated.get(t) for t in trials_in}
    if len(found) != 1 or None in found:
        return ""
    return in_text(re.sub(r" \((.*)\)$", r", \1", data.label("condition", found.pop())))


def finding(data: Dataset, result: dict) -> str:
    """What an analysis found, with the one trial or stage that it rests on.

    Parameters
    ----------
    data : Dataset
    result : dict

    Returns
    -------
    str
        Also where nothing could be pooled: then what is missing.
    """
    rests = rests_on(data, result)
    return f"{_finding(data, result)}{f' The estimate rests on {rests}.' if rests else ''}"


def _finding(data: Dataset, result: dict) -> str:
    """One sentence with the finding of an analysis."""
    if uncontrolled(result) and result["pooled"]:
        return _finding_alone(data, result)
    name, against = outcome_name(data, result), comparator(data, result)
    got = given(data, result)
    when = window(result)
    if result["pooled"] is None:
        return no_pool(data, result)
    if (result["k"] == 2 and result["pooled"]["model"] == "common"
            and not result["k_without_ratio"]):
        return _two_trials(data, result)
    if ratio(result):
        side = "; the interval includes a ratio of one" if includes_null(result) else {
            "better": f", in favour of {treated(result)}",
            "worse": f", to the disadvantage of {treated(result)}"}.get(_better(result), "")
        return (f"{name} {when}, {got} against {against}: "
                f"{estimate_words(result)}{side}{_empty_group(result)}.")
    start = (f"{name} {when} was {estimate_words(result)} with {got} than with "
             f"{against}")
    better = _better(result)
    end = (" on average" if better == "no difference"
           else f", which is {better} for {treated(result)}")
    null = "; the interval includes a difference of zero" if includes_null(result) else ""
    return f"{start}{end}{null}."


def _empty_group(result: dict) -> str:
    """The counts behind the ratio of a single trial in which a group had no event."""
    trials_in = [s for s in result["studies"] if s["yi"] is not None]
    arms = [trials_in[0][side] for side in ("cells", "comparator")] if len(trials_in) == 1 else []
    events = [arm["events"] for arm in arms if arm]
    if len(events) < 2 or None in events or all(events):
        return ""
    counted = " against ".join(
        f"{number(arm['events'], 0)} of {number(arm['n'], 0)}" for arm in arms)
    return (f"; the counts are {counted}, and a ratio with no event in a group rests on a "
            "correction, so that its size means little")


def _two_trials(data: Dataset, result: dict) -> str:
    """Two trials: both estimates first, then the common effect."""
    d, names = decimals(result), study_names(data, result["indication"])
    both = " and ".join(
        f"{number(s['estimate'], d)} ({number(s['ci_low'], d)} to {number(s['ci_high'], d)}) in "
        f"{names[s['trial_id']]}" for s in result["studies"] if s["yi"] is not None)
    spread = result["random_effects"]
    what = f"{measure(result).name}s" if ratio(result) else f"differences ({unit(result)})"
    return (f"{outcome_name(data, result)} {window(result)}, {given(data, result)} against "
            f"{comparator(data, result)}: two trials, {participants(result['n'])}, with "
            f"these {what}: {both}; "
            f"as one common effect {number(result['pooled']['estimate'], d)} "
            f"({number(result['pooled']['ci_low'], d)} to {number(result['pooled']['ci_high'], d)})"
            f", while an interval that lets the trials differ would be "
            f"{spread_interval(result, spread)}.")


def no_pool(data: Dataset, result: dict) -> str:
    """What it means that no trial could be pooled, and what would be needed."""
    if uncontrolled(result):
        return _no_pool_alone(data, result)
    name, against = outcome_name(data, result), comparator(data, result)
    got = given(data, result)
    if result["none_seen"] and result["k_without_ratio"]:
        seen = result["none_seen"]
        return (f"{name}: none among {count(round(seen['n']))} participants who got "
                f"{got} in {trials(result['k_without_ratio'])} against {against}; "
                "the risk is at most "
                f"{number(seen['upper_percent'], 1)} in 100 (one-sided 95% bound).")
    if result["k_without_ratio"]:
        return (f"{name}, {got} against {against}: "
                f"{trials(result['k_without_ratio'])}, {no_ratio(result)}.")
    need = ("counts of patients in both arms" if measure(result).binary
            else "means with a spread and n in both arms on a known scale")
    return (f"{name} {window(result)}, {got} against {against}: no trial could be "
            "pooled. "
            f"{_known(result)}; {need} would be needed.")


def _known(result: dict) -> str:
    """The known studies of a comparison by design, and how many more do not count."""
    found = result["not_in_pool"]["trials"]
    counted = [t for t in found if t["counted"]]
    randomised = sum(t["design"] == "rct" for t in counted)
    other = len(counted) - randomised
    kinds = [trials(n, one) for n, one in ((randomised, "randomised trial"),
                                           (other, "non-randomised study")) if n]
    said = (f"{' and '.join(kinds) or 'No study'} of this comparison "
            f"{'are' if len(counted) > 1 else 'is'} known")
    more = len(found) - len(counted)
    return f"{said}, {more} more {'is' if more == 1 else 'are'} listed but kept apart" if (
        more) else said




def signed(value: float, d: int = 1) -> str:
    """A number with its sign."""
    shown = number(value, d)
    return shown if value < 0 or float(f"{value:.{d}f}") == 0 else f"+{shown}"


# --- treated patients alone: what is said of them is never an effect of the treatment ---------

CHANGE = "change in treated patients, without a comparison"
SHARE = "share of treated patients, without a comparison"
UNKNOWN = "how they would have fared otherwise is not known"


def kind_alone(result: dict) -> str:
    """What an uncontrolled result is, as every heading and sentence on it says."""
    return SHARE if measure(result).binary else CHANGE


def shown_alone(result: dict, shown: float) -> str:
    """A change with its sign, or a share in percent."""
    if measure(result).binary:
        return f"{number(shown, decimals(result))}%"
    return signed(shown, decimals(result))


def ends_alone(result: dict, values: dict) -> str:
    """An interval as changes with their signs, or shares."""
    return f"{shown_alone(result, values['ci_low'])} to {shown_alone(result, values['ci_high'])}"


def _estimate_alone(result: dict) -> str:
    """The pooled change or share with its interval, studies and participants."""
    pooled = result["pooled"]
    shown = shown_alone(result, pooled["estimate"])
    if not measure(result).binary:
        shown = f"{shown} {unit(result)}"
    return (f"{shown} (95% CI {ends_alone(result, pooled)}; {size_words(result)}; "
            f"{kind_alone(result)})")


def _subject(data: Dataset, result: dict) -> str:
    return f"{outcome_name(data, result)} {window(result)}, {kind_alone(result)}"


def _better_sign(result: dict) -> str:
    """Which sign is an improvement; a share says so by its name."""
    if measure(result).binary:
        return ""
    less = result["question"]["favourable"] == "lower"
    return f" ({'a fall' if less else 'a rise'} is an improvement)"


def _finding_alone(data: Dataset, result: dict) -> str:
    """One sentence with what became of the treated patients; they are compared with nobody."""
    pooled = result["pooled"]
    of = "" if measure(result).binary else f" {unit(result)}"
    start = f"{_subject(data, result)}: "
    if pooled["model"] == "common":
        names = study_names(data, result["indication"])
        both = " and ".join(
            f"{shown_alone(result, s['estimate'])} ({ends_alone(result, s)}) in "
            f"{names[s['trial_id']]}" for s in result["studies"])
        return (f"{start}two studies, {participants(result['n'])}, with {both}; as one "
                f"common value {shown_alone(result, pooled['estimate'])}{of} "
                f"({ends_alone(result, pooled)}){_better_sign(result)}; {UNKNOWN}.")
    return (f"{start}{shown_alone(result, pooled['estimate'])}{of} (95% CI "
            f"{ends_alone(result, pooled)}; {size_words(result)}){_better_sign(result)}; "
            f"{UNKNOWN}.")


def _no_pool_alone(data: Dataset, result: dict) -> str:
    """What it means that nothing could be pooled: none or all had the event, or no numbers."""
    size = f"in {trials(result['k'], 'study')}"
    if result["none_seen"]:
        seen = result["none_seen"]
        return (f"{_subject(data, result)}: none of {count(round(seen['n']))} {size}; at most "
                f"{number(seen['upper_percent'])}% (one-sided 95% bound).")
    if result["all_seen"]:
        seen = result["all_seen"]
        return (f"{_subject(data, result)}: all of {count(round(seen['n']))} {size}; at least "
                f"{number(seen['lower_percent'])}% (one-sided 95% bound).")
    known = len(result["not_in_pool"]["trials"])
    need = ("counts of patients" if measure(result).binary else
            "changes with a spread, or means with a spread at baseline and later, on a known scale")
    return (f"{_subject(data, result)}: no study gives a usable number. "
            f"{trials(known, 'study').capitalize()} without a comparison "
            f"{'is' if known == 1 else 'are'} known; {need} would be needed.")
