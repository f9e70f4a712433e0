"""The bibliography, made from the data: nobody types a reference."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pybtex.database import BibliographyData, Entry, Person, parse_string
from pybtex.database.output.bibtex import Writer
from pybtex.plugin import find_plugin
from pybtex.richtext import Text

from ..data.dataset import Dataset
from ..view.sources import citable

_REMARK = re.compile(r"\s*\([^)]*\)")  # a name in another script, "(sponsor)", "(unconfirmed)"
_INITIALS = re.compile(r"(?P<last>.+) (?P<first>[A-Z]{1,4})")
_PROTECTED = re.compile(r"</?span[^>]*>")  # is only about the case of letters
_OTHERS = Person(last="others")


@dataclass(frozen=True)
class Cited:
    """A reference of a page."""

    key: str  # in the bibliography
    short: str  # first author, or the title where none is known, and the year
    markup: str  # the whole reference as HTML

    @property
    def anchor(self) -> str:
        """On the page."""
        return f"reference-{self.key}"


class _Writer(Writer):
    """Writes a DOI as it is: a link is made of it, in which an escaped sign would be wrong."""

    def _write_field(self, stream, type, value):
        if type == "doi":
            stream.write(f",\n    {type} = {self.quote(value)}")
        else:
            super()._write_field(stream, type, value)


def _plain(text: str) -> str:
    """A text without what is syntax to BibTeX and its reader; other signs the writer escapes."""
    return " ".join(re.sub(r"[{}\\]", " ", text).split())


def _whole(text: str) -> str:
    """A text that BibTeX neither splits nor changes the case of."""
    return "{" + _plain(text) + "}"


def _person(name: str) -> Person:
    """A name whose surname may have several words; initials may stand behind it."""
    name = _REMARK.sub("", name).strip() or name
    parts = _INITIALS.fullmatch(name)
    if parts:
        return Person(last=_whole(parts["last"]), first=parts["first"])
    return Person(last=_whole(name))


def _entry(record, persons: list[Person]) -> Entry:
    """What studies and references have in common."""
    fields = {"title": _whole(record["title"].rstrip(".,")), "year": str(record["year"] or "n.d.")}
    # an article needs authors, other entries do not
    article = bool(record["journal"] and persons)
    if record["journal"]:
        fields["journal" if article else "howpublished"] = _whole(record["journal"])
    if record["doi"]:
        fields["doi"] = _plain(record["doi"])
    return Entry("article" if article else "misc", fields=fields,
                 persons={"author": persons} if persons else {})


def _study_entry(study) -> Entry:
    if study["first_author"]:
        persons = [_person(study["first_author"]), _OTHERS]
    else:
        persons = [Person(last=_whole(number)) for number in study["registration"][:1]]
    entry = _entry(study, persons)
    if study["pmid"]:
        entry.fields["note"] = f"PMID {study['pmid']}"
    return entry


def _reference_entry(reference) -> Entry:
    author = re.split(r",| and | et al", reference["authors"] or "")[0].strip()
    return _entry(reference, [_person(author), _OTHERS] if author else [])


def bibliography(data: Dataset) -> BibliographyData:
    """Every citable study and every reference of the seed reviews.

    Returns
    -------
    pybtex.database.BibliographyData
        Keys are ``study_id``, and ``review_id-number`` for references.
    """
    out = BibliographyData()
    for indication in data.indications:
        for study in data.records("studies", indication):
            if citable(study) and study["study_id"] not in out.entries:
                out.add_entry(study["study_id"], _study_entry(study))
    for reference in data.records("references"):
        if reference["title"]:
            key = f"{reference['review_id']}-{reference['ref_number']}"
            out.add_entry(key, _reference_entry(reference))
    return out


def write(data: Dataset, path: Path) -> None:
    """Write the bibliography, only when it differs, so that nothing is rebuilt for nothing."""
    content = _Writer().to_string(bibliography(data))
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != content:
        path.write_text(content, encoding="utf-8")


def cited(data: Dataset, keys: Iterable[str]) -> list[Cited]:
    """References in the style of the book; keys that are not in its bibliography are left out."""
    known = bibliography(data).entries
    asked = BibliographyData({key: known[key] for key in keys if key in known})
    # written and read again, as the book does: what is syntax to BibTeX is then escaped
    entries = parse_string(_Writer().to_string(asked), "bibtex")
    style = find_plugin("pybtex.style.formatting", "unsrt")()
    backend = find_plugin("pybtex.backends", "html")()
    return [Cited(e.key, _short(entries.entries[e.key]),
                  _PROTECTED.sub("", " ".join(e.text.render(backend).split())))
            for e in style.format_bibliography(entries)]


def _short(entry: Entry) -> str:
    """How a text names a reference: Name and others [2024]."""
    names = " and ".join(str(n) for p in entry.persons.get("author", ())
                         for n in p.rich_last_names)
    return f"{names or Text.from_latex(entry.fields['title'])} [{entry.fields['year']}]"
