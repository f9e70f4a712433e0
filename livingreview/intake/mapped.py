"""A table or workbook with columns of its own, read by a map that says what each column is.

The map is a CSV file, written by the first call with a line for each column and kept for the next:
`sheet`, `column` and `example` say which column it is, `table` and `field` what it is of ours. A
sheet may have a row for each trial with several arms: `arm`, any word, holds together the columns
of one arm, or of one of several printed estimates. Several lines for one column say that its cells
hold several numbers, as an estimate and its interval. A line without a column says a `value` that
all rows have, such as the outcome; where a column names the arms, a line with one of them in `arm`
is of its rows alone, as that the drug is the intervention. Lines whose value is empty count for
nothing: the first call proposes what headings say, and what is usually missing, with the words that
are allowed as example.

An identifier of a study is made of its name: what the map calls its identifier, else author and
year, registration or title. That of an arm is its word in `arm` where no line gives another. Both
go to the other tables of the row; how many were allocated to its arms is how many a study enrolled.
Where no line names a source, the file is the source. What is not placed is named: columns of which
the map does not say what they are, and rows without values.
"""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache, partial
from pathlib import Path

from ..data.accuracy import EXPECTED, WHAT, is_accuracy
from ..data.asking import Kind, asked
from ..data.declaring import IDENTIFIER
from ..data.own_names import NONE, OwnNames
from ..data.problems import DataError
from .incoming import TAKEN, IntakeError, Row
from .opening import csv_records
from .poolfile import composite, workbooks
from .poolfile.asking import Reading
from .poolfile.cells import Unread, absent, decimal_of, number
from .poolfile.grid import Grid
from .poolfile.opening import opened
from .poolfile.sentinels import is_total
from .revman import SOURCE_KIND, study_id

HEADER = ("sheet", "column", "example", "table", "field", "arm", "value")
_STUDY = ("studies", "study_id")
_NAMED = ("first_author", "year")  # what the name of a study says too: without one it is in no pool
_YEAR = r"\b(?:19|20)\d{2}(?=[a-z]?\)?$)"
_COUNTS = ("n", "total", "events", "n_allocated", "n_enrolled", "n_patients")
_OTHERS = r"(?i),?\s+(?:et al\b\.?|and others\b|等)"
_KEYS = ("study_id", "arm_id", "source_id")
_NAMES = ("first_author", "registration", "title")  # each says which study it is, the first before
_ENDS = {"arm_intervention": "intervention", "arm_comparator": "comparator"}
_SIZES = {("outcomes", "n"), ("outcomes", "total")}
_MEASURED = {("outcomes", name) for name in ("mean", "median", "events")}
# Fields that may stand in one cell, as the map says by a line for each, and how they stand there.
_TOGETHER = ((("estimate", "ci_low", "ci_high"), composite.ESTIMATE, "0.71 (0.50 to 1.01)"),
             (("ci_low", "ci_high"), composite.INTERVAL, "0.50 to 1.01"),
             (("mean", "sd"), composite.MEAN_SD, "4.1 (1.2)"),
             (("mean", "se"), composite.MEAN_SD, "4.1 (0.3)"),
             (("events", "total"), composite.OF, "12/30"))
_OF_ARMS = ("arms", "outcomes", "adverse_events")
_GIVEN = ("treatment_source", "treatment_product")
# What rows need beside what columns say.
_USUAL = (("studies", "status"), ("studies", "unit"), ("studies", "design"),
          ("outcomes", "outcome"), ("outcomes", "better"), ("outcomes", "statistic"),
          ("outcomes", "timepoint_months"), ("contrasts", "outcome"), ("contrasts", "measure"),
          ("contrasts", "timepoint_months"))


@dataclass(frozen=True)
class _Line:
    """A line of the map."""

    line: int
    sheet: str
    column: str
    table: str
    field: str
    arm: str
    value: str


@dataclass
class Mapped:
    """What a map makes of a file.

    Attributes
    ----------
    rows : list of Row
    passed : list of str
        What is not imported.
    """

    rows: list[Row] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)


