"""Posted results as draft rows of a study, in the form that `import` takes.

What is not mapped is left out and listed; what stands in the data already is compared and never
written over.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..data.dataset import Dataset
from ..data.own_names import NONE, OwnNames
from ..data.tables import CORRECTIONS
from ..intake.files import put
from ..intake.template import GUIDE_FILE, INDICATION
from . import registry_rows as rows_of
from .keeping import content_of
from .registry_mapping import EVENT, GROUP, OUTCOME, TAKE, Key
from .registry_results import Group, Results, Size
from .registry_rows import Refused

_SAME_VISIT = 0.3  # months; 12 weeks and 3 months are one visit
_NUMBERS = {"outcomes": ("n", "mean", "sd", "se", "ci_low", "ci_high", "median", "q1", "q3", "min",
                         "max", "events", "total", "percent"),
            "adverse_events": ("events", "total"),
            "contrasts": ("estimate", "ci_low", "ci_high", "se")}
_WHAT = {"outcomes": ("arm_id", "outcome", "statistic"), "adverse_events": ("arm_id", "event"),
         "contrasts": ("arm_intervention", "arm_comparator", "outcome", "measure")}
_VISIT = {"outcomes": "timepoint_months", "contrasts": "timepoint_months"}
_ROLES = {"EXPERIMENTAL": "intervention", "ACTIVE_COMPARATOR": "comparator",
          "PLACEBO_COMPARATOR": "comparator", "SHAM_COMPARATOR": "comparator",
          "NO_INTERVENTION": "comparator"}


@dataclass(frozen=True)
class Difference:
    """A value that the data have and the registry too.

    Attributes
    ----------
    table, what, source_id : str
        The table, the row in words, and the source of the value here.
    cells : tuple of (str, float, float)
        Column, the value here and that at the registry.
    """

    table: str
    what: str
    source_id: str
    cells: tuple[tuple[str, float, float], ...]

    def lines(self) -> Iterator[str]:
        """Side by side, with the ratio of the registry's value to the one here."""
        yield f"{self.table}: {self.what} ({self.source_id})"
        for column, here, there in self.cells:
            ratio = f"{there / here:.3g}" if here else "-"
            yield f"    {column}: here {here:g}, at the registry {there:g}, ratio {ratio}"
        if not self.cells:
            yield "    no number in common"


@dataclass
class Draft:
    """What results give.

    Attributes
    ----------
    indication, study_id : str
    source : dict
        The row of sources.csv.
    rows : dict of str to list of dict
        By table.
    corrections : list of dict
        Empty cells of known arms that the registry fills.
    unmapped, refused, passed : list of str
        What nobody has mapped; what cannot be a row, and why; parts of values that are left out.
    differences : list of Difference
    flow : tuple of str
        Participant flow in lines: no table has a place for more of it than who started.
    second_source : str
        Why values that the data have from elsewhere are taken in beside; empty where they are not.
    names : OwnNames
        What the review calls columns and words; here they have the package's names.
    """

    indication: str
    study_id: str
    source: dict
    rows: dict[str, list[dict]] = field(default_factory=lambda: defaultdict(list))
    corrections: list[dict] = field(default_factory=list)
    unmapped: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    flow: tuple[str, ...] = ()
    second_source: str = ""
    names: OwnNames = NONE


def draft(data: Dataset, indication: str, study: Mapping, results: Results,
          mappings: Mapping[Key, Mapping], accessed: str, second_source: str = "") -> Draft:
    """Results as rows.

    Parameters
    ----------
    data : Dataset
    indication : str
    study : mapping
        The row of studies.csv.
    results : Results
    mappings : mapping
        Decisions by part and title.
    accessed : str
        Day on which the record was read.
    second_source : str, optional
        Why values that the data have from elsewhere are taken in beside these; where it is empty
        they are only compared.
    """
    return _Drafting(data, indication, study, results, mappings, accessed, second_source).made()


