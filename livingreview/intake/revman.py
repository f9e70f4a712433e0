"""The data package of a Cochrane review (RevMan Web), with a list of what its analyses are.

Accepted is a ZIP archive with these CSV files, in any folder, each named after the review:

- ``…-data-rows.csv``: a row per study, analysis and subgroup, with the columns `Analysis group`,
  `Analysis number`, `Study`, `Study year`, `Experimental mean`, `Experimental SD`,
  `Experimental cases`, `Experimental N`, the same for `Control`, `GIV SE`, `Mean`, `CI start`,
  `CI end`, `Subgroup` and `Footnotes`;
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

A trial that stands several times in one analysis has a line for each of its rows, which `only_row`
names by its order or its footnote; what such a line leaves empty, the line of the study or of the
analysis says. Where these lines are left empty, rows that share an arm become arms of one trial,
and the patients of the shared arm are added, unless `shared_n` says that each row has the `whole`
arm. What cannot be placed is named and not imported; the rest is.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
import zipfile
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from ..data.tables import BY_NAME
from .incoming import IntakeError, Row, comma_separated
from .opening import csv_records
from .placing import DIVIDED, WHOLE, Comparison, Said, placed

SOURCE_KIND = "review-table"
SETTINGS, ROWS, BIAS, SUBGROUPS = (
    "overall-estimates-and-settings", "data-rows", "risk-of-bias", "subgroup-estimates")
_NUMBERED = ("Analysis group", "Analysis number")
_NEEDED = {SETTINGS: (*_NUMBERED, "Data type"), ROWS: (*_NUMBERED, "Study"), BIAS: ("Study",),
           SUBGROUPS: (*_NUMBERED, "Subgroup")}  # without which nothing has its place
JUDGEMENT = "Domain (judgement): "
_SHOWN = ("analysis", "comparison", "name", "data_type", "effect_measure", "experimental",
          "control", "subgroup", "studies", "footnote")
_ONLY = ("only_study", "only_row")  # what a line speaks of, where it is not the whole analysis
_FILLED = (*_ONLY, "outcome", "event", "count", "instrument", "scale_min", "scale_max",
           "better", "timepoint_months", "statistic", "measure", "experimental_arm",
           "control_arm", "comparator_type", "shared_n", "tool")
_VISIT = ("outcome", "instrument", "timepoint_months")
# Letters that Unicode does not divide into one of ASCII and a mark.
_YEAR = re.compile(r"[\s,(]*\b(?:19|20)\d{2}[a-z]?\)?$")  # at the end of a study's name
_LETTERS = str.maketrans({"ø": "o", "ß": "ss", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ı": "i"})
_BIAS_LINE = "risk-of-bias"  # stands in the list for the judgements
_OUTCOME = {"mean": "mean", "sd": "SD", "n": "N"}
_SIDES = (("Experimental", "experimental_arm", "intervention"),
          ("Control", "control_arm", "comparator"))


@dataclass(frozen=True)
class Table:
    """One file of the package, its rows by line."""

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
    bias, subgroups : list
        Those of judgements, and of estimates of subgroups; None where there are none.
    studies : dict of str to dict
        What is said of a study itself, by its identifier.
    passed, remarks : list of str
        What is not imported, and what is imported otherwise than it stands there.
    astray : list of str
        Analyses and rows that belong nowhere.
    """

    review: str
    settings: Table
    rows: Table
    bias: Table | None = None
    subgroups: Table | None = None
    studies: dict[str, dict[str, str]] = field(default_factory=dict)
    passed: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    astray: list[str] = field(default_factory=list)

    def __post_init__(self):
        known = {analysis_of(row) for _, row in self.settings.records}
        self.astray += [
            f"{self.rows.name}:{line}: {row.get('Study', '')}: the settings have no analysis "
            f"{analysis_of(row)}" for line, row in self.rows.records
            if analysis_of(row) not in known]


