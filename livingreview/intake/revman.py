"""The data package of a Cochrane review (RevMan Web), with a list of what its analyses are.

Accepted is a ZIP archive with these CSV files, in any folder, each named after the review:

- ``…-data-rows.csv``: a row per study and analysis, with the columns `Analysis group`,
  `Analysis number`, `Study`, `Study year`, `Experimental mean`, `Experimental SD`,
  `Experimental cases`, `Experimental N`, the same for `Control`, `GIV SE`, `Mean`, `Subgroup` and
  `Footnotes`;
- ``…-overall-estimates-and-settings.csv``: a row per analysis, with `Analysis group name`,
  `Analysis name`, `Data type` (Dichotomous, Continuous, Contrast level), `Effect measure`,
  `Experimental group label`, `Control group label` and `Swap event and non-event`;
- ``…-risk-of-bias.csv``, where it is there: `Study` and columns ``Domain (judgement): …``.

These names are those that the function `read.cdir` of R's package meta reads. Everything else in
the package is passed by, and so are its analyses of observed minus expected events, its
diagnostic analyses, and analyses in which events and non-events are swapped.

The package has no words of ours for outcomes, visits, scales and arms, and none is guessed: the
first call writes a list of its analyses, the user fills in what each is, and an analysis that is
left empty is not imported.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
import zipfile
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from ..tables import BY_NAME
from .incoming import IntakeError, Row
from .opening import csv_records

SOURCE_KIND = "review-table"
SETTINGS, ROWS, BIAS = ("overall-estimates-and-settings", "data-rows", "risk-of-bias")
_JUDGEMENT = "Domain (judgement): "
_SHOWN = ("analysis", "comparison", "name", "data_type", "effect_measure", "experimental",
          "control", "subgroups", "studies")
_FILLED = ("outcome", "event", "count", "instrument", "scale_min", "scale_max", "better",
           "timepoint_months", "statistic", "measure", "experimental_arm", "control_arm",
           "comparator_type", "tool")
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
        with zipfile.ZipFile(file) as archive:
            names = {Path(n).name: n for n in archive.namelist() if n.endswith(".csv")}
            found = {ending: _table(archive, names, ending)
                     for ending in (SETTINGS, ROWS, BIAS)}
    except zipfile.BadZipFile as error:
        raise IntakeError([f"{file.name}: this is no ZIP archive"]) from error
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


def list_text(package: Package) -> str:
    """The list of analyses that the user fills in, as CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [*_SHOWN, *_FILLED], restval="", lineterminator="\n")
    writer.writeheader()
    for _, row in package.settings.records:
        mine = [r for _, r in package.rows.records if _analysis(r) == _analysis(row)]
        writer.writerow({
            "analysis": _analysis(row), "comparison": row.get("Analysis group name"),
            "name": row.get("Analysis name"), "data_type": row.get("Data type"),
            "effect_measure": row.get("Effect measure"),
            "experimental": row.get("Experimental group label"),
            "control": row.get("Control group label"),
            "subgroups": "; ".join(dict.fromkeys(
                r["Subgroup"] for r in mine if r.get("Subgroup"))),
            "studies": len({r.get("Study") for r in mine})})
    if package.bias:
        writer.writerow({"analysis": _BIAS_LINE, "name": "judgements, by domain",
                         "studies": len(package.bias.records)})
    return text.getvalue()


def rows(package: Package, filled: Path, today: date | None = None) -> list[Row]:
    """The rows of the analyses that the list says what they are.

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
        With every line of the list that lacks something.
    """
    settings = {_analysis(row): row for _, row in package.settings.records}
    wanted, tool, problems = {}, "", []
    records = list(csv_records(filled.read_bytes(), filled.name))
    header = records[0][1] if records else []
    for line, cells in records[1:]:
        entry = dict(zip(header, cells, strict=False))
        name = entry.get("analysis", "")
        if name == _BIAS_LINE:
            tool = entry.get("tool", "")
        elif name not in settings:
            problems.append(f"{filled.name}:{line}: {name!r} is no analysis of the package")
        elif entry.get("outcome") or entry.get("event"):
            wrong = _wrong(entry, settings[name])
            problems += [f"{filled.name}:{line}: analysis {name}: {text}" for text in wrong]
            wanted[name] = entry
    if problems:
        raise IntakeError(problems)
    package.passed += [f"analysis {name}: the list does not say what it is"
                       for name in settings if name not in wanted]
    return _made(package, wanted, settings, tool, today or date.today())


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
    plain = plain.encode("ascii", "ignore").decode()
    return "-".join(re.findall("[a-z0-9]+", plain))


def _made(package: Package, wanted: dict, settings: dict, tool: str, today: date) -> list[Row]:
    """Rows of every table from the rows of the package."""
    source = f"{package.review.lower()}-data-package"
    out = [_row("sources", {"source_id": source, "kind": SOURCE_KIND, "accessed":
                            today.isoformat(), "title": f"Data package of {package.review}"},
                package.rows.name, made=True)]
    for line, row in package.rows.records:
        entry = wanted.get(_analysis(row))
        if entry is None:
            continue
        place, study = f"{package.rows.name}:{line}", study_id(row.get("Study", ""))
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
        out += _judgements(package.bias, {r.values["study_id"] for r in out
                                          if r.table.name == "studies"}, source, tool)
    return out


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


def _judgements(bias: _Table, studies: set[str], source: str, tool: str) -> list[Row]:
    """Judgements of the studies whose values are imported."""
    return [_row("risk_of_bias", {"study_id": study, "tool": tool, "domain":
                                  name.removeprefix(_JUDGEMENT), "judgement": cell,
                                  "source_id": source},
                 f"{bias.name}:{line}", {"judgement": name})
            for line, row in bias.records if (study := study_id(row.get("Study", ""))) in studies
            for name, cell in row.items() if name.startswith(_JUDGEMENT) and cell]
