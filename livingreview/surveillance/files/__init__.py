"""Files that a person has exported: one module for each form, from its bytes to records."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from types import ModuleType

from ..likeness import plain
from ..rawstore import Raw
from ..record import Record
from . import ictrp, nbib, ris, tables
from .shape import made_number
from .text import FileError, decoded

__all__ = ["FILE", "FORMS", "Exported", "FileError", "form_of", "read", "stored"]

FILE = "file"  # what the notes of a stored search call the name of the file that it is from

# By what a file holds, not by its name; the first that fits is taken.
FORMS: dict[str, ModuleType] = {"ICTRP XML": ictrp, "RIS": ris, "PubMed": nbib, "CSV": tables}
# What people send by mistake, and what to do about it.
_OTHERS = (
    (re.compile(r"\s*<(?:!doctype html|html)", re.IGNORECASE),
     "a web page, not an export: the site may have asked for a login"),
    (re.compile(r"\s*(?:<\?xml[^>]*\?>)?\s*(?:<!DOCTYPE[^>]*>\s*)?<PubmedArticleSet"),
     "XML of PubMed: export it in the form PubMed (.nbib)"),
    (re.compile(r"\s*<"), "XML of another kind: only that of ICTRP is read"),
    (re.compile(r"\s*[{\[]"), "JSON"),
    (re.compile(r"\s*@[A-Za-z]+\s*\{"), "BibTeX: export it as RIS"),
    (re.compile(r"FN |\s*PT [A-Z]\s"), "plain text of Web of Science: export it as RIS"),
    (re.compile(r"%0 "), "EndNote's own export: export it as RIS"),
    (re.compile(r"\s*Record #\d+ of"), "plain text of the Cochrane Library: export it as RIS"),
)


@dataclass(frozen=True)
class Exported:
    """What a file holds.

    Attributes
    ----------
    form : str
        A key of `FORMS`.
    records : tuple of Record
        Each number once, in the order of the file.
    repeated : int
        Records whose number was there already.
    """

    form: str
    records: tuple[Record, ...]
    repeated: int = 0


def form_of(text: str) -> str:
    """The form of a text, a key of `FORMS`; empty where it has none of them."""
    return next((name for name, form in FORMS.items() if form.looks_so(text)), "")


def read(content: bytes, name: str, source: str) -> Exported:
    """The records of an exported file, all or none.

    Parameters
    ----------
    content : bytes
    name : str
        Of the file, for errors.
    source : str
        Of the list search_source: where it was exported.

    Raises
    ------
    FileError
        With every problem by line, byte or element.
    """
    text = decoded(content, name)
    form = form_of(text)
    if not form:
        what = next((said for seen, said in _OTHERS if seen.match(text)), "another form")
        raise FileError([f"{name}: {what}; expected RIS, PubMed (.nbib), XML of ICTRP, or CSV "
                         "with the columns of ASReview, EPPI-Reviewer, Covidence, Rayyan or ICTRP"])
    records = FORMS[form].read(text, name, source)
    if not records:
        raise FileError([f"{name}: no record in this file"])
    once: dict[str, Record] = {}
    for record in records:
        first = once.setdefault(record.number, record)
        if plain(first.title) != plain(record.title):  # the program that wrote it has mixed them up
            record = replace(record, number=made_number(record, record.number))
            once.setdefault(record.number, record)
    return Exported(form, tuple(once.values()), len(records) - len(once))


def stored(raw: Raw) -> tuple[Record, ...] | None:
    """The records of a search that was taken in as a file; None for one that a command ran.

    Raises
    ------
    FileError, RawError
        When what is stored cannot be read.
    """
    if FILE not in raw.about:
        return None
    return tuple(record for page in raw.pages()
                 for record in read(page.body, raw.about[FILE], raw.source).records)
