"""What is compared of two records: their titles in one spelling, and what tells reports apart."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from .record import Record, doi_of

_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_WORD = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"\d+")
_LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ı": "i",
                          **{letter: f" {unicodedata.name(letter).split()[-1].lower()} "
                             for letter in "αβγδεκλμω"}})
_AUTHORLESS = {"", "anonymous", "anon", "na", "author"}
# A title that begins so is still that of the article: its publisher has marked it.
_MARKED = re.compile(r"^\W*(?:retracted|withdrawn|removed)(?: article| paper)?\s*[:\-–—]+\s*",
                     re.IGNORECASE)
# A report with one of these in its title is another than one without.
_MARKERS = {name: re.compile(form, re.IGNORECASE) for name, form in {
    "notice": r"\berrat(?:um|a)\b|\bcorrigend(?:um|a)\b|\bcorrections? to\b|\bcorrection\W*$"
              r"|\b(?:correction|retraction|addendum)\b\s*[:\]]|\bretraction\W*$"
              r"|\bretraction (?:of|note|notice)\b|\bexpression of concern\b"
              r"|\bpublisher\W?s? note\b|\bnotice of retraction\b|勘误|更正|撤稿|撤回",
    "reply": r"\brepl(?:y|ies) to\b|\brepl(?:y|ies)\W*$|\bresponse to\b.*\bletter\b"
             r"|\bcomments? on\b|\bcommentary\b|\bletter to\b|^\W*(?:in )?(?:reply|response)\b\s*:"
             r"|\bauthors?\W{0,2}s? (?:reply|response)\b|\beditorial\b",
    "protocol": r"\bprotocol\b(?! (?:violation|deviation))|\brationale and (?:study )?design\b"
                r"|\bdesign and rationale\b|\bstudy design\b"
                r"|研究方案|试验方案",
    "follow-up": r"\bfollow\W?up\b|\blong\W?term\b|\bextension\b|随访|远期|长期",
}.items()}
# One of these is in every title that has a marker: most titles have none, and are looked at once.
_STEMS = ("errat", "corrig", "correction", "retraction", "addend", "concern", "note", "notice",
          "repl", "response", "comment", "letter", "editorial", "protocol", "rationale", "design",
          "follow", "long", "extension", "勘误", "更正", "撤稿", "撤回", "研究方案", "试验方案",
          "随访", "远期", "长期")
_WORDS_OF_NUMBERS = {word: str(n) for n, word in enumerate(
    "one two three four five six seven eight nine ten eleven twelve".split(), 1)}
_ROMAN = {"ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9"}
_SMALL_ROMAN = {"i": "1", "v": "5", "x": "10", "a": "a", "b": "b", "c": "c"}
_COUNTED = {"part", "phase", "type", "study", "trial", "stage", "class", "grade", "report",
            "paper", "number", "no", "teil", "parte"}
_OF_DATABASE = re.compile(r"CN-\d|L\d{6}|text-")  # numbers of CENTRAL, Embase, and made ones
_FIRST_WIDE = "\u2e80"
_WIDE = 3  # letters that one Chinese, Japanese or Korean sign stands for
_TELLING = 24  # letters of a title that is not as general as "Editorial comment"


def plain(text: str) -> str:
    """A text in small letters, without markup, accents and punctuation, one space between words."""
    text = _TAG.sub("", text).lower()
    if not text.isascii():
        text = "".join(c for c in unicodedata.normalize("NFKD", text.translate(_LETTERS))
                       if not unicodedata.combining(c))
    return " ".join(_WORD.findall(text))


def numbers_in(title: str) -> tuple[str, ...]:
    """The numbers of a plain title in their order, also Roman ones and those that are words.

    Two titles that differ in them are of two parts, phases or lengths of follow-up, however like
    they are.
    """
    found, before = [], ""
    for word in title.split():
        number = _WORDS_OF_NUMBERS.get(word) or _ROMAN.get(word)
        if number is None and before in _COUNTED:
            number = _SMALL_ROMAN.get(word)
        if number:
            found.append(number)
        elif not word.isalpha():
            found.extend(str(int(n)) for n in _DIGITS.findall(word))
        if word not in _SMALL_ROMAN or before not in _COUNTED:
            before = word  # "phase I II": both are of the phase
    return tuple(found)


def markers_in(title: str) -> frozenset[str]:
    """What a title, as printed, says that its report is: notice, reply, protocol, follow-up."""
    small = title.lower()
    if not any(stem in small for stem in _STEMS):
        return frozenset()
    return frozenset(name for name, form in _MARKERS.items() if form.search(title))


def family_of(author: str) -> str:
    """The family name as a plain text, without initials; empty where nobody is named.

    A name is taken as it is printed: family name first, initials after it or after a comma.
    """
    words = plain(author.split(",")[0]).split()
    named = [w for w in words if len(w) > 1] or words
    name = " ".join(named)
    return "" if name in _AUTHORLESS else name


def first_page(pages: str) -> str:
    """The first page, without zeros before it: 221 of 221-8, e44 of e44-e45."""
    found = re.match(r"\s*(?:pp?\.?\s*)?([A-Za-z]{0,3}\d+)", pages or "")
    return re.sub(r"^([a-z]*)0+(?=\d)", r"\1", found[1].lower()) if found else ""


def first_number(volume: str) -> str:
    """The first number of a volume: 29 of 29 (7)."""
    found = _DIGITS.search(volume or "")
    return str(int(found[0])) if found else ""


@dataclass(frozen=True)
class Likeness:
    """A record as it is compared.

    Attributes
    ----------
    key : str
        Its source and number.
    title : str
        Plain, without what a publisher has put before it.
    numbers, markers
        What tells reports with like titles apart.
    number : str
        Of a registration: the number that its registry gave it. Else empty.
    """

    key: str
    title: str
    numbers: tuple[str, ...]
    markers: frozenset[str]
    author: str
    year: int | None
    doi: str
    pmid: str
    volume: str
    page: str
    number: str

    @property
    def telling(self) -> bool:
        """Whether the title is long enough to tell a report from others."""
        return len(self.title) + (_WIDE - 1) * self.wide >= _TELLING

    @property
    def wide(self) -> int:
        """Chinese, Japanese and Korean signs of the title, each of which may be a word."""
        return 0 if self.title.isascii() else sum(c >= _FIRST_WIDE for c in self.title)

    @property
    def solid(self) -> str:
        """The title without spaces."""
        return self.title.replace(" ", "")


@lru_cache(maxsize=1 << 17)  # each record is compared with others, and with the studies
def likeness_of(record: Record) -> Likeness:
    """What is compared of a record."""
    printed = _MARKED.sub("", record.title)
    title, markers = plain(printed), markers_in(printed)
    if record.kind == "notice":
        markers |= {"notice"}
    return Likeness(
        record.source_id, title, numbers_in(title), markers, family_of(record.first_author),
        record.year, doi_of(record.doi), record.pmid.strip(), first_number(record.volume),
        first_page(record.pages),
        _registry_number(record) if record.kind == "registration" else "")


def _registry_number(record: Record) -> str:
    """The number at the registry; a database that lists registrations has numbers of its own."""
    listed = _OF_DATABASE.match(record.number) and len(record.registrations) == 1
    return (record.registrations[0] if listed else record.number).upper()