def read(file: Path) -> Package:
    """Open a package, packed or as a folder.

    Raises
    ------
    IntakeError
        When it is no such package.
    """
    if file.is_dir():
        return _package(file, {one.name: one.read_bytes() for one in file.rglob("*.csv")})
    content = file.read_bytes()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            inner = next((n for n in archive.namelist() if n.endswith("-data.zip")), None)
            content = archive.read(inner) if inner else content
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            files = {Path(n).name: archive.read(n) for n in archive.namelist()
                     if n.endswith(".csv")}
    except (zipfile.BadZipFile, zlib.error, RuntimeError) as error:  # the last one: a password
        if not content.startswith(b"PK"):
            raise IntakeError([f"{file.name}: this is no archive, expected the data package of a "
                               "review (.zip)"]) from error
        raise IntakeError([f"{file.name}: this ZIP archive cannot be read ({error})"]) from error
    return _package(file, files)


def _package(file: Path, files: dict[str, bytes]) -> Package:
    """A package of the contents of its files, by name."""
    found = {ending: _table(files, ending) for ending in (SETTINGS, ROWS, BIAS, SUBGROUPS)}
    missing = [f"…-{ending}.csv" for ending in (SETTINGS, ROWS) if found[ending] is None]
    if missing:
        raise IntakeError([f"{file.name}: no {' and no '.join(missing)} in it: expected the data "
                           "package of a review of interventions"])
    review = found[ROWS].name.removesuffix(f"-{ROWS}.csv")
    return Package(review, found[SETTINGS], found[ROWS], found[BIAS], found[SUBGROUPS])


def _table(files: dict[str, bytes], ending: str) -> Table | None:
    """The file of that ending; None where it is not there."""
    name = next((n for n in sorted(files) if n.endswith(f"-{ending}.csv")), None)
    if name is None:
        return None
    records = list(csv_records(files[name], name))
    header = records[0][1] if records else []
    comma_separated(header, f"{name}:1")
    if lacking := [column for column in _NEEDED.get(ending, ()) if column not in header]:
        raise IntakeError([f"{name}:1: no column {' and no '.join(lacking)}: expected the file of "
                           "a data package as RevMan writes it"])
    return Table(name, [
        (line, {k: "" if v == "#N/A" else v.strip() for k, v in zip(header, cells, strict=False)})
        for line, cells in records[1:]])


def analysis_of(row: dict[str, str]) -> str:
    """Number of the comparison and of the analysis in it, as 1.2."""
    return f"{row.get('Analysis group', '')}.{row.get('Analysis number', '')}"


def _parts(package: Package) -> dict[tuple[str, str], set[str]]:
    """The studies of each analysis and subgroup, in the order of the settings."""
    parts = {analysis_of(row): {} for _, row in package.settings.records}
    for _, row in package.rows.records:
        if analysis_of(row) in parts:
            parts[analysis_of(row)].setdefault(row.get("Subgroup", ""), set()).add(
                study_id(row.get("Study", "")))
    return {(analysis, subgroup): studies for analysis, found in parts.items()
            for subgroup, studies in (found or {"": set()}).items()}