def tables(file: Path) -> dict[str, Grid]:
    """The tables of a file by sheet; a text file has one without a name.

    Raises
    ------
    IntakeError
    """
    try:
        if file.suffix.lower() in (".xlsx", ".ods"):
            grids = workbooks.tables(file)
        else:
            grids = {"": opened(file, Reading())}
    except DataError as error:
        raise IntakeError(str(error).replace("by name: --sheet NAME", "in a file of its own")
                          .splitlines()) from error
    if wrong := [f"{_place(file, sheet)}: {WHAT}: expected {EXPECTED}"
                 for sheet, grid in grids.items() if is_accuracy(grid.header)]:
        raise IntakeError(wrong)
    return grids


def left_out(file: Path, grids: Mapping[str, Grid]) -> list[str]:
    """A line for each row and sheet of a file that is in none of its tables."""
    return [line for sheet, grid in grids.items()
            for line in grid.left_out(partial(_place, file, sheet))]


def map_text(grids: Mapping[str, Grid],
             words: Callable[[str], Collection[str]] = lambda name: (),
             kind: Kind | None = None) -> str:
    """The map that is to be filled in, as CSV.

    Parameters
    ----------
    grids : mapping
        The tables of a file by sheet.
    words : callable, optional
        The words of a vocabulary.
    kind : Kind, optional
        What the review asks; what treatments do in people where it is left out.
    """
    kind = kind or asked(())
    out = io.StringIO()
    writer = csv.DictWriter(out, HEADER, restval="", lineterminator="\n")
    writer.writeheader()
    for sheet, grid in grids.items():
        proposed = {name: _proposed(name) for name in grid.header if name}
        places = {place for place, _ in proposed.values()}
        if ("contrasts", "estimate") in places and not _MEASURED & places:
            # numbers of people beside a printed estimate are those of the arms
            proposed = {name: (_beside_estimates(place), rest)
                        for name, (place, rest) in proposed.items()}
        arms = _arms({name: one for name, one in proposed.items() if one[0][0] in _OF_ARMS})
        held = arms | _estimates(grid.header, proposed)
        placed: dict[tuple[str, str], int] = {}
        for i, name in enumerate(grid.header):
            if name:
                example = next((cell for cell in grid.column(i) if not absent(cell)), "")
                place = proposed[name][0]
                if place in placed and name not in held:
                    place = ("", "")
                place, *further = _in_one_cell(
                    name, place, example, ("contrasts", "estimate") in places)
                placed |= dict.fromkeys((place, *further), i)
                writer.writerow({"sheet": sheet, "column": name, "example": example,
                                 "table": place[0], "field": place[1], "arm": held.get(name, "")})
                also = further + [
                    ("studies", more) for more in (_NAMED if place == _STUDY else ())
                    if more == "first_author" or re.search(_YEAR, example)]
                if place == ("outcomes", "n") and ("outcomes", "events") in places and (
                        ("outcomes", "total") not in {*places, *placed}):
                    also.append(("outcomes", "total"))
                if place == ("outcomes", "n") and kind.design == "single-arm" and not arms:
                    also.append(("arms", "n_allocated"))  # who was asked was studied
                writer.writerows({"sheet": sheet, "column": name, "example": example,
                                  "table": table, "field": more, "arm": held.get(name, "")}
                                 for table, more in also)
        writer.writerows({"sheet": sheet, **line} for line in _usual(
            grid, placed, [*dict.fromkeys(arms.values())], words, kind, sheet,
            [held[name] for name in held if name not in arms]))
    return out.getvalue()


@cache
def _headings() -> dict[tuple[str, ...], tuple[str, str]]:
    """What headings that people write say, by their words; the longest first."""
    with Path(__file__).with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        rows = [(tuple(row["heading"].split()), (row["table"], row["field"]))
                for row in csv.DictReader(file)]
    return dict(sorted(rows, key=lambda row: -len(row[0])))


