"""The form PubMed of PubMed (.nbib): tags of MEDLINE, with a hanging indent."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

from ..record import Record, registrations_in, year_of
from .shape import clean, doi_in, family_of, kind_of, named
from .text import FileError, lines_of

_LINE = re.compile(r"([A-Z]{2,4}) *- ?(.*)")
_STARTS = re.compile(r"^PMID *- ?\d", re.MULTILINE)
_NOT_SIGNALS = ("Journal Article",)


def looks_so(text: str) -> bool:
    """Whether a text is in the form PubMed."""
    return bool(_STARTS.search(text))


def read(text: str, name: str, source: str) -> list[Record]:
    """The records of a file of PubMed.

    Parameters
    ----------
    text : str
    name : str
        Of the file, for errors.
    source : str
        Of the list search_source.

    Raises
    ------
    FileError
        When the file is cut or a line is none of the form.
    """
    found, problems, tag = [], [], ""
    for number, line in enumerate(lines_of(text), 1):
        parts = _LINE.match(line)
        if line.startswith("      ") and tag:
            found[-1][1][tag][-1] += " " + line.strip()
        elif parts and (parts[1] == "PMID" or found):
            tag = parts[1]
            if tag == "PMID":
                found.append((number, defaultdict(list)))
            found[-1][1][tag].append(parts[2].strip())
        elif line.strip():
            problems.append((number, "neither a tag of PubMed nor the rest of one, expected "
                             "PMID- or a tag of four characters and a dash"))
    if found and tag != "SO":
        problems.append((found[-1][0], "the last record does not end with SO, as PubMed ends "
                         "each: the file is cut"))
    records = []
    for number, values in found:
        record = _record(values, source)
        if re.fullmatch(r"[1-9]\d{0,8}", record.pmid) and named(record):
            records.append(record)
        else:
            problems.append((number, f"PMID {record.pmid!r}, expected a number"))
    if problems:
        raise FileError(f"{name}:{line}: {what}" for line, what in sorted(problems))
    return records


def _record(values: Mapping[str, list[str]], source: str) -> Record:
    def one(*tags: str) -> str:
        return next((clean(v) for tag in tags for v in values.get(tag, ())), "")

    pmid, title, types = one("PMID"), one("TI", "BTI", "TT"), values.get("PT", [])
    doi = doi_in(*(v for v in (*values.get("LID", ()), *values.get("AID", ()))
                   if v.endswith("[doi]")))
    return Record(
        source, pmid, kind_of(types, title, doi), title.strip("[]").rstrip("."),
        family_of(one("FAU") or one("AU", "CN")),
        year_of(one("DP")) or year_of(one("DEP")), one("JT", "TA"), one("VI"), one("PG"), doi,
        pmid, registrations_in(*values.get("SI", ()), one("AB"), title), one("AB"),
        signals=tuple(t for t in types if t not in _NOT_SIGNALS))
