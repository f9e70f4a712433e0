"""The page of a trial: what it was, every number read in it, and where each number counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from ..effects.messages import Message
from ..effects.values import reading
from ..review import Review
from ..review.certainty import judged_low
from ..review.measure import uncontrolled, weightless
from .addresses import Addresses
from .base import Label, View, label
from .finding import Estimate, Question, estimate_of, question
from .forest import Arm, anchor, signs_of
from .message import message
from .naming import arm_names, of_study, seed_names, shortened, spoken, study_names
from .sources import Link, Source, doi, pubmed, registration, source
from .unused import Reasons, Unused

INDEX = "trials/index.html"
# Warnings of the data check that the page of a trial says in its own words elsewhere.
SAID_ELSEWHERE = ("companion", "overlap")


@dataclass(frozen=True)
class Warned:
    """Something to bear in mind.

    Attributes
    ----------
    kind : str
        ``retracted``, ``concern``, ``doubt``, ``within-person``, ``low-follow-up``,
        ``comparable-until``, ``overlap``, or ``check`` (a rule of the data check).
    rule : str
        Of the data check.
    about : Label or None
        What a doubt is about, or how sure an overlap is.
    said : str
        Details in the words of the data.
    subjects : tuple of Label
        Outcomes or events concerned.
    months : float or None
    rows : tuple of Link
        Rows concerned, where they stand on the page.
    other : Link or None
        The other study.
    action : Label or None
        What follows.
    """

    kind: str
    rule: str = ""
    about: Label | None = None
    said: str = ""
    subjects: tuple[Label, ...] = ()
    months: float | None = None
    rows: tuple[Link, ...] = ()
    other: Link | None = None
    action: Label | None = None


@dataclass(frozen=True)
class Stated:
    """A fact and the source that says so, where it is not that of the whole row."""

    said: Label
    source: Source | None = None


@dataclass(frozen=True)
class Facts:
    """What a study was; what is not known is None or empty."""

    design: Label
    randomised: bool
    blinding: Label
    allocation: Label
    species: Label
    country: tuple[str, ...]
    population: str
    condition: Label
    n: int | None
    unit: Label
    patients: int | None
    months: float | None
    funding: Stated
    status: Stated
    progress: Label
    year: int | None
    journal: str
    registration: tuple[Link, ...]
    doi: Link | None
    pmid: Link | None
    cited_by: tuple[str, ...]
    source: Source
    accessed: str
    file: str
    row: int
    note: str


@dataclass(frozen=True)
class TrialArm:
    """An arm of a study.

    Attributes
    ----------
    given : tuple of Label
        Tissue, product and donor, or the kind of control.
    parts : tuple of str
        Names of the arms of which this one is the union.
    """

    name: str
    role: Label
    n: int | None
    patients: int | None
    given: tuple[Label, ...]
    dose: float | None
    dose_per: Label
    administrations: int | None
    route: tuple[Label, ...]
    carrier: str
    besides: tuple[Label, ...]
    age: float | None
    age_sd: float | None
    women: int | None
    parts: tuple[str, ...]
    note: str


@dataclass(frozen=True)
class Value:
    """A row of the data with what its source prints.

    Attributes
    ----------
    anchor : str
        Of the row on the page of the study.
    arm : str
        Both arms of a contrast.
    printed : tuple of (str, str)
        Columns and what they hold.
    said : tuple of Label
        Words of the row: side of a contrast, kind of a count, quality.
    """

    anchor: str
    arm: str
    months: float | None
    n: str
    printed: tuple[tuple[str, str], ...]
    said: tuple[Label, ...]
    source: Source | None
    locator: str
    row: int
    note: str


@dataclass(frozen=True)
class Group:
    """Rows of one outcome and instrument, event or contrast."""

    subject: Label
    instrument: str
    statistic: Label
    scale: tuple[float | None, float | None]
    better: Label
    rows: tuple[Value, ...]


@dataclass(frozen=True)
class Taken:
    """A row as an analysis took it."""

    arm: str
    href: str
    printed: tuple[tuple[str, str], ...]
    source: Source | None
    locator: str
    file: str
    row: int
    note: str


@dataclass(frozen=True)
class Use:
    """An analysis that a number is in."""

    title: str
    href: str
    weight: float | None
    no_weight: bool
    without: Estimate | None


@dataclass(frozen=True)
class Effect:
    """A number as analysed, with where it comes from and the analyses that it is in.

    Attributes
    ----------
    comparison : Label or None
        None where nothing is compared.
    no_ratio : Message or None
        Why the trial gives no ratio.
    steps : tuple of Message
        From the printed to the analysed values.
    passed_over : tuple of (str, Message)
        Rows not taken, with the reason.
    report : Link or None
        The later report in which the numbers are.
    """

    anchor: str
    outcome: Label
    instrument: str
    months: float | None
    comparison: Label | None
    statistic: Label
    question: Question
    estimate: Estimate | None
    no_ratio: Message | None
    quality: Label
    signs: tuple[str, ...]
    odd: tuple[str, ...]
    cells: Arm
    control: Arm | None
    taken: tuple[Taken, ...]
    steps: tuple[Message, ...]
    passed_over: tuple[tuple[str, Message], ...]
    report: Link | None
    uses: tuple[Use, ...]


@dataclass(frozen=True)
class Absent:
    """A reason and the analyses that a trial is not in for it."""

    reason: Message
    analyses: tuple[Link, ...]


@dataclass(frozen=True)
class Judgement:
    """Risk of bias as one review published it with one tool."""

    tool: Label
    source: Source | None
    design_grade: bool
    domains: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Says:
    """What a report states of an outcome, without our reckoning."""

    favours: Label
    outcomes: tuple[tuple[Label, float | None, str], ...]


@dataclass(frozen=True)
class TrialPage(View):
    """The page of a study.

    Attributes
    ----------
    main : Link or None
        The main report of the same patients, on whose page the numbers analysed are.
    reports : tuple of (Link, str)
        Later reports of the same patients with their titles.
    stated : Stated or None
        What the report concludes.
    unused : Unused or None
        Why no analysis uses the study.
    elsewhere : tuple of Link
        Numbers of this report that are analysed on the page of the main one.
    """

    template = "trial"

    id: str
    name: str
    title: str
    indication: Label
    chapter: str
    index: str
    warnings: tuple[Warned, ...]
    facts: Facts
    stated: Stated | None
    says: tuple[Says, ...]
    arms: tuple[TrialArm, ...]
    outcomes: tuple[Group, ...]
    contrasts: tuple[Group, ...]
    events: tuple[Group, ...]
    effects: tuple[Effect, ...]
    absent: tuple[Absent, ...]
    unused: Unused | None
    elsewhere: tuple[Link, ...]
    judgements: tuple[Judgement, ...]
    judged_low: bool
    main: Link | None
    reports: tuple[tuple[Link, str], ...]


@dataclass(frozen=True)
class IndexRow:
    """A study in the index.

    Attributes
    ----------
    numbers : str
        ``analysed``, ``unused`` or ``none``.
    """

    name: str
    href: str
    indication: Label
    design: Label
    comparators: tuple[Label, ...]
    n: int | None
    status: Label | None
    progress: Label | None
    year: int | None
    numbers: str


@dataclass(frozen=True)
class TrialIndex(View):
    """Every study of every indication."""

    template = "trial_index"

    rows: tuple[IndexRow, ...]
    n_indications: int
    n_analysed: int
    n_unused: int


def row_anchor(table: str, row: int) -> str:
    """The anchor of a row of data on the page of its study."""
    return f"{table}-{row}"


class Trials:
    """The studies of one indication.

    Parameters
    ----------
    review : Review
    indication : str
    addresses : Addresses
    """

    def __init__(self, review: Review, indication: str, addresses: Addresses):
        self.review, self.data, self.indication = review, review.data, indication
        self.addresses, self.ev = addresses, review.evidence[indication]
        self.names = study_names(self.data, indication)
        self.arms = arm_names(self.data, indication)
        self.seeds = seed_names(self.data)
        self.titles = {s: shortened(row["title"]) for s, row in self.ev.sources.items()}
        self.unused = Reasons(review, indication, addresses)
        self.results = review.analyses(indication)

    # --- look-ups, each made once -----------------------------------------------------------------

    @cached_property
    def _arms_of(self) -> dict[str, dict[str, str]]:
        """Names of the arms by study."""
        return {s: of_study(self.arms, s) for s in self.ev.studies}

    @cached_property
    def _rows(self) -> dict[str, dict[str, list[Mapping]]]:
        """Rows of results by table and study, arms in their order."""
        out: dict[str, dict] = {t: defaultdict(list) for t in (
            "outcomes", "contrasts", "adverse_events")}
        for name, found in out.items():
            for row in self.data.values(name, self.indication):
                found[row["study_id"]].append(row)
        return out

    @cached_property
    def _study_of_row(self) -> dict[tuple[str, int], str]:
        return {(name, row["row"]): study for name, found in self._rows.items()
                for study, rows in found.items() for row in rows}

    @cached_property
    def _effects_of(self) -> dict[str, list[tuple[dict, dict]]]:
        """What each trial gives to each analysis."""
        out = defaultdict(list)
        for result in self.results:
            for study in result["studies"]:
                out[study["trial_id"]].append((result, study))
        return out

    @cached_property
    def _absent_of(self) -> dict[str, dict[str, list[Link]]]:
        """Analyses that each trial is not in, by reason."""
        out: dict[str, dict] = defaultdict(lambda: defaultdict(list))
        for result in self.results:
            for trial in result["not_in_pool"]["trials"]:
                out[trial["trial_id"]][trial["reason"]].append(self._analysis(result))
        return out

    @cached_property
    def _problems(self) -> dict[str, dict[str, list[tuple[str, int, str]]]]:
        """Warnings of the data check by study and rule: table, row, what is wrong."""
        out: dict[str, dict] = defaultdict(lambda: defaultdict(list))
        own = {(t, r["row"]): r["study_id"] for t in ("studies", "arms")
               for r in self.data.records(t, self.indication)}
        for problem in self.data.warnings_in(self.indication):
            table = problem.file.rpartition("/")[2].removesuffix(".csv")
            for row in problem.rows or (problem.row,):
                study = self._study_of_row.get((table, row)) or own.get((table, row))
                if study and problem.rule not in SAID_ELSEWHERE:
                    out[study][problem.rule].append((table, row, problem.wrong))
        return out

    @cached_property
    def _doubts(self) -> dict[str, list[Mapping]]:
        out = defaultdict(list)
        for row in self.data.having("doubts", "indication", self.indication):
            if row["decision"] == "doubtful":
                out[row["study_id"]].append(row)
        return out

    @cached_property
    def _bias(self) -> dict[str, list[Mapping]]:
        out = defaultdict(list)
        for row in self.data.records("risk_of_bias", self.indication):
            out[row["study_id"]].append(row)
        return out

    # --- small parts ------------------------------------------------------------------------------

    def link(self, study_id: str) -> Link:
        """A study by its name."""
        return Link(self.names[study_id], self.addresses.trial(self.indication, study_id))

    def _analysis(self, result: dict) -> Link:
        return Link(result["title"], self.addresses.figure(result["id"]))

    def _label(self, vocabulary: str, value: str | None) -> Label | None:
        return label(self.data, vocabulary, value) if value else None

    def _source(self, source_id: str | None) -> Source | None:
        return source(self.data, self.ev.sources.get(source_id or ""))

    def _subject(self, item: str, event: bool = False) -> Label:
        """What was measured or counted."""
        known = event or item in self.data.words("event")
        return label(self.data, "event" if known else "outcome", item)

    def _said(self, text: str | None, study_id: str) -> str:
        """A text of the data with names in place of identifiers."""
        return spoken(text, self._arms_of[study_id], self.names, self.seeds, self.titles)

    def _message(self, text: str, study_id: str) -> Message:
        """What a result says of a trial."""
        return message(text, self._arms_of[study_id], self.names)

    def _row_href(self, study_id: str, table: str, row: int) -> str:
        return self.addresses.value(self.indication, study_id, row_anchor(table, row))

    # --- the page ---------------------------------------------------------------------------------

    def page(self, study_id: str) -> TrialPage:
        """The page of a study.

        Parameters
        ----------
        study_id : str
        """
        study, main = self.ev.studies[study_id], self.ev.trial_of(study_id)
        stated = self._label("stated_result", study["stated_result"])
        return TrialPage(
            id=study_id, name=self.names[study_id], title=study["title"] or "",
            indication=label(self.data, "indication", self.indication),
            chapter=self.addresses.chapter(self.indication), index=INDEX,
            warnings=tuple(self._warnings(study)), facts=self._facts(study),
            stated=Stated(stated, self._source(study["stated_result_source_id"]))
            if stated else None,
            says=self._says(study_id), arms=self._trial_arms(study_id),
            outcomes=self._groups("outcomes", study_id),
            contrasts=self._groups("contrasts", study_id),
            events=self._groups("adverse_events", study_id),
            effects=self._effects(study_id), absent=self._absent(study_id),
            unused=self.unused.why(study_id), elsewhere=self._elsewhere(study_id, main),
            judgements=self._judgements(study_id), judged_low=judged_low(self.ev, study_id),
            main=self.link(main) if main != study_id else None,
            reports=tuple((self.link(s), row["title"] or "") for s, row in self.ev.studies.items()
                          if s != study_id and s != main and self.ev.trial_of(s) == main))

    def _facts(self, study: Mapping) -> Facts:
        words_of = {c: self._label(c, study[c]) for c in (
            "design", "blinding", "allocation", "species", "condition", "unit", "progress")}
        return Facts(
            **words_of, randomised=study["randomised"] == "yes",
            country=study["country"], population=self._said(study["population"],
                                                            study["study_id"]),
            n=study["n_enrolled"], patients=study["n_patients"], months=study["followup_months"],
            funding=Stated(self._label("funding", study["funding"]),
                           self._source(study["funding_source_id"])),
            status=Stated(self._label("status", study["status"]),
                          self._source(study["status_source_id"])),
            year=study["year"], journal=study["journal"] or "",
            registration=tuple(registration(r) for r in study["registration"]),
            doi=Link(study["doi"], doi(study["doi"])) if study["doi"] else None,
            pmid=Link(study["pmid"], pubmed(study["pmid"])) if study["pmid"] else None,
            cited_by=tuple(dict.fromkeys(self.seeds[c.split(":")[0]] for c in study["cited_by"]
                                         if c.split(":")[0] in self.seeds)),
            source=self._source(study["source_id"]),
            accessed=self.ev.sources[study["source_id"]]["accessed"],
            file=f"{self.indication}/studies.csv", row=study["row"],
            note=self._said(study["note"], study["study_id"]))

    def _trial_arms(self, study_id: str) -> tuple[TrialArm, ...]:
        names = self._arms_of[study_id]
        return tuple(TrialArm(
            name=names[arm["arm_id"]], role=label(self.data, "role", arm["role"]),
            n=arm["n_allocated"], patients=arm["n_patients"],
            given=tuple(label(self.data, v, arm[v]) for v in (
                "cell_source", "cell_product", "donor", "comparator_type")
                if arm[v] and arm[v] != "none"),
            dose=arm["dose_cells"], dose_per=self._label("dose_per", arm["dose_per"]),
            administrations=arm["administrations"],
            route=tuple(label(self.data, "route", r) for r in arm["route"] if r != "none"),
            carrier=arm["carrier"] or "",
            besides=tuple(label(self.data, "cointervention", c) for c in arm["cointervention"]),
            age=arm["age_mean"], age_sd=arm["age_sd"], women=arm["female_n"],
            parts=tuple(names[a] for a in arm["combines"] if a in names),
            note=self._said(arm["note"], study_id))
            for arm in self._arm_rows[study_id])

    @cached_property
    def _arm_rows(self) -> dict[str, list[Mapping]]:
        out = defaultdict(list)
        for arm in self.data.records("arms", self.indication):
            out[arm["study_id"]].append(arm)
        return out

    # --- every number read ------------------------------------------------------------------------

    def _groups(self, table: str, study_id: str) -> tuple[Group, ...]:
        """The rows of a table, those of one outcome and instrument together."""
        order = {arm: i for i, arm in enumerate(self._arms_of[study_id])}
        found = defaultdict(list)
        for row in self._rows[table][study_id]:
            item = row["event"] if table == "adverse_events" else row["outcome"]
            found[item, row.get("instrument"), row.get("statistic") or row.get("measure"),
                  row.get("scale_min"), row.get("scale_max"), row.get("better")].append(row)
        kind = "measure" if table == "contrasts" else "statistic"
        return tuple(Group(
            subject=self._subject(item, table == "adverse_events"), instrument=instrument or "",
            statistic=self._label(kind, statistic), scale=(low, high),
            better=self._label("better", better),
            rows=tuple(self._value(table, row) for row in sorted(rows, key=lambda r: (
                _month(r) is None, _month(r) or 0,
                order.get(r.get("arm_id", r.get("arm_intervention")), 0), r["row"]))))
            for (item, instrument, statistic, low, high, better), rows in found.items())

    def _value(self, table: str, row: Mapping) -> Value:
        study_id, arms = row["study_id"], self._arms_of[row["study_id"]]
        pair = [row[a] for a in ("arm_id", "arm_intervention", "arm_comparator") if a in row]
        printed = reading(table, row).printed
        said = [self._label("favours", row.get("favours")),
                self._label("count", row.get("count")) if row.get("count") != "patients" else None,
                self._label("quality", row["quality"])]
        return Value(
            anchor=row_anchor(table, row["row"]),
            arm=" / ".join(arms.get(a, "") for a in pair), months=_month(row),
            n=dict(printed).get("n", ""), printed=tuple(p for p in printed if p[0] != "n"),
            said=tuple(w for w in said if w), source=self._source(row["source_id"]),
            locator=row["locator"] or "", row=row["row"], note=self._said(row["note"], study_id))

    def _says(self, study_id: str) -> tuple[Says, ...]:
        """The sides that the report's own comparisons are on."""
        found = defaultdict(list)
        for row in self._rows["contrasts"][study_id]:
            if row["favours"]:
                found[row["favours"]].append(
                    (self._subject(row["outcome"]), row["timepoint_months"],
                     self._row_href(study_id, "contrasts", row["row"])))
        return tuple(Says(label(self.data, "favours", side), tuple(rows))
                     for side, rows in found.items())

    # --- where the numbers count ------------------------------------------------------------------

    def _effects(self, study_id: str) -> tuple[Effect, ...]:
        """Effects of a trial; the same numbers in several analyses are one."""
        found: dict[str, list[tuple[dict, dict]]] = defaultdict(list)
        for result, study in self._effects_of[study_id]:
            found[anchor(result, study)].append((result, study))
        return tuple(self._effect(name, pairs) for name, pairs in found.items())

    def _effect(self, name: str, pairs: list[tuple[dict, dict]]) -> Effect:
        result, study = pairs[0]
        alone, there = uncontrolled(result), study["yi"] is not None
        of = study["study_id"]
        over = dict.fromkeys((self._said(what, of), why)
                             for _, s in pairs for what, why in s["passed_over"])
        return Effect(
            anchor=name, outcome=self._subject(study["outcome"]),
            instrument=study["instrument"] or "", months=study["months"],
            comparison=None if alone else label(self.data, "comparison_class",
                                                study["comparison"]),
            statistic=self._label("statistic", study["statistic"]),
            question=question(self.data, result),
            estimate=estimate_of({**study, "k": 1}) if there else None,
            no_ratio=None if there else self._message(study["no_ratio"], of),
            quality=label(self.data, "quality", study["quality"]), signs=signs_of(study),
            odd=tuple(dict.fromkeys(self._said(wrong, of) for _, wrong in study["odd"])),
            cells=_arm(study, "cells"), control=None if alone else _arm(study, "comparator"),
            taken=tuple(self._taken(of, r) for r in _readings(study)),
            steps=tuple(self._message(step, of) for step in study["derivation"]),
            passed_over=tuple((what, self._message(why, of)) for what, why in over),
            report=self.link(of) if of != study["trial_id"] else None,
            uses=tuple(self._use(r, s) for r, s in pairs))

    def _use(self, result: dict, study: dict) -> Use:
        bare = weightless(result, study)
        return Use(result["title"], self.addresses.figure(result["id"]),
                   study["weight"] if result["k"] > 1 else None, bare,
                   estimate_of(study.get("without")) if bare else None)

    def _taken(self, study_id: str, read: dict) -> Taken:
        of = self._study_of_row.get((read["table"], read["row"]), study_id)
        return Taken(
            self._arms_of[of].get(read["arm_id"], ""),
            self._row_href(of, read["table"], read["row"]),
            tuple(map(tuple, read["printed"])), self._source(read["source_id"]),
            read["locator"] or "", f"{self.indication}/{read['table']}.csv", read["row"],
            self._said(read["note"], of))

    def _elsewhere(self, study_id: str, main: str) -> tuple[Link, ...]:
        """The numbers of a later report, on the page of the main one."""
        if main == study_id:
            return ()
        found = {anchor(r, s): (r, s) for r, s in self._effects_of[main]
                 if s["study_id"] == study_id}
        return tuple(Link(r["title"], self.addresses.value(self.indication, main, name))
                     for name, (r, s) in found.items())

    def _absent(self, study_id: str) -> tuple[Absent, ...]:
        found = self._absent_of.get(study_id, {})
        return tuple(Absent(self._message(reason, study_id), tuple(analyses))
                     for reason, analyses in sorted(found.items(), key=lambda f: len(f[1])))

    # --- what to bear in mind ---------------------------------------------------------------------

    def _warnings(self, study: Mapping) -> Iterator[Warned]:
        study_id, effects = study["study_id"], self._effects_of[study["study_id"]]
        status = self._label("status", study["status"])
        if study["status"] in ("retracted", "expression-of-concern"):
            yield Warned("retracted" if study["status"] == "retracted" else "concern", about=status)
        yield from self._doubt_warnings(study_id)
        yield from self._check_warnings(study_id)
        if study["allocation"] == "within-person":
            yield Warned("within-person")
        if few := {s["outcome"]: None for _, s in effects if s["low_follow_up"]}:
            yield Warned("low-follow-up", subjects=tuple(map(self._subject, few)))
        if study["comparable_until_months"] is not None:
            yield Warned("comparable-until", months=study["comparable_until_months"])
        yield from self._overlaps(study_id)

    def _doubt_warnings(self, study_id: str) -> Iterator[Warned]:
        """Values in doubt; one reason for several of them is said once."""
        found = defaultdict(dict)
        for row in self._doubts.get(study_id, ()):
            subject = row["item"] and self._subject(row["item"], row["table"] == "adverse_events")
            found[row["rule"], row["reason"]][subject] = None
        for (rule, reason), subjects in found.items():
            yield Warned("doubt", rule, label(self.data, "doubt_rule", rule),
                         self._said(reason, study_id), tuple(s for s in subjects if s))

    def _check_warnings(self, study_id: str) -> Iterator[Warned]:
        for rule, found in self._problems.get(study_id, {}).items():
            wrong = dict.fromkeys(self._said(said, study_id) for _, _, said in found)
            rows = dict.fromkeys((table, row) for table, row, _ in found if table in self._rows)
            yield Warned("check", rule, said="; ".join(wrong), rows=tuple(
                Link(f"{row}", self._row_href(study_id, table, row)) for table, row in rows))

    def _overlaps(self, study_id: str) -> Iterator[Warned]:
        for row in self.data.having("cohort_overlaps", "indication", self.indication):
            pair = (row["study_id"], row["other_study_id"])
            if study_id not in pair or row["action"] == "same-trial":
                continue
            other = pair[1 - pair.index(study_id)]
            yield Warned("overlap", about=label(self.data, "overlap_kind", row["kind"]),
                         said=self._said(row["reason"], study_id), other=self.link(other),
                         action=label(self.data, "overlap_action", row["action"]))

    def _judgements(self, study_id: str) -> tuple[Judgement, ...]:
        found = defaultdict(list)
        for row in self._bias.get(study_id, ()):
            found[row["tool"], row["source_id"]].append(row)
        return tuple(Judgement(
            label(self.data, "tool", tool), self._source(source_id),
            self.data.kind("tool", tool) == "design-grade",
            tuple((r["domain"], r["judgement"]) for r in rows),
            tuple(dict.fromkeys(self._said(r["note"], study_id) for r in rows if r["note"])))
            for (tool, source_id), rows in found.items())

    # --- the index --------------------------------------------------------------------------------

    def rows(self) -> Iterator[IndexRow]:
        """The studies in the order of their names."""
        compared = defaultdict(dict)
        for c in self.ev.comparisons:
            compared[c.study_id][c.kind] = None
        for study_id, study in sorted(self.ev.studies.items(),
                                      key=lambda item: self.names[item[0]].casefold()):
            numbers = any(reading(t, row).printed for t, found in self._rows.items()
                          for row in found[study_id])
            yield IndexRow(
                name=self.names[study_id],
                href=self.addresses.trial(self.indication, study_id),
                indication=label(self.data, "indication", self.indication),
                design=self._label("design", study["design"]),
                comparators=tuple(label(self.data, "comparison_class", k)
                                  for k in compared[study_id]),
                n=study["n_enrolled"], status=self._label("status", study["status"]),
                progress=self._label("progress", study["progress"])
                if study["progress"] != "unknown" else None, year=study["year"],
                numbers="analysed" if study_id in self.unused.used else
                "unused" if numbers else "none")


