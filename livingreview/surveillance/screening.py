"""Screening: what people are to decide, what they decided, and where they differ.

One row for each person, record and stage. Nothing is decided by the program: the order in which
reports are shown may be its work, a decision never is.
"""

from __future__ import annotations

import datetime
import functools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

from ..data.dataset import Dataset, load, state
from ..review.living import CONSENSUS, SCREENERS, counting, together
from .agreement import Kappa, kappa
from .alone import BusyError
from .keeping import KeepingError, keep, locked, rows_of
from .problems import ProblemsError
from .reports import Report, cluster_of, reports

TITLE, FULL = "title-abstract", "full-text"
STAGES = (TITLE, FULL)
INCLUDE, EXCLUDE, UNSURE = "include", "exclude", "unsure"
_Write = Callable[[Mapping[str, Iterable[Mapping]]], None]
LONGEST_NAME = 80  # characters


class ScreeningError(ProblemsError):
    """Decisions that cannot be kept, with every reason; nothing was written."""

    def __init__(self, *problems: str):
        super().__init__(problems)


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
    """A report that people decided differently, or that all are unsure of.

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
    """Rows of a stage by report and person; one of each counts."""
    found: dict[str, dict[str, Mapping]] = defaultdict(dict)
    report = cluster_of(data)
    for row in data.records("screening"):
        if row["stage"] == stage:
            rows = found[report[row["record_id"]]]
            rows[row["reviewer"]] = counting(rows.get(row["reviewer"]), row)
    return dict(found)


def at_stage(data: Dataset, stage: str, indication: str = "") -> tuple[Report, ...]:
    """Reports that are to be decided at a stage, by everybody, in the order of the table.

    At title and abstract all that the data do not have; at full text those that people together
    included before.
    """
    found = tuple(r for r in reports(data, indication) if not r.known)
    if stage == TITLE:
        return found
    before, now = decisions(data, TITLE), decisions(data, FULL)
    return tuple(r for r in found if r.record_id in now
                 or r.record_id in before
                 and together(before[r.record_id].values()) == INCLUDE)


def waiting(data: Dataset, stage: str, reviewer: str, indication: str = ""
            ) -> tuple[Report, ...]:
    """Reports that a person is to decide: not those that two others have, or that are settled."""
    done = decisions(data, stage)
    return tuple(r for r in at_stage(data, stage, indication)
                 if len(people := done.get(r.record_id, {}).keys()) < SCREENERS
                 and not {reviewer, CONSENSUS} & people)


def disagreements(data: Dataset, stage: str, indication: str = "") -> tuple[Disagreement, ...]:
    """Reports that people decided differently or are unsure of, in the order of the table."""
    done, found = decisions(data, stage), []
    for report in reports(data, indication) if done else ():
        rows = dict(done.get(report.record_id, {}))
        settled = rows.pop(CONSENSUS, None)
        if rows and together(rows.values()) == UNSURE:
            found.append(Disagreement(report, tuple(rows.values()), settled))
    return tuple(found)


def agreement(data: Dataset, stage: str, indication: str = "") -> dict[tuple[str, str], Kappa]:
    """Cohen's kappa of each two people who decided the same reports, of three words."""
    wanted = {r.record_id for r in reports(data, indication)}
    said: dict[str, dict[str, str]] = defaultdict(dict)
    for report, rows in decisions(data, stage).items():
        for reviewer, row in rows.items():
            if report in wanted and reviewer != CONSENSUS:
                said[reviewer][report] = row["decision"]
    return {(one, other): kappa((said[one][r], said[other][r]) for r in both)
            for one, other in combinations(sorted(said), 2)
            if (both := said[one].keys() & said[other].keys())}


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
        """A block in which nobody else changes tables; it gets the data, and what writes them.

        Raises
        ------
        ScreeningError
            When another command is at work, or rows are wrong.
        """
        try:
            with locked(self.folder):
                before = self.data()

                def write(tables: Mapping[str, Iterable[Mapping]]) -> None:
                    after = keep(before, tables)
                    self._state, self._data = state(self.folder), after

                yield before, write
        except BusyError as error:
            raise ScreeningError(str(error)) from None
        except KeepingError as error:
            raise ScreeningError(*map(str, error.problems)) from error

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
                said = functools.reduce(counting, same)["decision"] if same else ""
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
        if one.decision == UNSURE:
            raise ScreeningError(f"{one.record_id}: {UNSURE} settles nothing: expected {INCLUDE} "
                                 f"or {EXCLUDE}")
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
