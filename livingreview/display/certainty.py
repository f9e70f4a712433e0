"""Why an estimate has its certainty, as guideline panels write it: footnotes, a domain each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..dataset import Dataset
from . import words
from .html import Html, count, details, number, text

LEVELS = ("very low", "low", "moderate", "high")
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def symbol(level: str) -> str:
    """A level of certainty as filled and empty signs of four."""
    filled = LEVELS.index(level) + 1
    return "⊕" * filled + "○" * (len(LEVELS) - filled)


def sentences(data: Dataset, result: dict) -> list[str]:
    """The way from the start to the level of certainty of a result, a sentence for each domain.

    Parameters
    ----------
    data : Dataset
    result : dict
        One analysis of ``results.json`` with a certainty.
    """
    start, *steps = result["certainty"]["steps"]
    rules = {r["rule_id"]: r["rule"] for r in data.records("certainty_rules")}
    out = [f"{rules[start['rules'][0]]}."]
    if not steps:
        return [*out, "No rule raises it."]
    names = {s["domain"]: words.in_text(data.label("certainty_domain", s["domain"]))
             for s in steps}
    out += [f"Downgraded {_levels(s['change'])} for {names[s['domain']]}: "
            f"{_REASONS[s['domain']](data, result, s)}." for s in steps if s["change"]]
    kept = [names[s["domain"]] + _remark(result, s) for s in steps if not s["change"]]
    if kept:
        out.append(f"Not downgraded for {_listed(kept, 'or')}.")
    down = sum(s["change"] for s in steps)
    if start["change"] + down < 1:
        out.append(f"That is {_levels(down)} down in all; {LEVELS[0]} is the lowest.")
    return out


def why(data: Dataset, result: dict, head: str = "Why this certainty") -> Html:
    """The sentences as a list that the reader can open."""
    items = "".join(f"<li>{text(said)}</li>" for said in sentences(data, result))
    return details(head, Html(f"<ul>{items}</ul>"))


def _levels(change: int) -> str:
    number_ = abs(change)
    word = _NUMBERS[number_] if number_ < len(_NUMBERS) else str(number_)
    return f"{word} level{'s' * (number_ != 1)}"


def _listed(parts: Sequence[str], last: str = "and") -> str:
    """Parts of a sentence: with commas, and a word before the last."""
    *first, end = parts
    return f"{', '.join(first)} {last} {end}" if first else end


def _percent(share: float, beside: float | None = None) -> str:
    """A share in percent, with as many decimals as tell it from the number beside it."""
    for decimals in range(4):
        shown = f"{number(100 * share, decimals)}%"
        if share == beside or beside is None or shown != f"{number(100 * beside, decimals)}%":
            return "less than 1%" if shown == "0%" and share else shown
    return shown


def _remark(result: dict, step: dict) -> str:
    """Why a domain that is not rated down could not be, in brackets."""
    facts = step["facts"]
    if step["domain"] == "inconsistency" and not facts["judged"]:
        return " (fewer than three trials)" if facts["k"] < 3 else " (no prediction interval)"
    if step["domain"] == "reporting-bias" and facts["n_lost"] and not facts["n_pool"]:
        return (f" (finished trials without a usable number hold {count(facts['n_lost'])} "
                "participants, but that of the estimate is not stated)")
    return ""


def _of_bias(data: Dataset, result: dict, step: dict) -> str:
    facts, one = step["facts"], result["k"] == 1
    if facts["share_low"]:
        said = (f"{_percent(facts['share_low'], facts['share_asked'])} of the weight is from "
                "trials that a named review judged at low risk of bias, less than "
                f"{_percent(facts['share_asked'])}")
    else:
        said = (f"no named review judged {'the trial' if one else 'a trial in it'} at low risk of "
                "bias")
    if "bias-not-blinded" not in step["rules"]:
        return said
    where = "" if one else (
        f", in trials with {_percent(facts['share_not_blinded'])} of the weight")
    return (f"{said}, and patients, who report the outcome, were not blinded, or not stated to "
            f"be{where}")


def _of_inconsistency(data: Dataset, result: dict, step: dict) -> str:
    facts, d = step["facts"], words.decimals(result)
    of = "" if words.ratio(result) else f" {words.unit(result)}"
    said = (f"I² is {number(facts['i2'], 0)}%, and the prediction interval, "
            f"{number(facts['pi_low'], d)} to {number(facts['pi_high'], d)}{of}, holds ")
    if not facts["mid"]:
        return f"{said}both a benefit and a harm"
    matters = f"{number(facts['mid'], d)}{of}"
    if "inconsistency-harm" in step["rules"]:
        return f"{said}both a benefit and a harm of more than {matters}"
    return f"{said}both a benefit of more than {matters} and none"


def _of_indirectness(data: Dataset, result: dict, step: dict) -> str:
    facts = step["facts"]
    if facts["surrogate"]:
        return f"the outcome is a surrogate, as {data.wording('surrogates')} are"
    if result["k"] == 1:
        return "the product of the trial is not stated, or both its arms got something besides"
    return (f"{_percent(facts['share_other'])} of the weight is from trials whose product is not "
            "stated, or in which both arms got something besides")


def _of_imprecision(data: Dataset, result: dict, step: dict) -> str:
    facts, rule = step["facts"], step["rules"][0]
    if rule == "imprecision-unknown":
        who = ("the trial does not state its number" if result["k"] == 1 else
               "no trial states its number" if facts["unknown"] == result["k"] else
               f"trials with {_percent(facts['share_unknown'])} of the weight do not state their "
               "number")
        return f"{who} of participants, so that imprecision cannot be judged"
    if rule in ("imprecision-one", "imprecision-two"):
        return _inside(result, facts)
    return _few(rule.removeprefix("imprecision-"), facts)


def _inside(result: dict, facts: dict) -> str:
    """Which of no effect, and a benefit and a harm that matter, the interval holds."""
    size = f"{number(facts['mid'], words.decimals(result))} {words.unit(result)}" if (
        facts["mid"]) else ""
    if facts["inside"] in (["benefit"], ["harm"]):
        return (f"the interval holds less and more than a {facts['inside'][0]} of {size}, the "
                "smallest that matters")
    return "the interval holds " + _listed([
        line if line == "no effect" else f"a {line} of {size}" for line in facts["inside"]])


def _few(of: str, facts: dict) -> str:
    """That there are too few participants or events."""
    found, asked = facts[of], facts["asked"]
    shown = number(found, 0 if round(found) < asked else 1)
    if of == "participants" and facts["unknown"]:
        some, verb = words.trials(facts["unknown"]), "does" if facts["unknown"] == 1 else "do"
        return (f"{shown} {of} are known of, fewer than {count(asked)}, and {some} {verb} not "
                "state the number")
    return f"{shown} {of}, fewer than {count(asked)}"


def _of_reporting(data: Dataset, result: dict, step: dict) -> str:
    facts = step["facts"]
    if "reporting-small-study" in step["rules"]:
        return f"the test of small-study effects ({facts['test']}) gives p = {facts['p_value']:.3f}"
    return (f"finished trials without a usable number hold {count(facts['n_lost'])} participants, "
            f"against {count(round(facts['n_pool']))} in the estimate")


_REASONS: dict[str, Callable[[Dataset, dict, dict], str]] = {
    "risk-of-bias": _of_bias, "inconsistency": _of_inconsistency,
    "indirectness": _of_indirectness, "imprecision": _of_imprecision,
    "reporting-bias": _of_reporting}
