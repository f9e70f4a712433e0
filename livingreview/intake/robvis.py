"""Judgements of risk of bias as robvis takes them: a row for each study, or for each judgement.

Wide tables have the columns ``Study``, ``D1`` … and ``Overall`` (``Weight`` is passed over), or the
names of domains in place of ``D1``; long ones ``Study``, ``Domain`` and ``Judgement``. The tool is
told by the number of domains and the words of the judgements, where they leave no doubt.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import date
from pathlib import Path

from ..data.accuracy import EXPECTED, WHAT
from ..data.problems import DataError
from ..data.tables import BY_NAME
from .incoming import IntakeError, Row
from .poolfile.asking import Reading
from .poolfile.cells import absent
from .poolfile.columns import plain
from .poolfile.grid import Grid
from .poolfile.opening import opened
from .revman import SOURCE_KIND, study_id

ACCURACY = "quadas-2"
# Of each tool its domains, in the order in which their guidance numbers them.
DOMAINS = {
    "rob2": ("randomisation process", "deviations from intended interventions",
             "missing outcome data", "measurement of the outcome",
             "selection of the reported result"),
    "robins-i": ("confounding", "selection of participants", "classification of interventions",
                 "deviations from intended interventions", "missing data",
                 "measurement of outcomes", "selection of the reported result"),
    ACCURACY: ("patient selection", "index test", "reference standard", "flow and timing"),
    "rob1": ("random sequence generation", "allocation concealment",
             "blinding of participants and personnel", "blinding of outcome assessment",
             "incomplete outcome data", "selective reporting", "other bias"),
}
_JUDGEMENTS = {
    "low": "low", "lowrisk": "low", "someconcerns": "some-concerns", "someconcern": "some-concerns",
    "high": "high", "highrisk": "high", "unclear": "unclear", "unclearrisk": "unclear",
    "moderate": "moderate", "serious": "serious", "critical": "critical",
    "noinformation": "no-information"}
_INITIALS = {  # robvis reads the first letter alone, by tool
    "rob2": {"l": "low", "s": "some-concerns", "h": "high"},
    "robins-i": {"l": "low", "m": "moderate", "s": "serious", "c": "critical"},
    **dict.fromkeys((ACCURACY, "rob1"), {"l": "low", "u": "unclear", "h": "high"})}
JUDGED = frozenset(_JUDGEMENTS.values())  # our words of judgements
_OF_ROBINS = {"moderate", "serious", "critical"}
_STUDY = ("study", "studyid", "studyname", "studlab", "trial")


def header_of(file: Path) -> list[str]:
    """The header of a table; empty where it is none."""
    try:
        return opened(file, Reading()).header
    except DataError:
        return []


def is_one(header: list[str]) -> bool:
    """Whether a header is that of such a table."""
    names = {plain(name) for name in header}
    if {"tool", "sourceid"} <= names:  # the table of a data folder
        return False
    long = {"domain", "judgement"} <= names or {"domain", "judgment"} <= names
    return bool(names & set(_STUDY)) and (long or bool(
        [name for name in names if re.fullmatch(r"d\d+", name)]) or "overall" in names)


def rows(file: Path, tool: str, known: Collection[str], today: date | None = None
         ) -> tuple[list[Row], list[str]]:
    """The judgements of a file, and what of it is not imported.

    Parameters
    ----------
    file : Path
    tool : str
        A word of the list of tools; empty where the table is to tell.
    known : collection of str
        Identifiers of the studies that the folder has.
    today : date, optional

    Raises
    ------
    IntakeError
        When it cannot be read, or does not tell the tool.
    """
    try:
        grid = opened(file, Reading())
    except DataError as error:
        raise IntakeError(str(error).splitlines()) from error
    found = list(_judged(grid))
    tool = tool or _tool(file, found)
    source = f"{study_id(file.stem)}-risk-of-bias"
    out, passed = [], grid.left_out(lambda row: f"{file.name}:{row}")
    if tool == ACCURACY:
        passed.append(f"{file.name}: QUADAS-2 judges studies of {WHAT}: the judgements are taken, "
                      f"but such studies are not pooled here: expected {EXPECTED}")
    for line, study, domain, text in found:
        place, judgement = f"{file.name}:{line}", _judgement(tool, text)
        identifier = study_id(study)
        if identifier not in known:
            passed.append(f"{place}: {study}: the folder has no study "
                          f"{identifier or 'of this name'}")
        elif judgement is None:
            passed.append(f"{place}: {study}: {domain}: "
                          + ("not judged" if absent(text) else
                             f"{text}: no judgement that is known, expected one of "
                             f"{', '.join(sorted(JUDGED))}"))
        else:
            out.append(Row(BY_NAME["risk_of_bias"], {
                "study_id": identifier, "tool": tool, "domain": _domain(tool, domain),
                "judgement": judgement, "source_id": source}, place, {"judgement": domain}))
    if out:
        out.insert(0, Row(BY_NAME["sources"], {
            "source_id": source, "kind": SOURCE_KIND, "title": f"Risk of bias table {file.name}",
            "accessed": (today or date.today()).isoformat()}, file.name, made=True))
    return out, list(dict.fromkeys(passed))


def _judged(grid: Grid) -> Iterator[tuple[int, str, str, str]]:
    """Line, study, domain and judgement of each judgement."""
    names = [plain(name) for name in grid.header]
    study = next(i for i, name in enumerate(names) if name in _STUDY)
    if "domain" in names:
        domain = names.index("domain")
        judgement = next(i for i, name in enumerate(names) if name in ("judgement", "judgment"))
        for line, cells in grid.rows:
            yield line, cells[study], cells[domain], cells[judgement]
        return
    for line, cells in grid.rows:
        for i, (name, cell) in enumerate(zip(grid.header, cells, strict=True)):
            if i != study and names[i] not in ("weight", ""):
                yield line, cells[study], name, cell


def _tool(file: Path, found: list[tuple[int, str, str, str]]) -> str:
    """The tool that domains and judgements tell."""
    domains = {plain(domain) for *_, domain, _ in found} - {"overall"}
    words = {_JUDGEMENTS.get(plain(text)) for *_, text in found} - {None}
    numbered = all(re.fullmatch(r"d\d+", domain) for domain in domains)
    if words & _OF_ROBINS:
        return "robins-i"
    if numbered and len(domains) == 7 and "unclear" in words:
        return "rob1"
    if numbered and "unclear" not in words and len(domains) == 5 and "some-concerns" in words:
        return "rob2"
    if numbered and len(domains) == 4:
        return ACCURACY
    judged = ", ".join(sorted(words)) or "in other words"
    counted = f"{len(domains)} domain{'s' * (len(domains) != 1)}"
    raise IntakeError([f"{file.name}: {counted} judged {judged}: the tool does not show, "
                       f"name it by --tool, as {' or '.join(DOMAINS)}"], 2)


def _judgement(tool: str, text: str) -> str | None:
    """Our word of a judgement, which may be its first letter where the tool has one of it."""
    word = plain(text)
    if word in ("n", "ni") and tool in _INITIALS:
        return "no-information"
    return _JUDGEMENTS.get(word) or _INITIALS.get(tool, {}).get(word)


def _domain(tool: str, text: str) -> str:
    """The name of a domain, where it is numbered."""
    number, names = re.fullmatch(r"d(\d+)", plain(text)), DOMAINS.get(tool, ())
    if number and 0 < int(number[1]) <= len(names):
        return names[int(number[1]) - 1]
    return re.sub(r"[\s._]+", " ", text).strip().lower()
