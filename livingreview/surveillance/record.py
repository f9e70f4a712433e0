"""The one shape that a record has, whatever source it came from."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from urllib.parse import unquote

from ..data.declaring import REGISTRATION

_REGISTRATION = re.compile(rf"(?<![A-Za-z])({REGISTRATION.partition('|(?!')[0]})"
                           r"(?![0-9])")
# Numbers as authors write them: other capitals, signs and spaces after the name of the registry.
_LOOSE = re.compile(
    r"(?<![A-Za-z])(NCT|ChiCTR|ISRCTN|ACTRN|DRKS|UMIN|KCT|jRCT)"
    r"(?:[\s:#-]{1,3}|\s?(?:no\.?|number:?)\s?)?(?=s?\d{7})", re.IGNORECASE)
_REGISTRIES = {name.lower(): name for name in
               ("NCT", "ChiCTR", "ISRCTN", "ACTRN", "DRKS", "UMIN", "KCT", "jRCT")}
_EUDRACT = re.compile(r"\bEudra\s?CT\b[^0-9\n]{0,12}(?=\d{4}-\d{6}-\d{2}(?!\d))", re.IGNORECASE)
_CHINESE = re.compile(r"(?<![A-Za-z])chictr(?=-[A-Z]+-\d{8})", re.IGNORECASE)
_LONG = re.compile(r"\d{6}")  # every number of a registry has so many digits together
_DOI_BEFORE = re.compile(r"^(?:https?://)?(?:(?:www\.|dx\.)?doi\.org/|(?:info:)?doi\s*[:/]?\s*)",
                         re.IGNORECASE)
_YEAR = re.compile(r"(?<!\d)(1[89]\d\d|20\d\d)(?:(?!\d)|(?=[01]\d[0-3]\d(?!\d)))")


@dataclass(frozen=True)
class Record:
    """What a source says of one report or registration.

    Attributes
    ----------
    source : str
        Of the list search_source.
    number : str
        How the source names it; the pair is unique.
    kind : str
        Of the list record_kind.
    title, first_author, journal, volume, pages : str
        As text without markup; empty where not stated. The author is a family name.
    year : int or None
    doi, pmid : str
        The DOI in lower case and without an address before it.
    registrations : tuple of str
        Registration numbers that it names, in the form of the data.
    abstract : str
        For the session only: it is written to no table.
    cites : tuple of str
        Numbers, at the same source, of what it cites.
    signals : tuple of str
        What helps to screen: types of publication as the source prints them.
    """

    source: str
    number: str
    kind: str = "article"
    title: str = ""
    first_author: str = ""
    year: int | None = None
    journal: str = ""
    volume: str = ""
    pages: str = ""
    doi: str = ""
    pmid: str = ""
    registrations: tuple[str, ...] = ()
    abstract: str = field(default="", repr=False)
    cites: tuple[str, ...] = field(default=(), repr=False)
    signals: tuple[str, ...] = ()

    @property
    def source_id(self) -> str:
        """The source and its number, as tables have them."""
        return f"{self.source}:{self.number}"


def doi_of(text: str | None) -> str:
    """A DOI in lower case, without an address before it; empty where there is none."""
    found = _DOI_BEFORE.sub("", (text or "").strip())
    found = (unquote(found) if "%" in found else found).removesuffix("[doi]").rstrip(".,; ").lower()
    while found.endswith(")") and found.count(")") > found.count("("):  # of the text around it
        found = found[:-1].rstrip(".,; ")
    return found if found.startswith("10.") and "/" in found else ""


def year_of(text: str | None) -> int | None:
    """The first year in a text such as ``2026 Nov-Dec``; None where there is none."""
    found = _YEAR.search(unicodedata.normalize("NFKC", text or ""))
    return int(found[1]) if found else None


def registrations_in(*texts: str | None) -> tuple[str, ...]:
    """Registration numbers in texts, each once, in the form of the data."""
    return tuple(dict.fromkeys(
        found[1] for text in texts if text and _LONG.search(text)
        for found in _REGISTRATION.finditer(_strict(text))))


def _strict(text: str) -> str:
    """A text with the numbers of registries in the form of the data."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    text = _LOOSE.sub(lambda found: _REGISTRIES[found[1].lower()], text)
    return _CHINESE.sub("ChiCTR", _EUDRACT.sub("EudraCT ", text))