def _proposed(name: str) -> tuple[tuple[str, str], tuple[str, ...]]:
    """The table and field that a heading names, empty where it names none, and its other words.

    What stands in parentheses, such as a unit, counts where the rest says nothing.
    """
    inside = tuple(_words(" ".join(re.findall(r"\((.*?)\)", name))))
    plain = tuple(_words(re.sub(r"\(.*?\)", " ", name)))
    for words in (plain, plain + inside):
        for heading, place in _headings().items():
            for i in range(len(words)):
                if words[i:i + len(heading)] == heading:
                    return place, words[:i] + words[i + len(heading):] or inside
    return ("", ""), ()


def _beside_estimates(place: tuple[str, str]) -> tuple[str, str]:
    """What a heading names in a sheet of printed estimates."""
    if place == ("outcomes", "timepoint_months"):
        return "contrasts", "timepoint_months"
    return ("arms", "n_allocated") if place in _SIZES else place


def _in_one_cell(name: str, place: tuple[str, str], example: str, printed: bool
                 ) -> list[tuple[str, str]]:
    """The place of a column and the others whose values stand in its cells, told by the heading."""
    words = _words(name)
    if printed and place == ("", "") and ("ci" in words or "confidence" in words) and (
            composite.INTERVAL.fullmatch(example)):
        return [("contrasts", "ci_low"), ("contrasts", "ci_high")]
    for parts, pattern, _ in _TOGETHER:
        said = parts[1] in words or parts[0] != "mean" or (parts[1] == "sd" and "\u00b1" in name)
        if place[1] == parts[0] and said and pattern.fullmatch(example):
            return [(place[0], part) for part in parts]
    return [place]


def _words(text: str) -> list[str]:
    """Words of a heading; a number after letters is one, but in the name of a quartile."""
    return re.findall(r"q[13]\b|[a-z]+|\d+", text.lower())


def _arms(proposed: Mapping[str, tuple[tuple[str, str], tuple[str, ...]]]) -> dict[str, str]:
    """The arm of each column where headings name it: several say one field, each with its words."""
    fields: dict[tuple[str, str], dict[str, tuple[str, ...]]] = defaultdict(dict)
    for name, (place, rest) in proposed.items():
        fields[place][name] = rest
    several = [columns for columns in fields.values() if len(columns) > 1]
    out = {}
    for columns in several:
        common = set.intersection(*map(set, columns.values()))
        own = {name: [w for w in rest if w not in common] for name, rest in columns.items()}
        out |= {name: "-".join(words if all(own.values()) else columns[name])
                for name, words in own.items()}
    named = {frozenset(out[name] for name in columns) for columns in several}
    sound = len(named) == 1 and all(out.values()) and all(
        len({out[name] for name in columns}) == len(columns) for columns in several)
    return out if sound else {}


def _estimates(header: Iterable[str], proposed: Mapping[str, tuple[tuple[str, str], tuple]]
               ) -> dict[str, str]:
    """Of a row with several printed estimates, the word of each for it and its interval."""
    names = [name for name in header if name]
    firsts = [name for name in names if proposed[name][0] == ("contrasts", "estimate")]
    if len(firsts) < 2:
        return {}
    out, word = {}, ""
    for name in names:
        (_, stated), rest = proposed[name]
        if name in firsts:
            told = "-".join(w for w in rest if w not in ("ci", "95"))
            word = told if told and told not in out.values() else f"estimate-{len(out) + 1}"
        if word and (name in firsts or stated in ("ci_low", "ci_high")
                     or not stated and "ci" in _words(name)):
            out[name] = word
    return out


