"""What is said of the numbers of a trial: a key for each message, and its words in results.json.

Results hold the words; :func:`understood` finds the key and what is named again, also in results of
earlier versions, so that readers get the message in the words, and the language, of the page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache

WORDS = {
    # messages about another message: what is in braces of the name `of` is one itself
    "only-both": "{of}: only in robustness and in a subgroup by design",
    "only-subgroup": "{of}: only in a subgroup by design",
    "only-robustness": "{of}: only in robustness",
    "not-randomised-and": "not randomised; {of}",
    "at-baseline": "at baseline: {of}",
    # why a trial may not enter
    "no-results": "no results yet",
    "left-out": "left out in this variant",
    "no-design": "design not stated",
    "not-randomised": "not randomised",
    "design": "design: {design}",
    "nameless": "a study without a name, which may be there under its own",
    "retracted": "retracted",
    "shared": "patients probably shared with {study}",
    "possibly-shared": "patients possibly shared with {study}",
    "apart": "a product that the main pool keeps apart",
    # why its values give no effect
    "no-values": "no values of this outcome in the sources read",
    "outside": "no visit in the window",
    "no-visit": "visit not printed",
    "one-arm": "values in one arm only",
    "silent-arm": "an arm without any value",
    "some-arms": "only some of the arms have a value (missing: {arms})",
    "no-value": "no value in one of the arms",
    "late": "visits after month {months} follow unblinding, cross-over or rescue",
    "no-measure": "values of the arms give no {measure}",
    "percent-change": "percentage changes",
    "direction": "the direction of the values is not known",
    "against": "the count runs against the direction of the analysis",
    "no-scale": "scale not stated",
    "limits-only": "scale not stated but by the limits of its instrument",
    "changes": "changes from baseline share no standardised difference with final values",
    "quality-doubt": "value {quality} ({doubt})",
    "quality": "value {quality}",
    "skewed": "skewed by its quartiles",
    "single": "units of a single patient",
    "no-mean": "no mean, and no median with quartiles or range",
    "zero-sd": "the standard deviation is zero",
    "no-spread": "no spread: neither SD, SE, interval nor quartiles",
    "no-n": "number of units analysed not stated",
    "few-units": "only {n} unit analysed",
    "events-counted": "events are counted, not patients with an event",
    "no-count": "no count of patients with the event",
    "what-counted": "whether patients or events are counted is not stated",
    "no-total": "number of units at risk not stated",
    "no-single-count": "no single count fits the percentage",
    "too-many": "more events than units at risk",
    "no-baseline": "no value at baseline on the same instrument and scale",
    "ratio-zero": "the interval of a ratio reaches zero",
    "no-error": "a reported difference without interval, standard error or exact p-value",
    "no-estimate": "a p-value or statement without an estimate",
    "unnamed-measure": "reported as an unnamed measure",
    "other-measure": "reported as {measure}",
    "not-positive": "a ratio that is not positive",
    "contrast-direction": "the direction of the reported difference is not known",
    "contrast-scale": "scale of the reported difference not stated",
    "selected-arms": "a result of selected arms only",
    # why there is no ratio, as the synthesis says it
    "no-events": "no events in either arm",
    "all-events": "events in all participants of both arms",
    # why other values of a trial were not taken
    "lower-outcome": "lower in the order of outcomes",
    "earlier-visit": "earlier visit of the window",
    "finals-there": "change from baseline, where final values are there",
    "changes-there": "final values of a study not randomised, where changes are there",
    "another-source": "read in {source}, another source of the arm was taken",
    "source": "read in {source}",
    "later-row": "later row of the same kind",
    "union": "an arm that holds it, or its parts, were taken",
    "smaller-group": "a smaller group of the study, which got another treatment",
    # from the printed to the analysed values
    "scale-of-rows": "scale {low} to {high} from other rows of the trial",
    "limits": "limits of the instrument, {low} to {high}, as its scale",
    "n-of-row": "n from another row of the same arm and visit",
    "allocated": "allocated n",
    "mean-quartiles": "mean from median and quartiles (Luo 2018)",
    "mean-range": "mean from median and range (Luo 2018)",
    "sd-se": "SD from the standard error",
    "sd-interval": "SD from the 95% interval of the mean (t on n − 1)",
    "sd-quartiles": "SD from the quartiles (Wan 2014)",
    "sd-range": "SD from the range (Wan 2014)",
    "count-percent": "count from {percent}% of {total}",
    "combined": "arms {arms} combined",
    "thinned": "n divided by {effect} because units outnumber patients",
    "unusable-arm": "without arm {arms}, which has no usable value here",
    "unknown-arm": "without arm {arms}, of which no number is known",
    "rescaled": "rescaled from {low}–{high} to 0–100",
    "reversed": "direction reversed",
    "one-person": "units of one person, correlation {r}",
    "change": "change from baseline to the last visit, its SD from both SDs with correlation {r}",
    "as-reported": "effect as reported between the arms",
    "se-interval": "SE from the reported interval",
    "se-t": "SE from the exact p-value (t on {df} degrees of freedom)",
    "se-p": "SE from the exact p-value",
}
_WORD = {"quality", "low", "high", "months", "n", "r", "df", "percent", "total", "effect"}


@dataclass(frozen=True)
class Message:
    """A message and what it names.

    Attributes
    ----------
    key : str
        Of :data:`WORDS`; empty for words that are in no list, which `of` then holds as ``text``.
    of : dict
        Texts by name; another message under ``of``.
    """

    key: str
    of: dict = field(default_factory=dict)


def said(key: str, **of: object) -> str:
    """A message in the words that results hold.

    >>> said("late", months="6")
    'visits after month 6 follow unblinding, cross-over or rescue'
    """
    return WORDS[key].format(**of)


@cache
def _patterns() -> dict[str, re.Pattern]:
    """How each message with a name in it is found; words that never have a space are short."""
    parts = {key: re.split(r"\{(\w+)\}", words) for key, words in WORDS.items() if "{" in words}
    return {key: re.compile("".join(
        re.escape(part) if i % 2 == 0 else rf"(?P<{part}>{r'[^ ]+' if part in _WORD else '.+'})"
        for i, part in enumerate(found))) for key, found in parts.items()}


@cache
def _plain() -> dict[str, str]:
    return {words: key for key, words in WORDS.items() if "{" not in words}


def understood(text: str) -> Message:
    """The message that a text of a result is.

    Parameters
    ----------
    text : str

    Examples
    --------
    >>> understood("value doubtful: only in robustness")
    Message(key='only-robustness', of={'of': Message(key='quality', of={'quality': 'doubtful'})})
    """
    if key := _plain().get(text):
        return Message(key)
    for key, pattern in _patterns().items():
        if found := pattern.fullmatch(text):
            return Message(key, {name: understood(part) if name == "of" else part
                                 for name, part in found.groupdict().items()})
    return Message("", {"text": text})
