"""Screening: what people are to decide, what they decided, and where they differ.

One row for each person, record and stage. Nothing is decided by the program: the order in which
reports are shown may be its work, a decision never is.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

from ..data.dataset import Dataset, load, state
from .agreement import Kappa, kappa
from .keeping import KeepingError, keep, locked, rows_of
from .reports import Report, cluster_of, reports

TITLE, FULL = "title-abstract", "full-text"
STAGES = (TITLE, FULL)
INCLUDE, EXCLUDE, UNSURE = "include", "exclude", "unsure"
CONSENSUS = "consensus"  # the reviewer of a row that settles a disagreement
PEOPLE = 2  # who decide of a report, each without knowing what the other said
DIFFER = "differ"  # the outcome where people decided differently and nobody has settled it
_Write = Callable[[Mapping[str, Iterable[Mapping]]], None]
LONGEST_NAME = 80  # characters


class ScreeningError(Exception):
    """Decisions that cannot be kept, with every reason; nothing was written."""

    def __init__(self, *problems: str):
        self.problems = problems
        super().__init__("\n".join(problems))


@dataclass(frozen=True)
class Decision:
    """What somebody wants to say of a report.

    Attributes
    ----------
    record_id : str
        Any of its records.
    stage, decision : str
        Of the lists screening_stage and screening_decision.
    reviewer : str
    reason : str
        Of the list exclusion_reason, of an exclusion only.
    rank : int or None
        Place at which it was shown.
    model : str
        What ordered the records; empty for the order of the searches.
    date : str
        Empty for today.
    """

    record_id: str
    stage: str
    reviewer: str
    decision: str
    reason: str = ""
    rank: int | None = None
    model: str = ""
    date: str = ""


@dataclass(frozen=True)
class Disagreement:
    """A report of which people decided differently.

    Attributes
    ----------
    report : Report
    rows : tuple of mapping
        The decision of each person.
    settled : mapping or None
        The decision that settled it.
    """

    report: Report
    rows: tuple[Mapping, ...]
    settled: Mapping | None


def decisions(data: Dataset, stage: str) -> dict[str, dict[str, Mapping]]:
    """Rows of a stage by report and person; of several rows for one report the last counts."""
    found: dict[str, dict[str, Mapping]] = defaultdict(dict)
    report = cluster_of(data)
    for row in data.records("screening"):
        if row["stage"] == stage:
            found[report[row["record_id"]]][row["reviewer"]] = row
    return dict(found)


def outcome(stage: str, rows: Mapping[str, Mapping]) -> str:
    """What was decided of a report: a decision, `DIFFER`, or nothing yet (empty).

    At title and abstract a report of which somebody is unsure goes on as an included one does: only
    an exclusion beside either is a disagreement.
    """
    if CONSENSUS in rows:
        return rows[CONSENSUS]["decision"]
    said = [row["decision"] for row in rows.values()]
    if len({_weighed(stage, word) for word in said}) > 1:
        return DIFFER
    return UNSURE if UNSURE in said else said[0] if said else ""


def _weighed(stage: str, decision: str) -> str:
    return INCLUDE if stage == TITLE and decision == UNSURE else decision


def at_stage(data: Dataset, stage: str, indication: str = "") -> tuple[Report, ...]:
    """Reports that are to be decided at a stage, by everybody, in the order of the table.

    At title and abstract all that the data do not have; at full text those that nobody excluded,
    and those whose disagreement was settled so.
    """
    found = tuple(r for r in reports(data, indication) if not r.known)
    if stage == TITLE:
        return found
    before = decisions(data, TITLE)
    return tuple(r for r in found
                 if outcome(TITLE, before.get(r.record_id, {})) in (INCLUDE, UNSURE))


def waiting(data: Dataset, stage: str, reviewer: str, indication: str = ""
            ) -> tuple[Report, ...]:
    """Reports that a person is to decide: not those that two others have, or that are settled."""
    done = decisions(data, stage)
    return tuple(r for r in at_stage(data, stage, indication)
                 if len(people := done.get(r.record_id, {}).keys()) < PEOPLE
                 and not {reviewer, CONSENSUS} & people)


def disagreements(data: Dataset, stage: str, indication: str = "") -> tuple[Disagreement, ...]:
    """Reports of which people decided differently, settled or not, in the order of the table."""
    done, found = decisions(data, stage), []
    for report in reports(data, indication):
        rows = dict(done.get(report.record_id, {}))
        settled = rows.pop(CONSENSUS, None)
        if outcome(stage, rows) == DIFFER:
            found.append(Disagreement(report, tuple(rows.values()), settled))
    return tuple(found)


def agreement(data: Dataset, stage: str, indication: str = "") -> dict[tuple[str, str], Kappa]:
    """Cohen's kappa of each two people, over the reports that both decided.

    At title and abstract of two decisions, to go on or not; at full text of all three.
    """
    wanted = {r.record_id for r in reports(data, indication)}
    said: dict[str, dict[str, str]] = defaultdict(dict)
    for report, rows in decisions(data, stage).items():
        for reviewer, row in rows.items():
            if report in wanted and reviewer != CONSENSUS:
                said[reviewer][report] = _weighed(stage, row["decision"])
    found = {}
    for one, other in combinations(sorted(said), 2):
        both = sorted(said[one].keys() & said[other].keys())
        found[one, other] = kappa((said[one][r], said[other][r]) for r in both)
    return found


def name_of(text: str) -> str:
    """The name of a person as it is kept.

    Raises
    ------
    ScreeningError
        When it is none.
    """
    name = " ".join(text.split())
    if not name or not name[0].isalnum() or not name.isprintable() or len(name) > LONGEST_NAME:
        raise ScreeningError(f"reviewer {text[:LONGEST_NAME]!r}: expected a name that begins with "
                             f"a letter, of at most {LONGEST_NAME} characters")
    if name.lower() == CONSENSUS:
        raise ScreeningError(f"reviewer {name!r}: this name is of decisions that settle a "
                             "disagreement; give your own")
    return name


class Screening:
    """The screening of a data folder by people who may work at it at the same time.

    Each change reads the tables again while nobody else may write them.

    Parameters
    ----------
    folder : Path
    today : callable, optional
        Gives the day of a decision.

    Raises
    ------
    DataError
        When the folder has errors.
    """

    def __init__(self, folder: Path, today: Callable[[], datetime.date] = datetime.date.today):
        self.folder, self.today = folder, today
        self._state, self._data = state(folder), load(folder)

    def data(self) -> Dataset:
        """The data as they are now."""
        now = state(self.folder)
        if now != self._state:
            self._state, self._data = now, load(self.folder)
        return self._data

    @contextmanager
    def changing(self) -> Iterator[tuple[Dataset, _Write]]:
        """A block in which nobody else changes tables; it gets the data, and what writes them."""
        with locked(self.folder):
            before = self.data()

            def write(tables: Mapping[str, Iterable[Mapping]]) -> None:
                try:
                    after = keep(before, tables)
                except KeepingError as error:
                    raise ScreeningError(*map(str, error.problems)) from error
                self._state, self._data = state(self.folder), after

            yield before, write

    def decide(self, *wanted: Decision, before: str | None = "",
               reasons: bool = True) -> None:
        """Keep decisions of people.

        Parameters
        ----------
        *wanted : Decision
        before : str or None, optional
            What the same person is known to have decided of the same report: whoever looks at an
            old page changes nothing unknowingly. None for whatever it is.
        reasons : bool, optional
            Whether each exclusion needs a reason at title and abstract too. At full text it does.

        Raises
        ------
        ScreeningError
            With everything that is wrong; nothing is written then.
        """
        with self.changing() as (data, write):
            rows, report = rows_of(data, "screening"), cluster_of(data)
            problems = [p for one in wanted for p in _wrong(data, one, report, reasons)]
            if problems:
                raise ScreeningError(*problems)
            for one in wanted:
                same = [row for row in rows if row["stage"] == one.stage
                        and row["reviewer"] == one.reviewer
                        and report[row["record_id"]] == report[one.record_id]]
                said = same[-1]["decision"] if same else ""
                if before is not None and said != before:
                    problems.append(
                        f"{one.record_id}: {one.reviewer} has decided {said or 'nothing'} of it "
                        f"meanwhile, and this page knew of {before or 'nothing'}: look again")
                rows = [row for row in rows if row not in same] + [self._row(one)]
            if problems:
                raise ScreeningError(*problems)
            write({"screening": rows})

    def settle(self, one: Decision, before: str = "") -> None:
        """Keep what people agree on after they had decided differently.

        Parameters
        ----------
        one : Decision
            Its reviewer is `CONSENSUS`, whoever is named.
        before : str, optional
            As of `decide`.

        Raises
        ------
        ScreeningError
            Also where nobody differs about the report.
        """
        data = self.data()
        differ = {record for d in disagreements(data, one.stage) for record in d.report.members}
        if one.record_id in cluster_of(data) and one.record_id not in differ:
            raise ScreeningError(f"{one.record_id}: nobody differs about it at {one.stage}")
        self.decide(replace(one, reviewer=CONSENSUS), before=before)

    def undo(self, reviewer: str) -> Mapping:
        """Take back the last decision of a person; the row that is gone.

        Raises
        ------
        ScreeningError
            When there is none.
        """
        with self.changing() as (data, write):
            rows = rows_of(data, "screening")
            own = [i for i, row in enumerate(rows) if row["reviewer"] == reviewer]
            if not own:
                raise ScreeningError(f"{reviewer} has decided nothing that could be taken back")
            gone = rows.pop(own[-1])
            write({"screening": rows})
        return gone

    def _row(self, one: Decision) -> dict:
        return {"record_id": one.record_id, "stage": one.stage, "reviewer": one.reviewer,
                "decision": one.decision, "reason": one.reason or None,
                "date": one.date or self.today().isoformat(), "rank": one.rank,
                "model": one.model or None}


def _wrong(data: Dataset, one: Decision, report: Mapping[str, str], reasons: bool
           ) -> Iterator[str]:
    """What is wrong with a decision."""
    if one.record_id not in report:
        yield f"record {one.record_id!r}: expected a record of records.csv"
    for name, value, words in (("stage", one.stage, "screening_stage"),
                               ("decision", one.decision, "screening_decision"),
                               ("reason", one.reason, "exclusion_reason")):
        allowed = data.words(words)
        if value not in allowed and (value or name != "reason"):
            yield f"{one.record_id}: {name} {value!r}: expected one of {', '.join(allowed)}"
    if one.reason and one.decision != EXCLUDE:
        yield f"{one.record_id}: reason {one.reason!r}: only an exclusion has one"
    if one.decision == EXCLUDE and not one.reason and (reasons or one.stage == FULL):
        yield (f"{one.record_id}: an exclusion needs a reason: expected one of "
               f"{', '.join(data.words('exclusion_reason'))}")
    if one.reviewer != CONSENSUS:
        try:
            name_of(one.reviewer)
        except ScreeningError as error:
            yield from error.problems