def _usual(grid: Grid, placed: Mapping[tuple[str, str], int], arms: list[str],
           words: Callable[[str], Collection[str]], kind: Kind, sheet: str,
           estimates: Iterable[str]) -> Iterator[dict[str, str]]:
    """What rows need and no column says, to be filled in: of all, and of each arm."""
    of = {table for table, _ in placed}
    alone = kind.design == "single-arm" and not arms and "outcomes" in of
    if ("arms", "arm_id") in placed:
        cells = grid.column(placed["arms", "arm_id"])
        arms = [*dict.fromkeys(cell for cell in cells if not absent(cell))]
    elif not arms and "contrasts" in of:
        arms = ["intervention", "comparator"]
    elif alone:
        arms = [""]
        yield {"table": "arms", "field": "arm_id", "value": "group"}
    if not arms:
        return
    usual = {"unit": kind.unit, "design": kind.design}
    if study_id(sheet) in words("outcome"):
        usual["outcome"] = study_id(sheet)
    if ("outcomes", "mean") not in placed:
        usual["statistic"] = "final"  # numbers of people are no change of anything
    if ("contrasts", "estimate") in placed:
        usual["measure"] = _measure(grid.header[placed["contrasts", "estimate"]], words("measure"))
    for table, name in _USUAL:
        if (table, name) not in placed and (table == "studies" or table in of):
            known = words(TAKEN[table].column(name).vocabulary or "")
            only = next(iter(known)) if len(known) == 1 else ""
            several = (table, name) == ("contrasts", "outcome") and [*dict.fromkeys(estimates)]
            for word in several or [""]:
                yield {"table": table, "field": name, "example": _choice(known), "arm": word,
                       "value": (word if word in known else "") or usual.get(name) or only
                       or ("published" if name == "status" else "")}
    of_arms = {arm: _of_arm(arm, words) for arm in arms}
    compared = any(told.get("role") == "comparator" for told in of_arms.values())
    for arm, told in of_arms.items():
        if (compared or alone) and "role" not in told:
            told |= {"role": "intervention"} | {
                name: known[0] for name in _GIVEN
                if len(known := [w for w in words(name) if w != "none"]) == 1}
        for name in ("role", *_GIVEN, "comparator_type"):
            yield {"table": "arms", "field": name, "arm": arm, "value": told.get(name, ""),
                   "example": _choice(words(TAKEN["arms"].column(name).vocabulary or ""))}


def _of_arm(arm: str, words: Callable[[str], Collection[str]]) -> dict[str, str]:
    """What an arm is whose name is a word of a list."""
    word = study_id(arm)
    told = {name: word for name in (*_GIVEN, "comparator_type") if word and word in words(name)}
    if "comparator_type" in told or word in ("comparator", "control", "controls"):
        return {**told, "role": "comparator"}
    return {**told, "role": "intervention"} if told else told


def _choice(known: Collection[str]) -> str:
    """The words of a list, where they are few enough to be read in a cell."""
    return f"one of: {', '.join(known)}" if 0 < len(known) <= 12 else ""


def _measure(name: str, known: Collection[str]) -> str:
    """The measure that a heading is, or whose first letters it has: HR, or hazard ratio."""
    words = _words(name)
    return next((w for w in known if w.lower() in (*words, "".join(t[0] for t in words))), "")


def read(file: Path, filled: Path, today: date | None = None, names: OwnNames = NONE,
         words: Callable[[str], Collection[str]] = lambda name: ()) -> Mapped:
    """The rows of a file, as its map says what they are.

    Parameters
    ----------
    file : Path
    filled : Path
        The map.
    today : date, optional
        Day on which the file was read.
    names : OwnNames, optional
        What the review calls columns.
    words : callable, optional
        The words of a vocabulary: a cell that is one but for capitals and spaces is that word.

    Raises
    ------
    IntakeError
        With every line of the map and every cell that is wrong, or when nothing is filled in.
    """
    grids, out, problems = tables(file), Mapped(), []
    lines = _lines(filled, grids, names)
    out.passed += left_out(file, grids)
    for sheet, grid in grids.items():
        own = [line for line in lines
               if line.sheet == sheet and line.table and (line.column or line.value)]
        named = {line.column for line in own}
        out.passed += [f"{_place(file, sheet)}, column {name}: the map does not say what it is"
                       for name in grid.header if name and name not in named]
        if own:
            problems += [f"{filled.name}: {text}" for text in _unsaid(own, words)]
            if not problems:
                _sheet(file, sheet, grid, own, out, problems, words)
    if problems:
        raise IntakeError([*dict.fromkeys(problems)])
    _count(file, out)
    source = f"{study_id(file.stem)}-extraction"
    if any("source_id" in row.table.names and not row.values.get("source_id") for row in out.rows):
        for row in out.rows:
            if "source_id" in row.table.names:
                row.values.setdefault("source_id", source)
        out.rows.insert(0, Row(TAKEN["sources"], {
            "source_id": source, "kind": SOURCE_KIND, "title": f"Extraction table {file.name}",
            "accessed": (today or date.today()).isoformat()}, file.name, made=True))
    return out


