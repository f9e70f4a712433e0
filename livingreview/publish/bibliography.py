"""The bibliography, made from the data: nobody types a reference."""

from __future__ import annotations

from pathlib import Path

from pybtex.database import BibliographyData, Entry, Person

from ..dataset import Dataset


def citable(record) -> bool:
    """Whether a study has what a citation needs: author, year and title."""
    return bool(record["first_author"] and record["year"] and record["title"])


def _person(name: str) -> Person:
    return Person(last=name)


def _study_entry(study) -> Entry:
    fields = {"title": "{" + study["title"].rstrip(".") + "}", "year": str(study["year"])}
    for key in ("journal", "doi"):
        if study[key]:
            fields[key] = study[key]
    if study["pmid"]:
        fields["note"] = f"PMID {study['pmid']}"
    kind = "article" if study["journal"] else "misc"
    return Entry(kind, fields=fields, persons={"author": [_person(study["first_author"]),
                                                          _person("others")]})


def _reference_entry(reference) -> Entry:
    fields = {"title": "{" + (reference["title"] or "").rstrip(".,") + "}",
              "year": str(reference["year"] or "n.d.")}
    if reference["journal"]:
        fields["journal"] = reference["journal"]
    if reference["doi"]:
        fields["doi"] = reference["doi"]
    author = (reference["authors"] or "Anonymous").split(",")[0].split(" and ")[0]
    return Entry("article" if reference["journal"] else "misc", fields=fields,
                 persons={"author": [_person(author.strip()), _person("others")]})


def bibliography(data: Dataset) -> BibliographyData:
    """Every citable study and every reference of the seed reviews.

    Parameters
    ----------
    data : Dataset

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
    content = bibliography(data).to_string("bibtex")
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != content:
        path.write_text(content, encoding="utf-8")
