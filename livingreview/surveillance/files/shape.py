"""What the forms share: parts of a record as exports write them."""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Iterable, Iterator

from ..record import Record, doi_of

_DOI_IN = re.compile(r"\b10\.\d{4,9}/[^\s\"<>\[\]]+", re.IGNORECASE)
_PMID_IN = re.compile(r"(?:\bPMID[:\s]*|\bPUBMED[:\s]+|pubmed\.ncbi\.nlm\.nih\.gov/|"
                      r"ncbi\.nlm\.nih\.gov/pubmed/)([1-9]\d{0,8})\b", re.IGNORECASE)
# What follows a DOI in an address of the article's page.
_AFTER_DOI = re.compile(r"(?:/(?:full|abstract|e?pdf|meta|html))?(?:[?#].*|&\w+=.*)?$")
# What a remark says where the numbers in it are those of another report.
_REMARK = re.compile(r"\b(?:comment|reply|response|erratum|errata|corrigend\w+|correction"
                     r"|retraction|retracted|update|republished|expression of concern|cites|cited"
                     r"|references?|original (?:article|report)|see also)\b", re.IGNORECASE)
# Numbers of CENTRAL's own pages, no number of an article.
_OWN_DOI = ("10.1002/central",)
_TAG = re.compile(r"</?[a-zA-Z][a-zA-Z0-9]*(?:\s[^<>]*)?/?>")
# The first that a type of publication names is the kind.
_KINDS = (
    ("notice", re.compile(r"erratum|corrigend|correction|retraction|expression of concern|"
                          r"reinstatement|withdrawal notice", re.IGNORECASE)),
    ("registration", re.compile(r"trial regist|clinical trial record|study regist", re.IGNORECASE)),
    ("conference-abstract", re.compile(r"conference|congress|meeting abstract|proceeding",
                                       re.IGNORECASE)),
    ("preprint", re.compile(r"preprint", re.IGNORECASE)),
    ("thesis", re.compile(r"thesis|dissertation", re.IGNORECASE)),
    ("other", re.compile(r"\bbook\b|chapter|newspaper|web ?page", re.IGNORECASE)),
)
_SUFFIX = re.compile(r",?\s+(?:Jr|Sr|I{2,3}|IV)\.?$", re.IGNORECASE)
_RETRACTED = re.compile(r"retracted publication|retracted article", re.IGNORECASE)
_PREPRINTS = ("10.1101/", "10.21203/", "10.20944/", "10.2139/ssrn")


def clean(text: str | None) -> str:
    """A text without markup, entities and padding."""
    text = text or ""
    for _ in range(2):  # some exports escape twice
        if "&" not in text:
            break
        text = html.unescape(text)
    return " ".join((_TAG.sub(" ", text) if "<" in text else text).split())


def doi_in(*texts: str | None) -> str:
    """The first DOI of an article in texts."""
    for text in texts:
        for found in _DOI_IN.finditer(text or ""):
            said = found[0]
            if text[:found.start()].rstrip().lower().endswith(("/", "doi=")) or "://" in text:
                said = _AFTER_DOI.sub("", said)
            doi = doi_of(said.removesuffix("/full"))
            if doi and not doi.startswith(_OWN_DOI):
                return doi
    return ""


def pmid_in(*texts: str | None) -> str:
    """The first number at PubMed that texts call one."""
    return next((found[1] for text in texts for found in _PMID_IN.finditer(text or "")), "")


def family_of(name: str | None) -> str:
    """The family name of an author written as "Doe, J", "Doe J.", "J. Doe" or "Jane Doe"."""
    name = clean(name)
    if "," in name:
        return name.partition(",")[0].strip()
    words = _SUFFIX.sub("", name).split()
    if len(words) < 2:
        return " ".join(words)
    initials = [bool(re.fullmatch(r"(?:[^\W\d_]\.?-?){1,3}", w)) and w == w.upper()
                for w in words]
    if initials[-1] and (not initials[0] or 1 < len(words[0]) >= len(words[-1])):
        while len(words) > 1 and initials.pop():
            words.pop()
        return " ".join(words)
    return words[-1]


def kind_of(types: Iterable[str], title: str = "", doi: str = "") -> str:
    """The kind of a record by its types of publication, its title and its DOI."""
    said = " / ".join(t for t in types if not _RETRACTED.search(t))
    for kind, form in _KINDS:
        if form.search(said):
            return kind
    if re.match(r"(?:retraction|erratum|corrigendum|correction|expression of concern)\b\s*"
                r"(?:[:.]|to\b|for\b|notice|note)", title, re.IGNORECASE):
        return "notice"
    return "preprint" if doi.startswith(_PREPRINTS) else "article"


def number_of(*candidates: str) -> str:
    """The first number that is there, as a table can hold it."""
    found = next((c.strip() for c in candidates if c and c.strip()), "")
    return "-".join(found.split()).replace(";", "%3B")


def own_remarks(*texts: str) -> Iterator[str]:
    """The texts whose DOI or PMID is the record's own, not that of what it comments on."""
    return (text for text in texts if not _REMARK.search(text))


def digest_of(*parts: object, length: int = 16) -> str:
    """Letters that stand for a text, whatever its capitals and spaces."""
    text = "\x1f".join(" ".join(str(p or "").split()).casefold() for p in parts)
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def made_number(record: Record, *candidates: str) -> str:
    """A number for a record whose source gives it none that no other record can have.

    It begins with the first candidate that is there: abstracts of a supplement share a DOI, and
    numbers that a program counts are those of other records in its next file.

    Parameters
    ----------
    record : Record
        Its own number is not looked at.
    *candidates : str
    """
    digest = digest_of(record.title, record.first_author, record.year, record.journal,
                       record.volume, record.pages, record.doi, record.pmid)
    begin = number_of(*candidates)
    return f"{begin}-{digest[:8]}" if begin else f"text-{digest}"


def named(record: Record) -> bool:
    """Whether a record says enough to be looked at by a person."""
    return bool(record.title or record.doi or record.pmid or record.registrations)