def _place(file: Path, sheet: str, row: int = 0) -> str:
    if not sheet:
        return f"{file.name}:{row}" if row else file.name
    return f"{file.name}, sheet {sheet}" + (f", row {row}" if row else "")


def _lines(filled: Path, grids: Mapping[str, Grid], names: OwnNames) -> list[_Line]:
    """The lines of a map.

    Raises
    ------
    IntakeError
    """
    records = list(csv_records(filled.read_bytes(), filled.name))
    header = records[0][1] if records else []
    if missing := [name for name in HEADER if name not in header]:
        raise IntakeError([f"{filled.name}:1: no column {', '.join(missing)}: expected a map with "
                           f"the columns {', '.join(HEADER)}"])
    lines, problems = [], []
    for number_, cells in records[1:]:
        entry = {k: v.strip() for k, v in zip(header, cells, strict=False)}
        line = _Line(number_, *(entry.get(name, "") for name in HEADER if name != "example"))
        if line.table in TAKEN:
            line = replace(line, field=names.package.column(TAKEN[line.table], line.field))
        lines.append(line)
        problems += [f"{filled.name}:{number_}: {text}" for text in _wrong(line, grids, names)]
    if not problems and not any(line.table and (line.column or line.value) for line in lines):
        problems = [f"{filled.name} says of no column what it is: fill in table and field"]
    if problems:
        raise IntakeError(problems)
    return lines


def _wrong(line: _Line, grids: Mapping[str, Grid], names: OwnNames) -> list[str]:
    """What is wrong with a line of a map."""
    if line.sheet not in grids:
        return [f"the file has no sheet {line.sheet}: expected one of {', '.join(grids)}"]
    if line.column and line.column not in grids[line.sheet].header:
        return [f"the sheet has no column {line.column}: expected one of "
                f"{', '.join(filter(None, grids[line.sheet].header))}"]
    if not (line.table or line.field or line.value) or not (line.column or line.value):
        return []
    if line.table not in TAKEN:
        return [f"table is {line.table or 'empty'}: expected one of {', '.join(TAKEN)}"]
    table = TAKEN[line.table]
    if line.field not in table.names:
        return [f"field is {line.field or 'empty'}: expected one of "
                f"{', '.join(names.own.header(table, table.names))}"]
    if bool(line.column) == bool(line.value):
        return ["a line names a column or a value that all rows have: expected one of them"]
    return []


def _unsaid(lines: list[_Line], words: Callable[[str], Collection[str]]) -> list[str]:
    """What no row can be without and no line says."""
    said, out = {(line.table, line.field) for line in lines}, []
    fields = {name for _, name in said}
    given = {"source_id"}
    if "study_id" in fields or any(("studies", name) in said for name in _NAMES):
        given.add("study_id")
    if "arm_id" in fields:
        given.add("arm_id")
    if ("arms", "role") in said:
        given |= {*_ENDS}
    for table in dict.fromkeys(line.table for line in lines):
        arms = {"arm_id"} if any(line.arm for line in lines if line.table == table) else set()
        for column in TAKEN[table].columns:
            if not column.required or column.name in given | arms or (table, column.name) in said:
                continue
            if column.name == "study_id":
                out.append("no line says which study a row is: expected a column as study_id, "
                           f"{', '.join(_NAMES[:-1])} or {_NAMES[-1]} of the table studies")
                return out
            known = words(column.vocabulary or "")
            out.append(f"no line says {column.name} of {table}: expected a column, or a value for "
                       "all rows" + (f", one of {', '.join(known)}" if known else ""))
    return out