def list_text(package: Package) -> str:
    """The list of analyses that the user fills in, as CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [*_SHOWN, *_FILLED], restval="", lineterminator="\n")
    writer.writeheader()
    settings = {analysis_of(row): row for _, row in package.settings.records}
    standing = _standing(package)
    for (analysis, subgroup), studies in _parts(package).items():
        row = settings[analysis]
        line = {
            "analysis": analysis, "comparison": row.get("Analysis group name"),
            "name": row.get("Analysis name"), "data_type": row.get("Data type"),
            "effect_measure": row.get("Effect measure"),
            "experimental": row.get("Experimental group label"),
            "control": row.get("Control group label"), "subgroup": subgroup}
        writer.writerow({**line, "studies": len(studies)})
        for (part, _), found in standing.items():
            for order, (_, row) in enumerate(found if len(found) > 1 else (), 1):
                if part == (analysis, subgroup):
                    writer.writerow({**line, "footnote": row.get("Footnotes", ""),
                                     "only_study": row.get("Study", ""), "only_row": order})
    if package.bias:
        studies = {study_id(row.get("Study", "")) for _, row in package.bias.records}
        writer.writerow({"analysis": _BIAS_LINE, "name": "judgements, by domain",
                         "studies": len(studies)})
    return text.getvalue()


def _standing(package: Package) -> dict[tuple[tuple[str, str], str], list]:
    """The rows of each study in each analysis and subgroup, by line."""
    found = defaultdict(list)
    for line, row in package.rows.records:
        part = analysis_of(row), row.get("Subgroup", "")
        found[part, study_id(row.get("Study", ""))].append((line, row))
    return found


def rows(package: Package, filled: Path, today: date | None = None) -> list[Row]:
    """The rows of the analyses and subgroups that the list says what they are.

    Parameters
    ----------
    package : Package
        `passed` gets a line for everything that is not imported, `remarks` one for everything
        that is imported otherwise than it stands there.
    filled : Path
        The list, filled in.
    today : date, optional
        Day on which the package was read.

    Raises
    ------
    IntakeError
        With every line of the list that lacks something, or when nothing is filled in.
    """
    settings = {analysis_of(row): row for _, row in package.settings.records}
    entries, tool = _listed(package, filled, settings)
    said = {(analysis, subgroup) for analysis, subgroup, *_ in entries}
    package.passed += package.astray
    package.passed += [f"{_named(part)}: the list does not say what it is"
                       for part in _parts(package) if part not in said]
    found, passed, remarks = placed(list(_comparisons(package, entries, settings)))
    package.passed += passed
    package.remarks += remarks
    return _made(package, found, tool, today or date.today())


def _listed(package: Package, filled: Path, settings: dict) -> tuple[dict, str]:
    """What the list says of analyses, studies and rows, and of the tool of the judgements.

    Raises
    ------
    IntakeError
    """
    parts, standing = _parts(package), _standing(package)
    entries, lines, tool, problems = {}, {}, "", []
    records = list(csv_records(filled.read_bytes(), filled.name))
    header = records[0][1] if records else []
    comma_separated(header, f"{filled.name}:1")
    if "analysis" not in header:
        raise IntakeError([f"{filled.name}:1: no column analysis: expected the list of analyses "
                           "that a call writes where the file is not there yet"])
    for line, cells in records[1:]:
        entry = {k: v.strip() for k, v in zip(header, cells, strict=False)}
        part = entry.get("analysis", ""), entry.get("subgroup", "")
        if part[0] == _BIAS_LINE:
            tool = entry.get("tool", "")
        elif part not in parts:
            problems.append(f"{filled.name}:{line}: {_named(part)!r} is not in the package")
        elif any(entry.get(name) for name in _FILLED if name not in _ONLY):
            if not (entry.get("outcome") or entry.get("event") or entry.get("only_row")):
                continue  # a line that is not filled in yet
            study = study_id(entry.get("only_study", ""))
            row, wrong = _only(entry, study, parts[part], standing.get((part, study), []))
            if not wrong and (*part, study, row) in entries:
                wrong.append("another line says what it is: expected one line")
            problems += [f"{filled.name}:{line}: {_named(part)}: {text}" for text in wrong]
            if not wrong:
                entries[*part, study, row], lines[*part, study, row] = entry, line
    for key in [key for key in entries if key[3]]:  # what its line leaves empty, others say
        general = entries.get((*key[:3], 0)) or entries.get((*key[:2], "", 0)) or {}
        entries[key] = {**general, **{k: v for k, v in entries[key].items() if v}}
    problems += [f"{filled.name}:{lines[key]}: {_named(key[:2])}: {text}"
                 for key, entry in entries.items() for text in _wrong(entry, settings[key[0]])]
    if not (problems or entries):
        problems = [f"{filled.name} says of no analysis what it is: fill in at least one line"]
    if problems:
        raise IntakeError(problems)
    return entries, tool


def _only(entry: dict[str, str], study: str, studies: set[str], found: list
          ) -> tuple[int, list[str]]:
    """Which row of the study a line speaks of, 0 for all, and what is wrong with that."""
    name, row = entry.get("only_study", ""), entry.get("only_row", "")
    if name and study not in studies:
        return 0, [f"{name} is no study of it"]
    if not row:
        return 0, []
    if not name:
        return 0, ["only_row is a row of a study: only_study is empty"]
    if row.isdecimal() and 0 < int(row) <= len(found):
        return int(row), []
    noted = [i for i, (_, cells) in enumerate(found, 1) if cells.get("Footnotes", "") == row]
    if len(noted) == 1:
        return noted[0], []
    return 0, [f"only_row {row} names {len(noted) or 'no'} row{'s' * (len(noted) > 1)} of {name}: "
               f"expected a number from 1 to {len(found)}, in the order of the package, or a "
               "footnote that one of them has"]


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
    if entry.get("shared_n", "") not in ("", DIVIDED, WHOLE):
        out.append(f"shared_n is {entry['shared_n']}: expected {DIVIDED}, {WHOLE} or nothing")
    return out + [f"{name} is empty" for name in needed if not entry.get(name)]


def study_id(name: str) -> str:
    """Identifier of a study from its name in the package, as Doe 2020: doe-2020."""
    plain = unicodedata.normalize("NFKD", name.lower().translate(_LETTERS))
    # Marks and invisible characters fall away; everything else, hyphens of every kind among it,
    # divides words.
    plain = "".join(c for c in plain if unicodedata.category(c) not in ("Mn", "Cf"))
    return "-".join(re.findall("[a-z0-9]+", plain))


def _unclear(package: Package) -> dict[str, str]:
    """Names of studies that give no identifier of their own, with the reason."""
    names = defaultdict(set)
    for _, row in package.rows.records:
        names[study_id(row.get("Study", ""))].add(row.get("Study", ""))
    return {name: f"{' and '.join(sorted(some))} would both be {identifier}" if len(some) > 1
            else "its name has no letter or digit of which an identifier can be made"
            for identifier, some in names.items() if len(some) > 1 or not identifier
            for name in some}


def _comparisons(package: Package, entries: dict, settings: dict) -> Iterator[Comparison]:
    """The rows of which the list says what they are, with what they hold."""
    unclear, seen = _unclear(package), Counter()
    for line, row in package.rows.records:
        name = row.get("Study", "")
        place, study = f"{package.rows.name}:{line}", study_id(name)
        part = analysis_of(row), row.get("Subgroup", "")
        seen[part, study] += 1
        entry = (entries.get((*part, study, seen[part, study])) or entries.get((*part, study, 0))
                 or entries.get((*part, "", 0)))
        if entry is None:
            if any(part == key[:2] for key in entries):
                package.passed.append(f"{place}: {name}: the list names other studies")
            continue
        if name in unclear:
            package.passed.append(f"{place}: {name}: {unclear[name]}")
            continue
        kind = settings[part[0]]["Data type"]
        said = _contrast(row, entry) if kind == "Contrast level" else _arms(row, entry, kind)
        if not said:
            package.passed.append(f"{place}: {name}: no values")
            continue
        arms = entry["experimental_arm"], entry["control_arm"]
        if kind != "Contrast level" and (silent := _silent(said, arms)):
            package.remarks.append(
                f"{place}: {name}: no values of {' and '.join(silent)} (0 beside an empty effect "
                "is a field that was not used): the study and what is stated of its n are kept")
        yield Comparison(place, study, name, part[0], _named(part), row.get("Footnotes", ""),
                         entry, row, said, arms)


def _silent(said: tuple[Said, ...], arms: tuple[str, str]) -> list[str]:
    """The arms of which a row gives no mean and no count."""
    known = {one.cells["arm_id"] for one in said
             if one.cells.get("mean") or one.cells.get("events")}
    return [arm for arm in arms if arm not in known]


def _arms(row: dict, entry: dict, kind: str) -> tuple[Said, ...]:
    """What a row says of each arm; nothing where it says nothing of one.

    A package prints 0 in fields that are not used. In an analysis of means a mean and an SD of 0
    are such fields where the package prints no effect: with values it would have one, or a spread.
    In one of counts 0 events are a count: two arms without events have no effect either, and a
    count that was not entered has no number at risk.
    """
    out = []
    for side, arm, _ in _SIDES:
        cells = numbers_of(row, side, kind)
        if any(cells.values()):
            out.append(Said(*_row_of_arm(entry, kind, {"arm_id": entry[arm], **cells}),
                            _names_of(side, kind)))
    return tuple(out)


def numbers_of(row: dict, side: str, kind: str) -> dict[str, str]:
    """The numbers of an arm, without zeros of fields that were not used.

    Parameters
    ----------
    row : dict
    side : str
        ``Experimental`` or ``Control``.
    kind : str
        The type of the data.

    Returns
    -------
    dict of str to str
        ``mean``, ``sd`` and ``n``, or ``events`` and ``total``.
    """
    cells = {ours: row.get(theirs, "") for ours, theirs in _names_of(side, kind).items()}
    size = "n" if kind == "Continuous" else "total"
    if _zero(cells[size]):
        cells = {**cells, size: "", **({} if kind == "Continuous" else {"events": ""})}
    if kind == "Continuous" and not _estimated(row) and (
            _zero(cells["mean"]) and _zero(cells["sd"])):
        cells |= {"mean": "", "sd": ""}
    return cells | {name: _whole(cells[name]) for name in ("n", "events", "total")
                    if name in cells}


def _names_of(side: str, kind: str) -> dict[str, str]:
    """What the package calls our columns of an arm."""
    if kind == "Continuous":
        return {ours: f"{side} {theirs}" for ours, theirs in _OUTCOME.items()}
    return {"events": f"{side} cases", "total": f"{side} N"}


def _row_of_arm(entry: dict, kind: str, cells: dict) -> tuple[str, dict]:
    """Table and cells of what is said of an arm."""
    if entry.get("event"):
        return "adverse_events", {"event": entry["event"], "count": entry["count"],
                                  "months": entry.get("timepoint_months", ""), **cells}
    scale = ("scale_min", "scale_max") if kind == "Continuous" else ()
    return "outcomes", {
        **{name: entry.get(name, "") for name in (*_VISIT, *scale, "better")},
        "statistic": entry.get("statistic") or "final", **cells}


def _estimated(row: dict) -> bool:
    """Whether the package prints an effect for a row."""
    return bool(row.get("Mean")) and bool(row.get("CI start") or row.get("CI end"))


def _zero(text: str) -> bool:
    """Whether a cell is empty or 0."""
    try:
        return not text or float(text) == 0
    except ValueError:
        return False


def _whole(text: str) -> str:
    """A whole number as the tables write it, where a package writes 20.0."""
    return text[:text.index(".")] if re.fullmatch(r"[0-9]+\.0+", text) else text


def _contrast(row: dict, entry: dict) -> tuple[Said, ...]:
    """An effect between the arms as the package prints it, ratios on their own scale."""
    names = {"estimate": "Mean", "se": "GIV SE"}
    cells = {ours: row.get(theirs, "") for ours, theirs in names.items()}
    if not cells["estimate"] or _zero(cells["se"]):  # no effect has a standard error of 0
        return ()
    try:
        size = float(cells["estimate"])
    except ValueError:
        size = None  # the check names the cell
    no_effect = 1 if entry["measure"] in ("RR", "OR", "HR") else 0
    favours = ""
    if size is not None and entry["better"] in ("lower", "higher"):
        favours = "neither" if size == no_effect else (
            "intervention" if (size < no_effect) == (entry["better"] == "lower") else "comparator")
    return (Said("contrasts", {
        **{name: entry.get(name, "") for name in _VISIT},
        "arm_intervention": entry["experimental_arm"], "arm_comparator": entry["control_arm"],
        "measure": entry["measure"], "scale_max": entry.get("scale_max", ""), "favours": favours,
        **cells}, names),)


def _made(package: Package, found: list[Comparison], tool: str, today: date) -> list[Row]:
    """Rows of every table from what the rows of the package say."""
    source, out = f"{study_id(package.review)}-data-package", []
    years = _years(package, found)
    for one in found:
        common = {"study_id": one.study, "source_id": source}
        said = package.studies.get(one.study, {})
        if not (said.get("first_author") or said.get("title")):  # a study needs a name
            said = {**said, "first_author": re.sub(_YEAR, "", one.name).strip()}
        out.append(_row("studies", {**common, **said, "year": years[one.study]}, one.place,
                        {"study_id": "Study", "year": "Study year"}, made=True))
        out += [_row("arms", {**common, "arm_id": arm, "role": role, "comparator_type":
                              one.entry.get("comparator_type", "") if role == "comparator" else "",
                              "note": one.arm_notes.get(arm, "")}, one.place, made=True)
                for arm, (_, _, role) in zip(one.arms, _SIDES, strict=True)]
        where = "; ".join(filter(None, (f"analysis {one.analysis}", one.row.get("Subgroup"))))
        for said in one.said:
            note = said.note or (one.footnote and f"footnote: {one.footnote}")
            out.append(_row(said.table, {**common, "locator": where, "note": note, **said.cells},
                            one.place, said.names))
    if package.bias and not tool:
        package.passed.append(f"{package.bias.name}: judgements of risk of bias: the line "
                              f"{_BIAS_LINE} of the list names no tool")
    if tool and package.bias:
        out += _judgements(package, {r.values["study_id"] for r in out
                                     if r.table.name == "studies"}, source, tool)
    if not out:
        return []
    return [_row("sources", {"source_id": source, "kind": SOURCE_KIND, "accessed":
                             today.isoformat(), "title": f"Data package of {package.review}"},
                 package.rows.name, made=True), *out]


def _years(package: Package, found: list[Comparison]) -> dict[str, str]:
    """The year of each study; none where its rows have several, or something else."""
    stated, column = defaultdict(dict), BY_NAME["studies"].column("year")
    for one in found:
        if year := one.row.get("Study year", ""):
            stated[one.study].setdefault(year, one)
    out = defaultdict(str)
    for study, years in stated.items():
        good = [y for y in years if y.isdecimal() and column.minimum <= int(y) <= column.maximum]
        if len(years) == len(good) == 1:
            out[study] = good[0]
        else:
            one = next(iter(years.values()))
            package.passed.append(f"{one.place}: {one.name}: Study year {' and '.join(years)}: "
                                  "expected one year; the study comes in without it")
    return out


def _row(table: str, values: dict[str, str], place: str, names=None, made: bool = False) -> Row:
    return Row(BY_NAME[table], values, place, names or {}, made)


def _judgements(package: Package, studies: set[str], source: str, tool: str) -> list[Row]:
    """Judgements of the studies whose values are imported.

    A domain that is judged in several ways, result by result, is passed by.
    """
    found, left = defaultdict(list), {}
    for line, row in package.bias.records:
        study = study_id(row.get("Study", ""))
        if study not in studies:
            left.setdefault(study, f"{package.bias.name}:{line}: {row.get('Study', '')}: its "
                            "judgements: none of its values are imported")
        else:
            for name, cell in row.items():
                if name.startswith(JUDGEMENT) and cell:
                    found[study, name].append((f"{package.bias.name}:{line}", cell))
    package.passed += left.values()
    out = []
    for (study, name), cells in found.items():
        place, judgement = cells[0]
        if len({cell for _, cell in cells}) > 1:
            package.passed.append(f"{study}: {name}: judged in several ways: " + ", ".join(
                f"{cell} ({at})" for at, cell in cells))
            continue
        out.append(_row("risk_of_bias", {
            "study_id": study, "tool": tool, "domain": name.removeprefix(JUDGEMENT),
            "judgement": judgement, "source_id": source}, place, {"judgement": name}))
    return out
