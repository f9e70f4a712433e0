"""The results section of ClinicalTrials.gov as values, each with its place in the record.

Nothing is decided here: what a group or a title is in the words of the review is said by a person
(`registry_mapping`), and what is refused by its form is refused where rows are drafted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .moments import moments
from .problems import ProblemsError

NUMBER = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)")
# Groups that are several of the others together.
_PEOPLE = r"(?:participants|patients|subjects|groups|arms|cohorts|controls|treatments|doses)"
POOLED = re.compile(r"^(?:total|overall|all)$|\bpooled\b"
                    rf"|\b(?:total|overall|all|combined) (?:[\w-]+ )?{_PEOPLE}\b"
                    rf"|\b{_PEOPLE} combined\b", re.IGNORECASE)

# What is a list of objects, and the endings of names of what is an object.
_LISTS = frozenset(
    "achievements analyses armGroups categories classes counts denoms dropWithdraws eventGroups "
    "groups measurements measures milestones otherEvents outcomeMeasures periods reasons "
    "seriousEvents stats".split())
_OBJECTS = ("Module", "Section", "DateStruct")


class DocumentError(ProblemsError):
    """A record without what is needed, with every place and what was expected there."""


@dataclass(frozen=True)
class Group:
    """A group of one module: numbers differ from module to module, titles are what people map."""

    number: str
    title: str
    description: str = ""

    @property
    def pooled(self) -> bool:
        """Whether it says of itself that it is several groups together."""
        return bool(POOLED.search(self.title) or re.search(
            r"\bpooled\b|\bgroups combined\b", self.description, re.IGNORECASE))


@dataclass(frozen=True)
class Value:
    """One number of one group, as the registry prints it.

    Attributes
    ----------
    title : str
        What is measured: the title of the outcome, with that of the class where this is no time.
    group : Group
    moment, frame : str
        Title of the class where it names a time, and time frame of the outcome.
    param, dispersion, unit : str
        `dispersion` as capital words (``STANDARD DEVIATION``).
    value, spread, low, high, comment : str
        As printed; ``NA`` and ``<0.001`` are.
    n : str
        Units analysed, of the class or else of the outcome.
    units : str
        What `n` counts, as printed.
    categories : int
        How many the class has; of several none is an event.
    place : str
    """

    title: str
    group: Group
    moment: str
    frame: str
    param: str
    dispersion: str
    unit: str
    value: str
    spread: str
    low: str
    high: str
    comment: str
    n: str
    units: str
    categories: int
    place: str


@dataclass(frozen=True)
class Analysis:
    """A comparison that the registry reports, as printed."""

    title: str
    groups: tuple[Group, ...]
    frame: str
    cells: Mapping[str, str]
    place: str

    def __getitem__(self, name: str) -> str:
        return str(self.cells.get(name, "")).strip()


@dataclass(frozen=True)
class Harm:
    """A count of patients or events of one group."""

    title: str
    group: Group
    affected: str
    events: str
    at_risk: str
    frame: str
    note: str
    place: str


@dataclass(frozen=True)
class Size:
    """A number of a group that describes an arm.

    Attributes
    ----------
    column : str
        Of arms.csv.
    """

    column: str
    group: Group
    value: str
    place: str


@dataclass(frozen=True)
class Results:
    """What a record holds.

    Attributes
    ----------
    registration, title, version : str
        The version is the day of its last update.
    values : tuple of Value
        Baseline scores included, with moment ``Baseline``.
    unposted : tuple of str
        Titles of outcomes without posted values.
    flow : tuple of str
        Who started, completed and did not, in lines.
    """

    registration: str
    title: str
    version: str
    kinds: Mapping[str, str]
    values: tuple[Value, ...]
    analyses: tuple[Analysis, ...]
    harms: tuple[Harm, ...]
    sizes: tuple[Size, ...]
    unposted: tuple[str, ...]
    flow: tuple[str, ...]

    @property
    def groups(self) -> tuple[Group, ...]:
        """The groups of all modules, each title once."""
        found: dict[str, Group] = {}
        for one in (*self.values, *self.harms, *self.sizes):
            found.setdefault(one.group.title, one.group)
        return tuple(found.values())


def results_of(document: Mapping) -> Results:
    """What the results section of a record holds.

    Parameters
    ----------
    document : mapping
        A study of the ClinicalTrials.gov API, version 2.

    Raises
    ------
    DocumentError
        Where it has no results section, or one without what is needed: all places at once.
    """
    if problems := list(_misshapen({name: document.get(name) or {} for name in (
            "protocolSection", "resultsSection")})):
        raise DocumentError(problems)
    reader = _Reader()
    protocol = reader.part(document, "protocolSection")
    names = reader.part(protocol, "identificationModule", "protocolSection")
    status = protocol.get("statusModule", {})
    section = document.get("resultsSection") or {}
    if not section:
        raise DocumentError([f"{names.get('nctId', 'the record')}: no results are posted "
                             "(resultsSection is not there)"])
    values, analyses, unposted = [], [], []
    for at, measure in enumerate(section.get("outcomeMeasuresModule", {}).get(
            "outcomeMeasures", ()), 1):
        place = f"results, outcome measure {at}"
        title = reader.text(measure, "title", place)
        if measure.get("reportingStatus") == "NOT_POSTED" or "classes" not in measure:
            unposted.append(title)
            continue
        values += reader.measured(measure, title, place, measure.get("timeFrame", ""))
        analyses += reader.analyses(measure, title, place)
    baseline = section.get("baselineCharacteristicsModule", {})
    sizes = [*reader.started(section.get("participantFlowModule", {})),
             *reader.described(baseline)]
    values += reader.baseline(baseline)
    harms = [*reader.harms(section.get("adverseEventsModule", {})),
             *reader.withdrawals(section.get("participantFlowModule", {}))]
    if reader.problems:
        raise DocumentError(reader.problems)
    arms = protocol.get("armsInterventionsModule", {}).get("armGroups", ())
    return Results(
        str(names.get("nctId", "")), str(names.get("briefTitle", "")),
        str(status.get("lastUpdatePostDateStruct", {}).get("date", "")),
        {a.get("label", ""): a.get("type", "") for a in arms},
        tuple(values), tuple(analyses), tuple(harms), tuple(sizes), tuple(unposted),
        tuple(reader.flow(section.get("participantFlowModule", {}))))


def _misshapen(part: Mapping, place: str = "") -> Iterator[str]:
    """Parts of a record that are no lists, or no objects, where the interface has these."""
    for name, found in part.items():
        at = f"{place}{place and '.'}{name}"
        if name in _LISTS:
            sound = isinstance(found, list) and all(isinstance(one, Mapping) for one in found)
            expected = "a list of objects"
        elif name == "groupIds":
            sound = isinstance(found, list) and all(isinstance(one, str) for one in found)
            expected = "a list of numbers of groups"
        else:
            sound = not name.endswith(_OBJECTS) or isinstance(found, Mapping)
            expected = "a part of the record"
        if not sound:
            shown = json.dumps(found, ensure_ascii=False)
            yield f"{at}: {shown[:40]}: expected {expected}"
        elif name in _LISTS:
            for number, one in enumerate(found, 1):
                yield from _misshapen(one, f"{at}[{number}]")
        elif isinstance(found, Mapping):
            yield from _misshapen(found, at)


def capitals(text: str) -> str:
    """The words of a kind of number as capitals: one module prints them so, another as a title."""
    return re.sub(r"[^A-Z0-9.%]+", " ", text.upper()).strip()


class _Reader:
    """Parts of a record; what is missing is gathered."""

    def __init__(self):
        self.problems: list[str] = []

    def part(self, of: Mapping, name: str, place: str = "") -> Mapping:
        found = of.get(name)
        if not isinstance(found, Mapping):
            self.problems.append(f"{place}{place and '.'}{name}: expected a part of the record")
            return {}
        return found

    def text(self, of: Mapping, name: str, place: str) -> str:
        found = of.get(name)
        if not isinstance(found, str) or not found.strip():
            self.problems.append(f"{place}: {name} is missing: expected a text")
            return ""
        return " ".join(found.split())

    def groups(self, of: Mapping, place: str, name: str = "groups") -> dict[str, Group]:
        found = {}
        for group in of.get(name, ()):
            number = self.text(group, "id", f"{place}, a group")
            found[number] = Group(number, self.text(group, "title", f"{place}, group {number}"),
                                  " ".join(str(group.get("description", "")).split()))
        if not found:
            self.problems.append(f"{place}: {name} is missing: expected one group or more")
        return found

    def group(self, groups: Mapping[str, Group], number: str, place: str) -> Group:
        if number not in groups:
            self.problems.append(f"{place}: {number or 'a value'} is no group of this module: "
                                 f"expected one of {', '.join(groups)}")
        return groups.get(number, Group(number, ""))

    def measured(self, measure: Mapping, title: str, place: str, frame: str,
                 moment: str = "", ) -> Iterator[Value]:
        """The values of an outcome, or of a characteristic at baseline."""
        groups = self.groups(measure, place)
        param = capitals(self.text(measure, "paramType", place))
        whole = _denominators(measure)
        wanted = str(measure.get("typeUnitsAnalyzed") or measure.get("denomUnitsSelected") or "")
        for at, one in enumerate(measure.get("classes", ()), 1):
            named = " ".join(str(one.get("title", "")).split())
            told = moments(named)
            timed = bool(told.months or told.until)
            what = f"{title}: {told.rest}" if told.rest else title
            units, counts = _units({**whole, **_denominators(one)}, wanted)
            categories = one.get("categories", ())
            for category in categories:
                label = " ".join(str(category.get("title", "")).split())
                where = ", ".join(filter(None, (
                    place, f"class {at}" + (f" ({named})" if named else ""),
                    label and f"category {label}")))
                for cell in category.get("measurements", ()):
                    number = str(cell.get("groupId", ""))
                    yield Value(
                        what, self.group(groups, number, where), named if timed else moment,
                        frame, param, capitals(str(measure.get("dispersionType", ""))),
                        str(measure.get("unitOfMeasure", "")),
                        *(str(cell.get(name, "")).strip() for name in (
                            "value", "spread", "lowerLimit", "upperLimit", "comment")),
                        counts.get(number, ""), units, len(categories), f"{where}, {number}")

    def analyses(self, measure: Mapping, title: str, place: str) -> Iterator[Analysis]:
        groups = self.groups(measure, place) if measure.get("analyses") else {}
        for at, one in enumerate(measure.get("analyses", ()), 1):
            where = f"{place}, analysis {at}"
            yield Analysis(title, tuple(self.group(groups, str(number), where)
                                        for number in one.get("groupIds", ())),
                           str(measure.get("timeFrame", "")), one, where)

    def started(self, flow: Mapping) -> Iterator[Size]:
        """Who started: the size of each group as allocated."""
        if not flow:
            return
        groups = self.groups(flow, "results, participant flow")
        for period in flow.get("periods", ())[:1]:
            for milestone in period.get("milestones", ()):
                if milestone.get("type") != "STARTED":
                    continue
                place = f"results, participant flow, {period.get('title', '')}, started"
                for cell in milestone.get("achievements", ()):
                    yield Size("n_allocated", self.group(groups, str(cell.get("groupId", "")),
                                                         place),
                               str(cell.get("numSubjects", "")),
                               f"{place}, {cell.get('groupId', '')}")

    def flow(self, flow: Mapping) -> Iterator[str]:
        """A line for each group and period, with all milestones and reasons."""
        groups = self.groups(flow, "results, participant flow") if flow else {}
        for period in flow.get("periods", ()):
            for number, group in groups.items():
                told = [(one.get("type", ""), cell.get("numSubjects", ""))
                        for parts, cells in (("milestones", "achievements"),
                                             ("dropWithdraws", "reasons"))
                        for one in period.get(parts, ()) for cell in one.get(cells, ())
                        if cell.get("groupId") == number]
                said = ", ".join(f"{kind.lower()} {n}" for kind, n in told)
                yield f"{period.get('title', '')}, {group.title}: {said}"

    def withdrawals(self, flow: Mapping) -> Iterator[Harm]:
        """Who withdrew because of what; of a flow of several periods they are not added."""
        if len(flow.get("periods", ())) != 1:
            return
        groups = {g.number: g for g in self.groups(flow, "results, participant flow").values()}
        started = {size.group.number: size.value for size in self.started(flow)}
        for reason in flow["periods"][0].get("dropWithdraws", ()):
            place = f"results, participant flow, withdrawal: {reason.get('type', '')}"
            for cell in reason.get("reasons", ()):
                number = str(cell.get("groupId", ""))
                yield Harm(f"Withdrawal: {reason.get('type', '')}",
                           self.group(groups, number, place), str(cell.get("numSubjects", "")),
                           "", started.get(number, ""), "", "", f"{place}, {number}")

    def described(self, baseline: Mapping) -> Iterator[Size]:
        """Age and sex of the groups."""
        for at, measure in enumerate(baseline.get("measures", ()), 1):
            title = str(measure.get("title", ""))
            place = f"results, baseline measure {at}"
            if title not in ("Age, Continuous", "Sex: Female, Male"):
                continue
            for value in self.measured({**measure, "groups": baseline.get("groups", ())}, title,
                                       place, ""):
                if title.startswith("Sex"):
                    if re.search(r"category Female", value.place):
                        yield Size("female_n", value.group, value.value, value.place)
                elif value.param == "MEAN" and "year" in value.unit.lower():
                    yield Size("age_mean", value.group, value.value, value.place)
                    if value.dispersion == "STANDARD DEVIATION":
                        yield Size("age_sd", value.group, value.spread, value.place)

    def baseline(self, baseline: Mapping) -> Iterator[Value]:
        """Scores at baseline: what else than age, sex, race and place is measured as a number."""
        for at, measure in enumerate(baseline.get("measures", ()), 1):
            title = str(measure.get("title", ""))
            if re.match(r"Age|Sex|Gender|Race|Ethnicity|Region", title):
                continue
            place = f"results, baseline measure {at}"
            yield from self.measured(
                {"denoms": baseline.get("denoms", ()), **measure,
                 "groups": baseline.get("groups", ())}, title, place, "Baseline", "Baseline")

    def harms(self, events: Mapping) -> Iterator[Harm]:
        """Deaths, serious events as a whole, and every event by its term."""
        if not events:
            return
        groups = self.groups(events, "results, adverse events", "eventGroups")
        frame = str(events.get("timeFrame", ""))
        limit = str(events.get("frequencyThreshold", ""))
        for group in events.get("eventGroups", ()):
            number = str(group.get("id", ""))
            for title, name in (("All-cause mortality", "deaths"),
                                ("Serious adverse events", "serious")):
                place = f"results, adverse events, {title.lower()}, {number}"
                if f"{name}NumAffected" in group:
                    yield Harm(title, self.group(groups, number, place),
                               str(group[f"{name}NumAffected"]), "",
                               str(group.get(f"{name}NumAtRisk", "")), frame, "", place)
        for name, kind in (("seriousEvents", "Serious"), ("otherEvents", "Other")):
            note = f"only terms above {limit} % are listed" if kind == "Other" and limit not in (
                "", "0") else ""
            for event in events.get(name, ()):
                term = self.text(event, "term", f"results, adverse events, {name}")
                place = f"results, adverse events, {name}, {term}"
                for cell in event.get("stats", ()):
                    number = str(cell.get("groupId", ""))
                    yield Harm(f"{kind}: {term}", self.group(groups, number, place),
                               *(str(cell.get(n, "")) for n in (
                                   "numAffected", "numEvents", "numAtRisk")),
                               frame, note, f"{place}, {number}")


def _denominators(of: Mapping) -> dict[str, dict[str, str]]:
    """Units analysed by what they are and by group."""
    return {str(one.get("units", "")): {str(c.get("groupId", "")): str(c.get("value", ""))
                                        for c in one.get("counts", ())}
            for one in of.get("denoms", ())}


def _units(found: Mapping[str, dict[str, str]], wanted: str) -> tuple[str, dict[str, str]]:
    """The units of which values are, with their numbers: those that are named, else the only ones.

    Where named units are not counted, the numbers of others are none of theirs.
    """
    if wanted:
        same = next((units for units in found if units.casefold() == wanted.casefold()), None)
        return wanted, found.get(same, {})
    if len(found) == 1:
        return next(iter(found.items()))
    return "; ".join(found), {}
