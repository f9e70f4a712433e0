"""Whether reports of the data were retracted, corrected or put under concern.

Each study is looked up at each source, and what came of it is written down: a notice, none, that
it cannot be looked up there, or that it failed. None of these makes a study clean: a notice stays
until a person has dealt with it, whatever a source says later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..data.dataset import Dataset
from ..data.notices import OPEN
from .alone import alone
from .keeping import keep, locked, now, rows_of
from .lookup import (
    FAILED,
    NONE,
    NOT_CHECKABLE,
    NOTICE,
    SOURCES,
    Finding,
    Look,
    asked,
    of_file,
    studies_of,
)
from .net import SourceError
from .notices import Notice, same, together


def _notice_of(row: Mapping) -> Notice:
    return Notice(row["kind"], row["notice_doi"] or "", row["notice_pmid"] or "",
                  row["notice_date"] or "")


def _fill(row: dict, notice: Notice, sources: Iterable[str]) -> None:
    """Add to a row what a source says; what stands there stays."""
    both = together(_notice_of(row), notice)
    row |= {"kind": both.kind, "notice_doi": both.doi or None, "notice_pmid": both.pmid or None,
            "notice_date": both.date or None}
    names = {*row["sources"], *sources}
    row["sources"] = (*(s for s in SOURCES if s in names), *sorted(names - {*SOURCES}))


def _with_notices(rows: list[dict], seen: Look) -> list[dict]:
    """The rows of notices with what a source says; none is taken away."""
    for finding in seen.findings:
        place = {"indication": finding.study.indication, "study_id": finding.study.study_id}
        for notice in finding.notices:
            own = [row for row in rows if row.items() >= place.items()
                   and same(_notice_of(row), notice)]
            if not own:
                own = [place | {
                    "kind": notice.kind, "notice_doi": None, "notice_pmid": None,
                    "notice_date": None, "sources": (), "first_seen": seen.day, "state": OPEN,
                    "handled_how": None}]
                rows.append(own[0])
            _fill(own[0], notice, (seen.source,))
            for twin in own[1:]:  # two rows that only now turn out to be one
                if twin["state"] == own[0]["state"] == OPEN and same(
                        _notice_of(twin), _notice_of(own[0])):
                    _fill(own[0], _notice_of(twin), twin["sources"])
                    own[0]["first_seen"] = min(own[0]["first_seen"], twin["first_seen"])
                    rows = [row for row in rows if row is not twin]
    return rows


def _watch(old: dict | None, finding: Finding, seen: Look) -> dict:
    """The row of a look-up; one that failed leaves what an earlier one has found."""
    new = {"indication": finding.study.indication, "study_id": finding.study.study_id,
           "source": seen.source, "checked_on": seen.day, "result": finding.result,
           "reason": finding.reason or None}
    if old is None:
        return new
    if finding.result == FAILED and old["result"] in (NOTICE, NONE):
        return old | {"reason": f"failed on {seen.day}: {finding.reason}"}
    as_before = (old["result"], old["reason"]) == (new["result"], new["reason"])
    return old if as_before and finding.result == NOT_CHECKABLE else new


def tables(data: Dataset, looks: Iterable[Look]) -> dict[str, list[dict]]:
    """The tables notices and watches with what sources say.

    Parameters
    ----------
    data : Dataset
    looks : iterable of Look
        In the order of `SOURCES`: the first source is believed where two differ.

    Returns
    -------
    dict of str to list of dict
        For `keeping.keep`.
    """
    notices = rows_of(data, "notices")
    watches = {(r["indication"], r["study_id"], r["source"]): r for r in rows_of(data, "watches")}
    for seen in looks:
        notices = _with_notices(notices, seen)
        for finding in seen.findings:
            key = (finding.study.indication, finding.study.study_id, seen.source)
            watches[key] = _watch(watches.get(key), finding, seen)
    order = {(s.indication, s.study_id): at for at, s in enumerate(studies_of(data))}
    sources = {name: at for at, name in enumerate(data.words("watch_source"))}
    return {
        "notices": sorted(notices, key=lambda r: (
            order[r["indication"], r["study_id"]], r["notice_date"] or "", r["kind"],
            r["notice_doi"] or "", r["notice_pmid"] or "")),
        "watches": sorted(watches.values(), key=lambda r: (
            order[r["indication"], r["study_id"]], sources[r["source"]]))}


def new_notices(before: Dataset, after: Dataset) -> list[Mapping]:
    """The notices that were not there before."""
    known = [(r["indication"], r["study_id"], _notice_of(r)) for r in before.records("notices")]
    return [row for row in after.records("notices") if not any(
        (i, s) == (row["indication"], row["study_id"]) and same(n, _notice_of(row))
        for i, s, n in known)]


@dataclass(frozen=True)
class Outcome:
    """What came of a run.

    Attributes
    ----------
    before, after : Dataset
        The same object where no byte changes.
    looks : tuple of Look
    passed : tuple of str
        Sources that were not asked, with why.
    """

    before: Dataset
    after: Dataset
    looks: tuple[Look, ...]
    passed: tuple[str, ...]

    @property
    def failed(self) -> tuple[Look, ...]:
        """The sources that did not answer for some report."""
        return tuple(seen for seen in self.looks if seen.failed)

    @property
    def new(self) -> list[Mapping]:
        """The notices that were not there before."""
        return new_notices(self.before, self.after)


def run(data: Dataset, raw: Path, *, chosen: Sequence[str] = (), offline: bool = False,
        file: Path | None = None, told: Callable[[str, int], None] = lambda source, number: None
        ) -> Outcome:
    """Look up every report, or read again what is stored, and write the tables.

    Parameters
    ----------
    data : Dataset
        Without errors.
    raw : Path
        Where answers are stored.
    chosen : sequence of str
        Of `lookup.SOURCES`; all where it is empty.
    offline : bool
        Whether nothing is asked.
    file : Path, optional
        A Retraction Watch file that was fetched already.
    told : callable
        Called with a source and the number of reports that it was asked for.

    Raises
    ------
    SourceError
        When a chosen source cannot be asked, or the file is none; nothing is written then, as
        with those below.
    RawError
        When what is stored is not what its manifest says.
    BusyError
        When another command is at work in the same folders.
    KeepingError, OSError
        When the tables cannot be written.
    """
    if not offline:
        raw.mkdir(parents=True, exist_ok=True)
    with alone(data.folder, raw):
        studies, looks, passed = studies_of(data), [], []
        for source in SOURCES:
            if chosen and source not in chosen:
                continue
            count = _Counter(source, told)
            try:
                seen = of_file(file, studies) if file and source == SOURCES[0] else asked(
                    raw, source, studies, offline, count)
            except SourceError as error:
                if source in chosen or (file and source == SOURCES[0]):
                    raise
                passed.append(str(error))
                continue
            if seen is None:
                passed.append(f"{source}: {raw} holds no answers of it")
            else:
                looks.append(seen)
        with locked(data.folder):
            there = now(data)  # somebody may have dealt with a notice meanwhile
            after = keep(there, tables(there, looks))
        return Outcome(there, after, tuple(looks), tuple(passed))


class _Counter:
    """Tells how many reports a source was asked for."""

    def __init__(self, source: str, told: Callable[[str, int], None]):
        self.source, self.told, self.number = source, told, 0

    def __call__(self) -> None:
        self.number += 1
        self.told(self.source, self.number)
