"""The data package of a Cochrane review (RevMan Web), with a list of what its analyses are.

Accepted is a ZIP archive with these CSV files, in any folder, each named after the review:

- ``…-data-rows.csv``: a row per study, analysis and subgroup, with the columns `Analysis group`,
  `Analysis number`, `Study`, `Study year`, `Experimental mean`, `Experimental SD`,
  `Experimental cases`, `Experimental N`, the same for `Control`, `GIV SE`, `Mean`, `Subgroup` and
  `Footnotes`;
- ``…-overall-estimates-and-settings.csv``: a row per analysis, with `Analysis group name`,
  `Analysis name`, `Data type` (Dichotomous, Continuous, Contrast level), `Effect measure`,
  `Experimental group label`, `Control group label` and `Swap event and non-event`;
- ``…-risk-of-bias.csv``, where it is there: `Study` and columns ``Domain (judgement): …``.

These names are those that the function `read.cdir` of R's package meta reads; an archive
``…-data.zip`` inside the archive is opened, as there. Everything else in the package is passed by,
and so are its analyses of observed minus expected events, its diagnostic analyses, and analyses in
which events and non-events are swapped.

The package has no words of ours for outcomes, visits, scales and arms, and none is guessed: the
first call writes a list of its analyses and their subgroups, the user fills in what each is, and
what is left empty is not imported. A line that is copied and names a study in `only_study` says
what the analysis is for that study alone.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
import zipfile
import zlib
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from ..tables import BY_NAME
from .incoming import IntakeError, Row, comma_separated
from .opening import csv_records

SOURCE_KIND = "review-table"
SETTINGS, ROWS, BIAS = ("overall-estimates-and-settings", "data-rows", "risk-of-bias")
_JUDGEMENT = "Domain (judgement): "
_SHOWN = ("analysis", "comparison", "name", "data_type", "effect_measure", "experimental",
          "control", "subgroup", "studies")
_FILLED = ("only_study", "outcome", "event", "count", "instrument", "scale_min", "scale_max",
           "better", "timepoint_months", "statistic", "measure", "experimental_arm",
           "control_arm", "comparator_type", "tool")
# Letters that Unicode does not divide into one of ASCII and a mark.
_LETTERS = str.maketrans({"ø": "o", "ß": "ss", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ı": "i"})
_BIAS_LINE = "risk-of-bias"  # stands in the list for the judgements
_OUTCOME = {"mean": "mean", "sd": "SD", "n": "N"}
_SIDES = (("Experimental", "experimental_arm", "intervention"),
          ("Control", "control_arm", "comparator"))


@dataclass(frozen=True)
class _Table:
    """One CSV file of the package."""

    name: str
    records: list[tuple[int, dict[str, str]]]


@dataclass
class Package:
    """A data package.

    Attributes
    ----------
    review : str
        Number of the review, as CD000001.
    settings, rows : list
        By line, the rows of the two files.
    bias : list
    """

    review: str
    settings: _Table
    rows: _Table
    bias: _Table | None = None
    passed: list[str] = field(default_factory=list)


def read(file: Path) -> Package:
    """Open a package.

    Raises
    ------
    IntakeError
        When it is no such package.
    """
    try:
        content = file.read_bytes()
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            inner = next((n for n in archive.namelist() if n.endswith("-data.zip")), None)
            content = archive.read(inner) if inner else content
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = {Path(n).name: n for n in archive.namelist() if n.endswith(".csv")}
            found = {ending: _table(archive, names, ending)
                     for ending in (SETTINGS, ROWS, BIAS)}
    except (zipfile.BadZipFile, zlib.error, RuntimeError) as error:  # the last one: a password
        raise IntakeError([f"{file.name}: this ZIP archive cannot be read ({error})"]) from error
    missing = [f"…-{ending}.csv" for ending in (SETTINGS, ROWS) if found[ending] is None]
    if missing:
        raise IntakeError([f"{file.name}: no {' and no '.join(missing)} in it: expected the data "
                           "package of a review of interventions"])
    review = found[ROWS].name.removesuffix(f"-{ROWS}.csv")
    return Package(review, found[SETTINGS], found[ROWS], found[BIAS])


def _table(archive: zipfile.ZipFile, names: dict[str, str], ending: str) -> _Table | None:
    """The file of that ending; None where it is not there."""
    name = next((n for n in sorted(names) if n.endswith(f"-{ending}.csv")), None)
    if name is None:
        return None
    records = list(csv_records(archive.read(names[name]), name))
    header = records[0][1] if records else []
    return _Table(name, [
        (line, {k: "" if v == "#N/A" else v.strip() for k, v in zip(header, cells, strict=False)})
        for line, cells in records[1:]])


def _analysis(row: dict[str, str]) -> str:
    return f"{row.get('Analysis group', '')}.{row.get('Analysis number', '')}"


def _parts(package: Package) -> dict[tuple[str, str], set[str]]:
    """The studies of each analysis and subgroup, in the order of the settings."""
    parts = {_analysis(row): {} for _, row in package.settings.records}
    for _, row in package.rows.records:
        if _analysis(row) in parts:
            parts[_analysis(row)].setdefault(row.get("Subgroup", ""), set()).add(
                study_id(row.get("Study", "")))
    return {(analysis, subgroup): studies for analysis, found in parts.items()
            for subgroup, studies in (found or {"": set()}).items()}


def list_text(package: Package) -> str:
    """The list of analyses that the user fills in, as CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [*_SHOWN, *_FILLED], restval="", lineterminator="\n")
    writer.writeheader()
    settings = {_analysis(row): row for _, row in package.settings.records}
    for (analysis, subgroup), studies in _parts(package).items():
        row = settings[analysis]
        writer.writerow({
            "analysis": analysis, "comparison": row.get("Analysis group name"),
            "name": row.get("Analysis name"), "data_type": row.get("Data type"),
            "effect_measure": row.get("Effect measure"),
            "experimental": row.get("Experimental group label"),
            "control": row.get("Control group label"),
            "subgroup": subgroup, "studies": len(studies)})
    if package.bias:
        studies = {study_id(row.get("Study", "")) for _, row in package.bias.records}
        writer.writerow({"analysis": _BIAS_LINE, "name": "judgements, by domain",
                         "studies": len(studies)})
    return text.getvalue()


