"""Sources and registrations as links."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..data.dataset import Dataset
from .base import Label, Struct, label

# Addresses of registries that take a registration number; the others have no stable one.
_REGISTRIES = (
    (re.compile(r"NCT\d{8}$"), "https://clinicaltrials.gov/study/{}"),
    (re.compile(r"ISRCTN\d+$"), "https://www.isrctn.com/{}"),
    (re.compile(r"ACTRN\d+$"), "https://anzctr.org.au/{}.aspx"),
    (re.compile(r"EudraCT[ -]?(\d{4}-\d{6}-\d{2})$"),
     "https://www.clinicaltrialsregister.eu/ctr-search/search?query={}"),
    (re.compile(r"jRCT\w+$"), "https://jrct.mhlw.go.jp/en-latest-detail/{}"),
)


def citable(record: Mapping) -> bool:
    """Whether a study has what a citation needs: a title, and who wrote it when, or an identifier.

    A study whose authors were not read is cited by its registry number or else by its title.
    """
    return bool(record["title"] and (record["first_author"] and record["year"]
                                     or record["doi"] or record["registration"]))


class Source(Struct):
    """A text in which values were read; `href` is empty where no link is known."""

    title: str
    href: str
    kind: Label


class Link(Struct):
    """A name and the address that it leads to; no address is no link."""

    name: str
    href: str = ""


def doi(identifier: str) -> str:
    """Address of a digital object identifier."""
    return f"https://doi.org/{identifier}"


def pubmed(identifier: str) -> str:
    """Address of a PubMed identifier."""
    return f"https://pubmed.ncbi.nlm.nih.gov/{identifier}/"


def address(row: Mapping) -> str:
    """Where a source can be read: by DOI, PubMed or its own address; empty where by none."""
    if row["doi"]:
        return doi(row["doi"])
    return pubmed(row["pmid"]) if row["pmid"] else row["url"] or ""


def source(data: Dataset, row: Mapping | None) -> Source | None:
    """A source as readers see it; None where there is none."""
    if row is None:
        return None
    return Source(row["title"], address(row), label(data, "source_kind", row["kind"]))


def registration(number: str) -> Link:
    """A registration number with the address of its record, where its registry has one.

    >>> registration("NCT01234567").href
    'https://clinicaltrials.gov/study/NCT01234567'
    """
    for form, pattern in _REGISTRIES:
        if found := form.match(number):
            return Link(number, pattern.format(found[form.groups]))
    return Link(number)