def _month(row: Mapping) -> float | None:
    return row["months"] if "months" in row else row["timepoint_months"]


def _arm(study: dict, side: str) -> Arm:
    """The numbers of a group as analysed; a reported contrast has only its size."""
    arm = study[side]
    return Arm(arm["n"], arm["mean"], arm["sd"], arm["events"]) if arm else Arm(study[f"n_{side}"])


def _readings(study: dict) -> list[dict]:
    """The rows that an effect is made of."""
    both = [r for side in ("cells", "comparator") if study[side] for r in study[side]["readings"]]
    return both + study["readings"]


def _all(review: Review) -> Iterator[Trials]:
    addresses = Addresses(review.data)
    for indication in review.data.indications:
        yield Trials(review, indication, addresses)


def trial_pages(review: Review) -> Iterator[tuple[str, str, TrialPage]]:
    """The page of every study of every indication.

    Parameters
    ----------
    review : Review

    Yields
    ------
    (str, str, TrialPage)
        Study, indication, page.
    """
    for trials in _all(review):
        for study_id in trials.ev.studies:
            yield study_id, trials.indication, trials.page(study_id)


def trial_index(review: Review) -> TrialIndex:
    """The index of all studies.

    Parameters
    ----------
    review : Review
    """
    rows = tuple(row for trials in _all(review) for row in trials.rows())
    return TrialIndex(rows, len({r.indication for r in rows}),
                      sum(r.numbers == "analysed" for r in rows),
                      sum(r.numbers == "unused" for r in rows))