def rows(package: Package, filled: Path, today: date | None = None) -> list[Row]:
    """The rows of the analyses and subgroups that the list says what they are.

    Parameters
    ----------
    package : Package
        `passed` gets a line for everything that is not imported.
    filled : Path
        The list, filled in.
    today : date, optional
        Day on which the package was read.

    Raises
    ------
    IntakeError
        With every line of the list that lacks something, or when nothing is filled in.
    """
    settings = {_analysis(row): row for _, row in package.settings.records}
    parts = _parts(package)
    wanted, tool, problems = {}, "", []
    records = list(csv_records(filled.read_bytes(), filled.name))
    header = records[0][1] if records else []
    comma_separated(header, f"{filled.name}:1")
    for line, cells in records[1:]:
        entry = {k: v.strip() for k, v in zip(header, cells, strict=False)}
        analysis = entry.get("analysis", "")
        part = analysis, entry.get("subgroup", "")
        study = study_id(entry.get("only_study", ""))
        if analysis == _BIAS_LINE:
            tool = entry.get("tool", "")
        elif part not in parts:
            problems.append(f"{filled.name}:{line}: {_named(part)!r} is not in the package")
        elif entry.get("outcome") or entry.get("event"):
            wrong = _wrong(entry, settings[analysis])
            if entry.get("only_study") and study not in parts[part]:
                wrong.append(f"{entry['only_study']} is no study of it")
            if (*part, study) in wanted:
                wrong.append("another line says what it is: expected one line")
            problems += [f"{filled.name}:{line}: {_named(part)}: {text}" for text in wrong]
            wanted[*part, study] = entry
    if not (problems or wanted):
        problems = [f"{filled.name} says of no analysis what it is: fill in at least one line"]
    if problems:
        raise IntakeError(problems)
    said = {(analysis, subgroup) for analysis, subgroup, _ in wanted}
    package.passed += [f"{_named(part)}: the list does not say what it is"
                       for part in parts if part not in said]
    return _made(package, wanted, settings, tool, today or date.today())


def _named(part: tuple[str, str]) -> str:
    analysis, subgroup = part
    return f"analysis {analysis}" + (f", subgroup {subgroup}" if subgroup else "")


def _wrong(entry: dict[str, str], settings: dict[str, str]) -> list[str]:
    """What a line of the list lacks, or why its analysis cannot be taken."""
    kind, out = settings.get("Data type"), []
    needed = ["experimental_arm", "control_arm"]
    if kind == "Contrast level":
        needed += ["measure", "better"]
    elif kind == "Continuous":
        needed += ["statistic", "better"]
    elif kind != "Dichotomous":
        out.append(f"data of the type {kind!r} are not taken")
    if settings.get("Swap event and non-event", "").upper() in ("TRUE", "YES"):
        out.append("its events and non-events are swapped: such an analysis is not taken")
    if entry.get("outcome") and entry.get("event"):
        out.append("it names an outcome and an event: expected one of them")
    if entry.get("event") and kind != "Dichotomous":
        out.append("an event needs counts")
    if entry.get("event"):
        needed.append("count")
    return out + [f"{name} is empty" for name in needed if not entry.get(name)]


def study_id(name: str) -> str:
    """Identifier of a study from its name in the package, as Doe 2020: doe-2020."""
    plain = unicodedata.normalize("NFKD", name.lower().translate(_LETTERS))
    # Marks and invisible characters fall away; everything else, hyphens of every kind among it,
    # divides words.
    plain = "".join(c for c in plain if unicodedata.category(c) not in ("Mn", "Cf"))
    return "-".join(re.findall("[a-z0-9]+", plain))