class _Drafting:
    """One draft in the making."""

    def __init__(self, data, indication, study, results, mappings, accessed, second_source):
        self.data, self.study, self.results = data, study, results
        self.mappings = mappings
        number = results.registration.lower()
        self.out = Draft(indication, study["study_id"], {
            "source_id": f"{number}-results-{results.version}", "kind": "registry",
            "title": f"{results.title} (results at ClinicalTrials.gov, record of "
                     f"{results.version})",
            "url": f"https://clinicaltrials.gov/study/{results.registration}",
            "accessed": accessed}, flow=results.flow, second_source=second_source, names=data.names)
        self.known = {a["arm_id"]: a for a in data.having(
            "arms", "study_id", study["study_id"], indication=indication)}
        self.arms: dict[str, dict] = {}  # by title of the group

    def made(self) -> Draft:
        """The draft; every table by itself, arms first."""
        self._arms()
        self._sizes()
        self._outcomes()
        self._harms()
        self._contrasts()
        for name in ("outcomes", "adverse_events", "contrasts"):
            self._compared(name)
        if any(self.out.rows.values()) or self.out.corrections:
            self.out.rows["sources"] = [self.out.source]
        return self.out

    def _refuse(self, what: str, why: object) -> None:
        line = f"{what}: {why}"
        if line not in self.out.refused:
            self.out.refused.append(line)

    def _mapped(self, key: Key) -> Mapping | None:
        """What a title is; None where it is left out, or not mapped, which is listed."""
        found = self.mappings.get(key)
        line = f"{key[0]}: {key[1]}"
        if found is None and line not in self.out.unmapped:
            self.out.unmapped.append(line)
        return found if found and found["decision"] == TAKE else None

    def _arm(self, group: Group) -> Mapping | None:
        """The arm of a group; None where it is left out, or may not be taken."""
        found = self._mapped((GROUP, group.title))
        if found and group.pooled and not self._of(found["arm_id"])["combines"]:
            self._refuse(f"group: {group.title}", f"several groups together, and "
                         f"{found['arm_id']} is no arm that combines others")
            return None
        return found

    def _of(self, arm_id: str) -> Mapping:
        return self.known.get(arm_id, {"combines": ()})

    def _arms(self) -> None:
        """Arms that the groups are; those that the data lack become rows."""
        for group in self.results.groups:
            found = self._arm(group)
            if found is None:
                continue
            arm = self.known.get(found["arm_id"])
            if arm is None:
                role = _ROLES.get(self.results.kinds.get(group.title, ""), "")
                if not role:
                    self._refuse(f"group: {group.title}", "a new arm, and the registry does not "
                                 "say whether it is the intervention: add it to arms.csv first")
                    continue
                arm = {"arm_id": found["arm_id"], "role": role, "label": group.title}
                if arm["arm_id"] not in [row["arm_id"] for row in self.out.rows["arms"]]:
                    self._add("arms", arm)
            self.arms[group.title] = dict(arm)

    def _add(self, table: str, cells: Mapping) -> None:
        self.out.rows[table].append({"study_id": self.study["study_id"], **cells,
                                     "source_id": self.out.source["source_id"]})

    def _sizes(self) -> None:
        """Sizes, ages and sex: into new arms, and into empty cells of known ones."""
        joints = self.study["unit"] not in (None, "patient")
        found = defaultdict(list)
        for size in self.results.sizes:
            arm = self.arms.get(size.group.title)
            if joints and size.column == "n_allocated":  # the registry's flow is of people
                size = replace(size, column="n_patients")
            if arm is not None:
                found[arm["arm_id"], size.column].append((arm, size))
        for (arm_id, column), some in found.items():
            if len(some) > 1:
                self._refuse("; ".join(size.place for _, size in some),
                             f"{len(some)} values of {column} for the arm {arm_id}: groups are "
                             "not added")
        self._taken([some[0] for some in found.values() if len(some) == 1])

    def _taken(self, sizes: list[tuple[Mapping, Size]]) -> None:
        """One value for a cell of an arm."""
        new = {row["arm_id"]: row for row in self.out.rows["arms"]}
        for arm, size in sizes:
            try:
                value = rows_of.number(size.value, size.column)
            except Refused as why:
                self._refuse(size.place, why)
                continue
            if arm["arm_id"] in new:
                new[arm["arm_id"]][size.column] = value
                continue
            here = arm[size.column]
            if here is None:
                self.out.corrections.append({
                    "file": "arms.csv", "key": f"{self.study['study_id']}|{arm['arm_id']}",
                    "column": size.column, "old": "", "new": f"{value:g}",
                    "source": self.out.source["source_id"], "locator": size.place,
                    "reason": "not stated here; posted at the registry"})
            elif here != value:
                self.out.differences.append(Difference(
                    "arms", f"{arm['arm_id']}, {size.column}", arm["source_id"],
                    ((size.column, here, value),)))

    def _outcomes(self) -> None:
        unit = self.study["unit"] or "patient"
        for title in self.results.unposted:
            self._refuse(f"outcome: {title}", "its values are not posted yet")
        for value in self.results.values:
            group = self.arms.get(value.group.title)
            mapped = self._mapped((OUTCOME, value.title))
            if group is None or mapped is None:
                continue
            what = f"{value.place} ({value.title})"
            try:
                cells, left = rows_of.outcome(value, group, mapped, unit)
            except Refused as why:
                self._refuse(what, why)
                continue
            self.out.passed += [f"{what}: {one}" for one in left]
            self._add("outcomes", cells)
        self._once("outcomes", ("arm_id", "outcome", "instrument", "timepoint_months",
                                "statistic"))

    def _harms(self) -> None:
        for one in self.results.harms:
            group, mapped = self.arms.get(one.group.title), self._mapped((EVENT, one.title))
            if group is None or mapped is None:
                continue
            try:
                self._add("adverse_events", rows_of.harm(one, group, mapped))
            except Refused as why:
                self._refuse(one.place, why)
        self._once("adverse_events", ("arm_id", "event"))

    def _contrasts(self) -> None:
        for one in self.results.analyses:
            mapped = self._mapped((OUTCOME, one.title))
            if mapped is None:
                continue
            lacking = [g.title for g in one.groups if g.title not in self.arms]
            try:
                if lacking:
                    raise Refused(f"its group {lacking[0]} is no arm here")
                self._add("contrasts", rows_of.contrast(one, self.arms, mapped))
            except Refused as why:
                self._refuse(f"{one.place} ({one.title})", why)
        self._once("contrasts", ("arm_intervention", "arm_comparator", "outcome", "instrument",
                                 "timepoint_months", "measure"))

    def _once(self, table: str, key: tuple[str, ...]) -> None:
        """Refuse rows that are there twice: groups or titles that were mapped to one thing."""
        found = defaultdict(list)
        for row in self.out.rows[table]:
            found[tuple(row[name] for name in key)].append(row)
        for some in found.values():
            if len(some) > 1:
                self._refuse("; ".join(row["locator"] for row in some),
                             f"{len(some)} values for one row of {table}: groups are not added, "
                             "and titles that are mapped to one thing need instruments that differ")
        self.out.rows[table] = [some[0] for some in found.values() if len(some) == 1]

    def _compared(self, table: str) -> None:
        """Hold rows beside what the data have, later reports of the same patients included.

        Those with values here are kept only if chosen.
        """
        reports = [self.study["study_id"], *(
            s["study_id"] for s in self.data.records("studies", self.out.indication)
            if s["companion_of"] == self.study["study_id"])]
        here_all = [here for report in reports for here in self.data.having(
            table, "study_id", report, indication=self.out.indication)]
        kept = []
        for row in self.out.rows[table]:
            found = [here for here in here_all
                     if here["source_id"] != row["source_id"] and _same_thing(table, here, row)]
            self.out.differences += [_difference(table, here, row) for here in found]
            if not found:
                kept.append(row)
            elif self.out.second_source:
                sources = ", ".join(dict.fromkeys(here["source_id"] for here in found))
                kept.append({**row, "note": f"{row['note']}; second source beside {sources}: "
                                            f"{self.out.second_source}"})
        self.out.rows[table] = kept