def _sheet(file: Path, sheet: str, grid: Grid, lines: list[_Line], out: Mapped,
           problems: list[str], words: Callable[[str], Collection[str]]) -> None:
    """Add the rows of a sheet, and what is wrong with its cells."""
    named = next((line for line in lines if line.field == "arm_id" and line.column
                  and not line.arm), None)
    of_arms = [line for line in lines if named and line.arm and not line.column]
    lines = [line for line in lines if line not in of_arms]
    groups: dict[tuple[str, str], list[_Line]] = defaultdict(list)
    for line in lines:
        groups[line.table, line.arm].append(line)
    for table in {line.table for line in lines}:
        arms = [arm for name, arm in groups if name == table and arm]
        if arms:  # what is said without an arm is of all of them
            common = groups.pop((table, ""), [])
            for arm in arms:
                groups[table, arm] += common
    grid = _of_studies(file, sheet, grid, lines, out)
    texts = _texts(file, sheet, grid, lines, problems, words)
    for i, (number_, _) in enumerate(grid.rows):
        place, made = _place(file, sheet, number_), {}
        for (table, arm), some in groups.items():
            made[table, arm] = {one.field: one.value or texts[one.column, one.table, one.field][i]
                                for one in some}
        for one in of_arms:
            here = texts[named.column, named.table, named.field][i]
            if (one.table, "") in made and study_id(one.arm) == here:
                made[one.table, ""][one.field] = one.value
        _shared(made)
        for (table, arm), values in made.items():
            said = [one for one in groups[table, arm] if one.column and one.field not in _KEYS]
            # what a row is of, such as a month, is no value
            if table in ("studies", "arms") or any(
                    values.get(one.field) for one in said if one.field not in TAKEN[table].key):
                out.rows.append(Row(TAKEN[table], {k: v for k, v in values.items() if v}, place,
                                    {one.field: one.column for one in said}))
            else:
                out.passed.append(f"{place}: no values for {table}"
                                  + (f" of {arm}" if arm else ""))
    out.rows[:] = list({(row.table.name, row.cells()): row for row in out.rows}.values())


def _of_studies(file: Path, sheet: str, grid: Grid, lines: Iterable[_Line], out: Mapped) -> Grid:
    """The rows without totals, and of results without headings and notes between them."""
    lines = [line for line in lines if line.column]
    name = next((line.column for line in lines if line.table == "studies"
                 and line.field in ("study_id", *_NAMES)), "")
    if not name:
        return grid
    others = {grid.header.index(line.column) for line in lines if line.column != name}
    results = any(line.table not in ("studies", "arms") for line in lines)
    at, kept = grid.header.index(name), []
    for number_, cells in grid.rows:
        empty = results and others and all(absent(cells[i]) for i in others)
        why = ("a total, not a study" if is_total(cells[at]) else
               "nothing but a name, no study" if empty and not absent(cells[at]) else "")
        if why:
            out.passed.append(f"{_place(file, sheet, number_)}: {cells[at]}: {why}")
        else:
            kept.append((number_, cells))
    return replace(grid, rows=kept)


def _texts(file: Path, sheet: str, grid: Grid, lines: Iterable[_Line], problems: list[str],
           words: Callable[[str], Collection[str]]) -> dict[tuple[str, str, str], list[str]]:
    """The cells of each column as its field holds them."""
    lines = [line for line in lines if line.column]
    own = {line: _parts(file, sheet, grid, line, lines, problems) for line in lines}
    mark = decimal_of((cell for line in lines if _numeric(line) for cell in own[line]),
                      grid.decimal)
    out = {}
    for line in lines:
        cells = own[line]
        if line.field in ("study_id", "arm_id"):
            cells = [cell if re.fullmatch(IDENTIFIER, cell) else
                     study_id(re.sub(_OTHERS, "", cell)) for cell in cells]
        elif line.field == "first_author":
            cells = [re.sub(rf"[\s,(]*{_YEAR}.*$", "", re.sub(_OTHERS, "", cell))
                     for cell in cells]
        elif _numeric(line):
            if line.field == "year":
                cells = [(re.findall(_YEAR, cell) or [cell])[0] for cell in cells]
            whole = line.field in _COUNTS
            cells = [_number(cell, mark, whole, f"{_place(file, sheet, row)}, column {line.column}",
                             problems) for cell, (row, _) in zip(cells, grid.rows, strict=True)]
        else:
            known = words(TAKEN[line.table].column(line.field).vocabulary or "")
            cells = ["" if absent(cell) else _word(cell, known) for cell in cells]
        out[line.column, line.table, line.field] = cells
    return out


