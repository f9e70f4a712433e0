"""When a value was measured, from the titles and time frames of a registry, in months.

The rule: a week is 7 days, a month 30.4375 days (365.25 / 12), a year 12 months; months are rounded
to two decimals, and to a whole month where they are within 0.4 % of one (26 weeks are 6 months, 52
are 12, 48 are 11; 12 weeks are 2.76, for they are no quarter of a year).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

DAYS = {"day": 1.0, "week": 7.0, "month": 30.4375, "year": 365.25}
_NEAR = 0.004  # of a whole number of months, within which a time is that
_WORDS = {word: str(n) for n, word in enumerate(
    "zero one two three four five six seven eight nine ten eleven twelve".split())}
_NUMBER = r"\d+(?:\.\d+)?"
_UNIT = r"(days?|weeks?|wks?|months?|mos?|years?|yrs?|[dwmy](?![a-z]))"
_AND = r"\s*(?:,\s*and|,|;|and|&|or|/)\s*"
_LIST = rf"{_NUMBER}(?:{_AND}{_NUMBER})*"
_RANGE = rf"{_NUMBER}\s*(?:-|–|to)\s*{_NUMBER}"
_SLACK = re.compile(r"\(?\s*(?:±|\+\s*/\s*-|\+/−)\s*[^),;]*\)?")
_RANGED = re.compile(rf"\b(?:{_RANGE})\s*-?\s*{_UNIT}\b"
                     rf"|\b(?:months?|weeks?|days?|years?)\s*{_RANGE}")
_BEFORE = re.compile(rf"\b({_LIST})\s*-?\s*{_UNIT}\b")
_BEHIND = re.compile(rf"\b(days?|weeks?|wks?|months?|years?|[dwmy](?=\d))\s*#?\s*({_LIST})\b")
# How far back a question reaches, which is no visit: "pain in the last 7 days".
_RECALL = re.compile(rf"\b(?:last|past|previous|preceding|prior)\s+{_NUMBER}\s*-?\s*{_UNIT}\b",
                     re.IGNORECASE)
_BASELINE = re.compile(
    r"\bbase-?\s?line\b|\bpre-?\s?(?:treatment|injection|dose|procedure|operative(?:ly)?|op|surgery"
    r"|implantation|infusion|intervention)\b|\bbefore (?:treatment|injection|surgery)\b")
_NUMBERED = re.compile(r"\b(?:visit|time\s?point|follow-?\s?up)\s*#?\s*\d+\b", re.IGNORECASE)
_UNTIL = re.compile(r"\b(?:up to|upto|through(?:out)?|until|within|during|over|any\s?time)\b")
# What a title may say beside a time without saying what is measured.
_IDLE = frozenset(
    "a after an and assessment at by data evaluation follow following followup for from frame in "
    "injection infusion implantation intervention last measured of on only operation point post "
    "postinjection postoperative postoperatively posttreatment pre procedure surgery t the time "
    "timepoint to treatment up visit visits with".split())


@dataclass(frozen=True)
class Moments:
    """The times that a text names.

    Attributes
    ----------
    months : tuple of float
        In order, each once; 0 is before treatment.
    until : bool
        Whether it names a span ("up to 12 months", "6-8 weeks") and no visit.
    rest : str
        What else it says; empty where it only names times.
    """

    months: tuple[float, ...] = ()
    until: bool = False
    rest: str = ""


def in_months(number: float, unit: str) -> float:
    """A time in months, by the rule of this module.

    >>> in_months(26, "week"), in_months(24, "week"), in_months(1, "year")
    (6.0, 5.52, 12.0)
    """
    exact = number * DAYS[unit] / DAYS["month"]
    whole = float(round(exact))
    return whole if abs(exact - whole) <= _NEAR * whole else round(exact, 2)


def _unit(text: str) -> str:
    return next(unit for unit in DAYS if unit[0] == text[0])


def moments(text: str) -> Moments:
    """The times that a title or a time frame names.

    Parameters
    ----------
    text : str

    Examples
    --------
    >>> moments("Baseline, 3, 6 and 12 months").months
    (0.0, 3.0, 6.0, 12.0)
    >>> moments("Pain score at Week 26")
    Moments(months=(6.0,), until=False, rest='Pain score')
    """
    plain = re.sub(r"\b(" + "|".join(_WORDS) + r")(?=[\s-]+(?:day|week|month|year))",
                   lambda found: _WORDS[found[1].lower()], text, flags=re.IGNORECASE)
    plain = _SLACK.sub(" ", plain)
    lowered = _RECALL.sub(lambda found: " " * len(found[0]), plain.lower())
    found, spans = set(), []
    spans += [one.span() for one in _RANGED.finditer(lowered)]
    ranged = bool(spans)
    for pattern, unit, numbers in ((_BEFORE, 2, 1), (_BEHIND, 1, 2)):
        for one in pattern.finditer(lowered):
            if any(start < one.end() and one.start() < end for start, end in spans):
                continue
            spans.append(one.span())
            found |= {in_months(float(n), _unit(one[unit]))
                      for n in re.findall(_NUMBER, one[numbers])}
    for one in _BASELINE.finditer(lowered):
        spans.append(one.span())
        found.add(0.0)
    kept = "".join(" " if any(a <= i < b for a, b in spans) else sign
                   for i, sign in enumerate(plain))
    kept = _NUMBERED.sub(" ", _UNTIL.sub(" ", kept))
    words = [word for word in re.findall(r"[^\s,;:()\[\]\-–/]+", kept)
             if word.lower().strip(".") not in _IDLE]
    rest = " ".join(words) if spans else text.strip()
    until = ranged or bool(found and _UNTIL.search(lowered))
    return Moments(tuple(sorted(found)), until, rest)


def visit(text_of_class: str, time_frame: str, is_change: bool) -> tuple[float | None, str]:
    """The visit of a value: that of its class's title, else the one of the time frame.

    Parameters
    ----------
    text_of_class, time_frame : str
    is_change : bool
        Whether the value is a change: "Baseline and 12 months" is then month 12.

    Returns
    -------
    float or None
        Months; None where it is refused.
    str
        Why it is refused, else the words in which the time is stated.
    """
    for text, what in ((text_of_class, "the title"), (time_frame, "the time frame")):
        told = moments(text)
        change = is_change or "change" in text.lower() and what == "the title"
        times = tuple(t for t in told.months if t) if change and len(told.months) > 1 else (
            told.months)
        if told.until:
            return None, f"{what} names a span of time and no visit: {text}"
        if len(times) == 1:
            return times[0], text
        if len(times) > 1:
            return None, f"{what} names several times and no class of its own each: {text}"
    return None, f"no time is named: {time_frame or 'no time frame'}"


def followed(time_frame: str) -> float | None:
    """The months that counts of adverse events cover; None where the text names none or several."""
    spans = [m for m in moments(time_frame).months if m]
    return spans[0] if len(spans) == 1 else None