def _same_thing(table: str, here: Mapping, row: Mapping) -> bool:
    if any(here[name] != row.get(name) for name in _WHAT[table]):
        return False
    visit = _VISIT.get(table)
    if visit is None:
        return True
    return None not in (here[visit], row[visit]) and abs(here[visit] - row[visit]) <= _SAME_VISIT


def _difference(table: str, here: Mapping, row: Mapping) -> Difference:
    cells = tuple((name, here[name], row[name]) for name in _NUMBERS[table]
                  if here[name] is not None and row.get(name) is not None)
    visit = _VISIT.get(table)
    what = ", ".join(str(row[name]) for name in _WHAT[table])
    return Difference(table, what + (f", month {row[visit]:g}" if visit else ""),
                      here["source_id"], cells)


def files(made: Draft, report: str) -> dict[str, bytes]:
    """The files of a draft: tables that have rows, corrections, and a guide with the report."""
    out = {f"{name}.csv": content_of(name, rows, made.names)
           for name, rows in made.rows.items() if rows}
    if made.corrections:
        out[f"{CORRECTIONS.name}.csv"] = corrections_text(made.corrections)
    out[GUIDE_FILE] = f"{INDICATION}: {made.indication}\n\n{report}\n".encode()
    return out


def corrections_text(rows: list[dict]) -> bytes:
    """A table of corrections as a file."""
    text = io.StringIO()
    writer = csv.DictWriter(text, CORRECTIONS.names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def write(folder: Path, made: dict[str, bytes]) -> None:
    """Write a draft, all files or none; a folder that holds anything is refused.

    Raises
    ------
    FileExistsError
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(17, "the folder is not empty", str(folder))
    put(folder, made)

