"""Registrations from ICTRP: its XML, and the fields that its CSV has under other names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import unescape
from io import BytesIO

from lxml import etree

from ...data.declaring import REGISTRATION
from ..record import Record, registrations_in
from .shape import clean, named, number_of
from .text import FileError

ROOT, TRIAL = "Trials_downloaded_from_ICTRP", "Trial"
_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>")
_BREAK = re.compile(r"<br\s*>", re.IGNORECASE)
_LINE_END = re.compile(r"(?:&#x0*D;|&#13;|\r)", re.IGNORECASE)
_EUCTR = re.compile(r"\bEUCTR(\d{4}-\d{6}-\d{2})")
_DATES = (re.compile(r"(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)"),  # Date_registration3
          re.compile(r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})(?:[T ].*)?"),
          re.compile(r"(?P<d>\d{1,2})/(?P<m>\d{1,2})/(?P<y>\d{4})(?: .*)?"))


def looks_so(text: str) -> bool:
    """Whether a text is XML of ICTRP; a file cut in its first tag is none."""
    return bool(re.match(rf"\s*(?:<\?xml[^>]*\?>)?\s*(?:<!--.*?-->\s*)*(?:<!DOCTYPE.*?>\s*)?"
                         rf"<{ROOT}\b", text, re.DOTALL))


def read(text: str, name: str, source: str) -> list[Record]:
    """The registrations of an XML file of ICTRP.

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
        When the XML is cut or broken, declares a document type or entities, or a trial has no
        number or title.
    """
    if found := re.search(r"<!(DOCTYPE|ENTITY)", text):
        line = text.count("\n", 0, found.start()) + 1
        raise FileError([f"{name}:{line}: a {found[1]}, which no export of ICTRP has: the file "
                         "is not taken"])
    body = _BREAK.sub(" ", _DECLARATION.sub("", text, count=1))
    before = text.count("\n", 0, len(text) - len(_DECLARATION.sub("", text, count=1)))
    problems, records = [], []
    for line, values in _trials(body, name, before):
        record = record_of(values, source)
        if not record.number or not named(record):
            problems.append(f"{name}:{line}: a {TRIAL} without "
                            f"{'TrialID' if not record.number else 'title'}, expected both")
        elif not record.title:
            problems.append(f"{name}:{line}: {record.number} has neither Public_title nor "
                            "Scientific_title, expected one of them")
        elif record.year is None and (said := _said_date(values)):
            problems.append(f"{name}:{line}: {record.number}: registered on {said!r}, expected "
                            "YYYYMMDD, YYYY-MM-DD or dd/mm/yyyy")
        else:
            records.append(record)
    if problems:
        raise FileError(problems)
    return records


def _trials(body: str, name: str, before: int) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, fields) of each trial; the tree does not grow with the file."""
    last, at = 0, ""
    events = etree.iterparse(BytesIO(body.encode()), events=("end",), tag=TRIAL,
                             resolve_entities=False, no_network=True, huge_tree=False,
                             load_dtd=False, recover=False)
    try:
        for _, trial in events:
            values = {child.tag: " ".join(child.itertext()) for child in trial
                      if isinstance(child.tag, str)}
            last, at = last + 1, values.get("TrialID", "").strip()
            yield trial.sourceline + before, values
            trial.clear()
            while trial.getprevious() is not None:
                del trial.getparent()[0]
    except etree.XMLSyntaxError as error:
        line, column = error.position
        cut = f"</{ROOT}>" not in body
        what = (f"the file is cut: it ends before </{ROOT}>" if cut else
                f"no XML ({error.msg.split(', line')[0]})")
        raise FileError([f"{name}:{line + before}: column {column}: {what}; the last whole "
                         f"{TRIAL} is number {last}" + (f" ({at})" if at else "")]) from error


def record_of(values: Mapping[str, str], source: str) -> Record:
    """A registration from its fields, by the names of the XML."""
    def field(name: str) -> str:
        return clean(_LINE_END.sub(" ", unescape(unescape(values.get(name) or ""))))

    number = number_of(field("TrialID"))
    date = date_of(field("Date_registration3")) or date_of(field("Date_registration"))
    others = [_EUCTR.sub(r"EudraCT \1", field(n))
              for n in ("TrialID", "Secondary_ID", "SecondaryIDs", "other_records")]
    own = registrations_in(others[0]) or (
        (number,) if re.fullmatch(REGISTRATION, number) else ())
    results = field("results_yes_no") or field("results_url_link")
    signals = (field("Source_Register"), field("Study_type"), field("Recruitment_Status"),
               "results" if results and results.lower() not in ("no", "n") else "")
    return Record(
        source, number, "registration", field("Scientific_title") or field("Public_title"),
        family_of_contact(values), int(date[:4]) if date else None,
        registrations=tuple(dict.fromkeys((*own, *registrations_in(*others[1:])))),
        abstract="\n".join(f"{n}: {said}" for n in
                           ("Condition", "Intervention", "Primary_outcome", "Study_design",
                            "Target_size", "Countries") if (said := field(n))),
        signals=tuple(s for s in signals if s))


def family_of_contact(values: Mapping[str, str]) -> str:
    """The family name of the person to ask; registers fill it with addresses and lists too."""
    name = clean(values.get("Contact_Lastname"))
    return name if re.fullmatch(r"[^\W\d_][^\W\d_' -]*(?:[' -][^\W\d_]+)*", name) else ""


def date_of(text: str) -> str:
    """A day as YYYY-MM-DD, from the ways in which ICTRP writes it; empty for another."""
    for form in _DATES:
        found = form.fullmatch(text.strip())
        if found and 1 <= int(found["m"]) <= 12 and 1 <= int(found["d"]) <= 31:
            return f"{found['y']}-{int(found['m']):02d}-{int(found['d']):02d}"
    return ""


def _said_date(values: Mapping[str, str]) -> str:
    return clean(values.get("Date_registration3")) or clean(values.get("Date_registration"))