def _parts(file: Path, sheet: str, grid: Grid, line: _Line, lines: Iterable[_Line],
           problems: list[str]) -> list[str]:
    """The cells of a column; of a field that shares them with others, its part of each."""
    cells = grid.column(grid.header.index(line.column))
    fields = {one.field for one in lines
              if (one.column, one.table, one.arm) == (line.column, line.table, line.arm)}
    for parts, pattern, example in _TOGETHER:
        if line.field in parts and fields.issuperset(parts):
            matches = [pattern.fullmatch(cell.strip()) for cell in cells]
            problems += [f"{_place(file, sheet, row)}, column {line.column}: {cell}: expected "
                         f"{', '.join(parts)} in one cell, as {example}"
                         for match, cell, (row, _) in zip(matches, cells, grid.rows, strict=True)
                         if not match and not absent(cell)]
            return [match[parts.index(line.field) + 1] if match else "" for match in matches]
    return cells


def _word(cell: str, known: Collection[str]) -> str:
    """A cell as a vocabulary has it, where that differs in capitals and spaces alone."""
    plain = "-".join(cell.lower().split())
    return plain if plain in known else cell


def _numeric(line: _Line) -> bool:
    return TAKEN[line.table].column(line.field).type in ("number", "integer")


def _number(cell: str, mark: str, whole: bool, place: str, problems: list[str]) -> str:
    """A number as the tables write it; ``whole`` says that it counts something."""
    value = number(cell, mark, whole)
    if value is None:
        return ""
    if isinstance(value, Unread):
        expected = value.expected
        if "--decimal" in expected:  # an option of `pool`; here the file is written otherwise
            expected = f"{cell.replace(',', '')}, or {cell.replace(',', '.')}"
        problems.append(f"{place}: {cell}: {value.wrong}, expected {expected}")
        return ""
    return str(int(value)) if value.is_integer() else repr(value)


def _shared(made: dict[tuple[str, str], dict[str, str]]) -> None:
    """Give the identifiers of a row to all that is made of it."""
    study = next((v["study_id"] for v in made.values() if v.get("study_id")), "") or _called(made)
    arms = {arm: study_id(arm) for _, arm in made if arm}
    arms |= {arm: v["arm_id"] for (_, arm), v in made.items() if v.get("arm_id")}
    roles = {v.get("role"): arms[arm] for (table, arm), v in made.items()
             if table == "arms" and arm in arms}
    for (table, arm), values in made.items():
        names = TAKEN[table].names
        if "study_id" in names and study:
            values.setdefault("study_id", study)
        if "arm_id" in names and arm in arms:
            values.setdefault("arm_id", arms[arm])
        for name, role in _ENDS.items():
            if name in names and role in roles:
                values.setdefault(name, roles[role])


def _called(made: Mapping[tuple[str, str], Mapping[str, str]]) -> str:
    """An identifier of the study of a row, of what it is called."""
    said = made.get(("studies", ""), {})
    name = next((said[name] for name in _NAMES if said.get(name)), "")
    return study_id(f"{name} {said.get('year', '')}" if name == said.get("first_author") else name)


def _count(file: Path, out: Mapped) -> None:
    """Give studies the number that was allocated to their arms, or say that there is none."""
    allocated: dict[str, list[str]] = defaultdict(list)
    for row in out.rows:
        if row.table.name == "arms":
            allocated[row.values.get("study_id", "")].append(row.values.get("n_allocated", ""))
    without = 0
    for row in out.rows:
        if row.table.name == "studies" and not row.values.get("n_enrolled"):
            numbers = allocated[row.values.get("study_id", "")]
            if numbers and all(numbers):
                row.values["n_enrolled"] = f"{sum(map(float, numbers)):g}"
            else:
                without += 1
    if without:
        out.passed.append(f"{file.name}: n_enrolled of {without} studies, which stays empty: no "
                          "line says it, or n_allocated of each of their arms")