def _made(package: Package, wanted: dict, settings: dict, tool: str, today: date) -> list[Row]:
    """Rows of every table from the rows of the package."""
    source, out = f"{package.review.lower()}-data-package", []
    for line, row in package.rows.records:
        place, study = f"{package.rows.name}:{line}", study_id(row.get("Study", ""))
        part = _analysis(row), row.get("Subgroup", "")
        entry = wanted.get((*part, study)) or wanted.get((*part, ""))
        if entry is None:
            if any(part == (analysis, subgroup) for analysis, subgroup, _ in wanted):
                package.passed.append(f"{place}: {row.get('Study')}: the list names other studies")
            continue
        common = {"study_id": study, "source_id": source}
        values = _values(settings[_analysis(row)], row, entry)
        if not values:
            package.passed.append(f"{place}: {row.get('Study')}: no values")
            continue
        out.append(_row("studies", {**common, "year": row.get("Study year", "")}, place,
                        {"study_id": "Study", "year": "Study year"}, made=True))
        out += [_row("arms", {**common, "arm_id": entry[arm], "role": role, "comparator_type":
                              entry.get("comparator_type", "") if role == "comparator" else ""},
                     place, made=True) for _, arm, role in _SIDES]
        where = "; ".join(filter(None, (f"analysis {_analysis(row)}", row.get("Subgroup", ""))))
        note = row.get("Footnotes", "")
        out += [_row(table, {**common, "locator": where, "note": note and f"footnote: {note}",
                             **cells}, place, names) for table, cells, names in values]
    if tool and package.bias:
        out += _judgements(package, {r.values["study_id"] for r in out
                                     if r.table.name == "studies"}, source, tool)
    if not out:
        return []
    return [_row("sources", {"source_id": source, "kind": SOURCE_KIND, "accessed":
                             today.isoformat(), "title": f"Data package of {package.review}"},
                 package.rows.name, made=True), *out]


def _row(table: str, values: dict[str, str], place: str, names=None, made: bool = False) -> Row:
    return Row(BY_NAME[table], values, place, names or {}, made)


def _values(settings: dict, row: dict, entry: dict) -> list[tuple[str, dict, dict]]:
    """(table, cells, names of the reader's columns) of one row; none where it has no numbers."""
    same = {name: entry.get(name, "") for name in ("outcome", "instrument", "timepoint_months")}
    if settings["Data type"] == "Contrast level":
        return _contrast(row, entry, same)
    out = []
    for side, arm, _ in _SIDES:
        if settings["Data type"] == "Continuous":
            names = {ours: f"{side} {theirs}" for ours, theirs in _OUTCOME.items()}
            more = {name: entry.get(name, "") for name in
                    ("scale_min", "scale_max", "better", "statistic")}
        else:
            names = {"events": f"{side} cases", "total": f"{side} N"}
            more = {"better": entry.get("better", ""),
                    "statistic": entry.get("statistic") or "final"}
        cells = {ours: row.get(theirs, "") for ours, theirs in names.items()}
        if not all(cells.values()):
            return []
        if entry.get("event"):
            out.append(("adverse_events", {"arm_id": entry[arm], "event": entry["event"],
                                           "count": entry["count"],
                                           "months": entry.get("timepoint_months", ""), **cells},
                        names))
        else:
            out.append(("outcomes", {"arm_id": entry[arm], **same, **more, **cells}, names))
    return out


def _contrast(row: dict, entry: dict, same: dict) -> list[tuple[str, dict, dict]]:
    """An effect between the arms as the package prints it, ratios on their own scale."""
    names = {"estimate": "Mean", "se": "GIV SE"}
    cells = {ours: row.get(theirs, "") for ours, theirs in names.items()}
    if not all(cells.values()):
        return []
    try:
        size = float(cells["estimate"])
    except ValueError:
        size = None  # the check names the cell
    no_effect = 1 if entry["measure"] in ("RR", "OR", "HR") else 0
    favours = ""
    if size is not None and entry["better"] in ("lower", "higher"):
        favours = "neither" if size == no_effect else (
            "cells" if (size < no_effect) == (entry["better"] == "lower") else "comparator")
    return [("contrasts", {**same, "arm_intervention": entry["experimental_arm"],
                           "arm_comparator": entry["control_arm"], "measure": entry["measure"],
                           "scale_max": entry.get("scale_max", ""), "favours": favours, **cells},
             names)]


def _judgements(package: Package, studies: set[str], source: str, tool: str) -> list[Row]:
    """Judgements of the studies whose values are imported.

    A domain that is judged in several ways, result by result, is passed by.
    """
    found = defaultdict(list)
    for line, row in package.bias.records:
        if (study := study_id(row.get("Study", ""))) in studies:
            for name, cell in row.items():
                if name.startswith(_JUDGEMENT) and cell:
                    found[study, name].append((f"{package.bias.name}:{line}", cell))
    out = []
    for (study, name), cells in found.items():
        place, judgement = cells[0]
        if len({cell for _, cell in cells}) > 1:
            package.passed.append(f"{study}: {name}: judged in several ways: " + ", ".join(
                f"{cell} ({at})" for at, cell in cells))
            continue
        out.append(_row("risk_of_bias", {
            "study_id": study, "tool": tool, "domain": name.removeprefix(_JUDGEMENT),
            "judgement": judgement, "source_id": source}, place, {"judgement": name}))
    return out
