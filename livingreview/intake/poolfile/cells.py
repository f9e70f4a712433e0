"""The numbers in the cells of a file, as people write them: read where it is certain."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_ABSENT = re.compile(r"(?i)|na|n/a|n\.a\.?|#n/a|nan|nr|n\.r\.?|nd|null|none|missing|unknown|"
                     r"unclear|not (?:reported|stated|available|given|applicable)|"
                     r"[-.?*\u2013\u2014]|--+")
_SPACE = " \u00a0\u2009\u202f'\u2019"  # what divides thousands in every language
_PLAIN = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?", re.ASCII)
_GROUPS = {mark: re.compile(rf"[-+]?\d{{1,3}}(?:[{other}{_SPACE}]\d{{3}})+(?:[{mark}]\d*)?",
                            re.ASCII) for mark, other in ((".", ","), (",", "."))}
EITHER = re.compile(r"[-+]?[1-9]\d{0,2}[.,]\d{3}", re.ASCII)
_COMMA = re.compile(r"[-+]?(?:\d+,\d*|,\d+)(?:[eE][-+]?\d{1,3})?", re.ASCII)
_POINT = re.compile(r"[-+]?(?:\d+\.\d*|\.\d+)(?:[eE][-+]?\d{1,3})?", re.ASCII)
_HINTS = (
    (re.compile(r"=.*[-+*/(A-Za-z].*"), "a formula that was not calculated: open the workbook in "
     "its program and save it"),
    (re.compile(r"[<>≤≥=~≈].*"), "a bound, not a value"),
    (re.compile(r"[-+]?[\d.,]+\s*(?:-|–|—|to|bis|à)\s*[-+]?[\d.,]+"), "a range, not a value"),
    (re.compile(r"[-+]?[\d.,]+\s*(?:\(.*\)|\[.*\]|±.*)"), "several numbers in one cell"),
    (re.compile(r"[-+]?[\d.,]+\s*%"), "a percentage"),
    (re.compile(r"[-+]?[\d.,]+\s*[^\d\s.,]+"), "a number with something behind it"),
    (re.compile(r"(?i)[-+]?inf(?:inity)?"), "infinite"),
    (re.compile(r"\d{4}-\d\d-\d\d.*"), "a date: a spreadsheet turned it into one?"),
)


@dataclass(frozen=True)
class Unread:
    """Why a cell is no number, and what would be one."""

    wrong: str
    expected: str = "a number, or an empty cell where none is stated"


def absent(text: str) -> bool:
    """Whether a cell says that nothing is stated."""
    return _ABSENT.fullmatch(text.strip()) is not None


def signed(text: str) -> str:
    """A cell whose minus is a hyphen, whatever dash stands before its number."""
    return re.sub(r"^[\u2212\u2010-\u2014](?=[\d.,])", "-", text.strip())


def decimal_of(texts: Iterable[str], suggested: str) -> str:
    """The mark of decimals that most cells of a file show.

    Parameters
    ----------
    texts : iterable of str
    suggested : str
        What the kind of file suggests, for cells that can be read in two ways.

    Returns
    -------
    str
        '.' or ','; empty where no cell shows it and nothing suggests one.
    """
    shown = {",": 0, ".": 0}
    for text in map(signed, texts):
        if EITHER.fullmatch(text):
            continue
        last = max(shown, key=text.rfind)
        if (_COMMA if last == "," else _POINT).fullmatch(text) or (
                "," in text and "." in text and _GROUPS[last].fullmatch(text)):
            shown[last] += 1
    if shown[","] == shown["."]:
        return suggested
    return max(shown, key=shown.get)


def number(text: str, decimal: str, whole: bool = False) -> float | Unread | None:
    """The number in a cell; None where nothing is stated.

    Parameters
    ----------
    text : str
    decimal : str
        As `decimal_of` gives it.
    whole : bool
        Whether the column counts something.
    """
    text = signed(text)
    if absent(text):
        return None
    if EITHER.fullmatch(text) and "," in text and not decimal:
        if whole:
            return float(text.replace(",", ""))
        return Unread("a decimal comma or a thousands separator?",
                      "--decimal comma, or --decimal point")
    mark = decimal or "."
    if mark == "," and whole and EITHER.fullmatch(text) and "." in text:
        return float(text.replace(".", ""))
    if mark == "," and _COMMA.fullmatch(text):
        return _finite(text.replace(",", "."))
    if _PLAIN.fullmatch(text):
        if mark == "," and "." in text:
            return Unread("not a number (a decimal point, and other cells have commas)",
                          text.replace(".", ","))
        return _finite(text)
    if _GROUPS[mark].fullmatch(text):
        return _finite(re.sub(rf"[{_SPACE}{'.' if mark == ',' else ','}]", "", text)
                       .replace(",", "."))
    if mark == "." and _COMMA.fullmatch(text):
        return Unread("not a number (a decimal comma, and other cells have points)",
                      text.replace(",", "."))
    hint = next((f" ({hint})" for pattern, hint in _HINTS if pattern.fullmatch(text)), "")
    return Unread(f"not a number{hint}")


def _finite(text: str) -> float | Unread:
    value = float(text)
    return value if abs(value) != float("inf") else Unread("too large to compute with")
