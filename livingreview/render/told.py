"""What the data say in words of their own, in another language.

Titles, labels and remarks of the data are looked up in the catalogue of the data folder
(``locale/<language>.po``). Texts that the package composes (the name of a study without an author,
the reason why a number is not used) are found by the message they were made from, in the catalogue
``texts.po`` of the package: what was put in is told in its turn. Names and titles of publications
have no translation, and stay.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ..data.phrases import rows
from ..data.project import default_folder
from ..view.inside import in_text
from .languages import SOURCE, language

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

CATALOGUES = Path(__file__).parent / "locale"
_NAMED = re.compile(r"\{(\w+)\}")
_NUMBERS = {"n", "k", "i", "row", "months", "year"}  # what is named so is a number
_WORDS = re.compile(r"[a-z]{2}")  # of text that is no name, year or registration
_ENOUGH = 12  # letters of its own by which a message is known whatever is put in
_KEY = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
_DEEPEST = 6  # texts inside texts


def data_catalogue(code: str) -> Path:
    """Where the data folder keeps its texts in a language."""
    return default_folder() / "locale" / f"{code}.po"


class CatalogueError(ValueError):
    """A catalogue is broken; the message names file, line and what stands there."""


def catalogue(path: Path) -> Catalog:
    """The messages of a file.

    Raises
    ------
    CatalogueError
    """
    from babel.messages.pofile import PoFileError, read_po

    try:
        with path.open("rb") as file:
            return read_po(file, abort_invalid=True)
    except (PoFileError, UnicodeDecodeError) as error:
        line = f":{error.lineno}" if isinstance(error, PoFileError) else ""
        raise CatalogueError(f"{path}{line}: {error}; expected messages of gettext") from error


def messages(path: Path) -> dict[str, str]:
    """The translated messages of a catalogue; none where it is not there."""
    if not path.is_file():
        return {}
    return {m.id: m.string for m in catalogue(path) if m.id and m.string}


def _labels(key: str) -> dict[str, str]:
    """The labels of the data, also as they stand inside a sentence and without their brackets."""
    path, found = default_folder() / "vocabularies.csv", {}
    if path.is_file():
        for row in rows(path):
            en, other = row["label_en"], row.get(f"label_{key}")
            if other:
                short = re.sub(r"\s*[(,（].*$", "", en)
                for form in (en, in_text(en), short, in_text(short)):
                    found.setdefault(form, other if form == en else _bare(other))
    return found


def _bare(label: str) -> str:
    """A label without what explains it."""
    return re.sub(r"\s*[(,（，].*$", "", label)


def _letters(message: str) -> int:
    """How many letters of its own a message has."""
    return len(re.findall(r"[A-Za-z]", _NAMED.sub("", message)))


def _sureness(message: str) -> tuple[bool, int]:
    """How surely a text was made from a message that it looks like."""
    return bool(_NUMBERS & {*_NAMED.findall(message)}), _letters(message)


def _pattern(message: str) -> re.Pattern:
    """What a composed text looks like; what is named in braces is put in."""
    parts, end = [], 0
    for found in _NAMED.finditer(message):
        # texts are joined by semicolons: what is put in holds none, but at the end of a message
        joined = ";" in message or found.end() == len(message)
        form = "[0-9.,–-]+" if found[1] in _NUMBERS else ".+?" if joined else "[^;]+?"
        parts += [re.escape(message[end:found.start()]), f"(?P<{found[1]}>{form})"]
        end = found.end()
    return re.compile("".join([*parts, re.escape(message[end:])]))


def _countries(code: str) -> dict[str, str]:
    """Names of countries in a language, by their English ones (Unicode's, as Babel has them)."""
    from babel import Locale

    own = Locale.parse(code).territories
    return {name: own[key] for key, name in Locale.parse(SOURCE).territories.items() if key in own}


@dataclass(frozen=True)
class Texts:
    """The texts of a language."""

    exact: Mapping[str, str]
    # What a composed text looks like, its message, and whether that is enough to know it by: else
    # all that was put in must be known. The surest stand first.
    composed: tuple[tuple[re.Pattern, str, bool], ...]
    # names of countries by their English ones
    countries: Mapping[str, str] = field(default_factory=dict)
    _known: dict[str, str] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, code: str) -> Texts:
        """Those that the package and the data folder have in a language."""
        own = messages(CATALOGUES / code / "LC_MESSAGES" / "texts.po")
        composed = sorted((m for m in own if _NAMED.search(m)), key=_sureness, reverse=True)
        exact = {m: s for m, s in own.items() if not _NAMED.search(m)}
        return cls({**_labels(language(code).key), **exact, **messages(data_catalogue(code))},
                   tuple((_pattern(m), own[m], _letters(m) >= _ENOUGH) for m in composed),
                   _countries(code))

    def tell(self, text: str, deep: int = 0) -> str:
        """A text; the same where it is not known."""
        if text not in self._known:
            self._known[text] = self.exact.get(text) or self._composed(text, deep)
        return self._known[text]

    def _composed(self, text: str, deep: int) -> str:
        """A text that was made from a message, told by the message and by what was put in."""
        if deep < _DEEPEST and _WORDS.search(text):
            for pattern, message, sure in self.composed:
                found = pattern.fullmatch(text)
                parts = {name: (part, self.tell(part, deep + 1))
                         for name, part in found.groupdict().items()} if found else {}
                if parts and (sure or all(told != part or not _WORDS.search(part)
                                          for part, told in parts.values())):
                    return message.format(**{name: told for name, (_, told) in parts.items()})
        return text

    def _wrapped(self, lines: Sequence[str]) -> list[str]:
        """A text that stands in lines, in as many lines."""
        text = " ".join(filter(None, lines))
        told = self.tell(text)
        if told == text:
            return list(lines)
        letters = math.ceil(len(told) / len([line for line in lines if line]))
        parts = [told[i:i + letters].strip() for i in range(0, len(told), letters)]
        return parts + [""] * (len(lines) - len(parts))

    def told(self, value, name: str = ""):
        """A view with its texts told.

        Parameters
        ----------
        value : object
            A packed view, or a part of one.
        name : str
            Of the part.
        """
        if isinstance(value, Mapping):
            if value.keys() == {"en", "zh"}:
                return value if value["zh"] else {**value, "zh": self.tell(value["en"])}
            return {key: self.told(part, key) for key, part in value.items()}
        if isinstance(value, list):
            if name == "lines" and all(isinstance(line, str) for line in value):
                return self._wrapped(value)
            return [self.told(part, name) for part in value]
        if isinstance(value, str) and name in parts() and (
                parts()[name] or not _KEY.fullmatch(value)):
            told = self.tell(value)
            return self.countries.get(value, told) if name == "country" and told == value else told
        return value


@cache
def parts() -> Mapping[str, bool]:
    """Parts of views that hold texts, and whether a single word may be one.

    The strings of other parts are keys, addresses, words of templates; where a single word may be a
    key too, it is none of the data's.
    """
    return {row["name"]: bool(row["single"]) for row in rows(Path(__file__).with_suffix(".csv"))}


@cache
def texts(code: str) -> Texts | None:
    """The texts of a language; none for the one that they are written in."""
    return None if code == SOURCE else Texts.of(code)
