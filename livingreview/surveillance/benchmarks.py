"""How well ranking and the finding of duplicates do where the answer is known."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from importlib.metadata import version
from math import ceil
from pathlib import Path
from statistics import fmean

import numpy as np

from . import link
from .labelled import Labelled, LabelledError, priors, step_of, table
from .rank import Features
from .record import Record, doi_of, year_of

TOOL, PACKAGE = "livingreview", "scikit-learn"
MEAN = "mean"
RECALL = 0.95  # of which the work saved is counted
BEGINNING = 0.1  # share of records that are read first
NEW = 0.2  # share of the included records that are the new ones, at least
_ASYSD = ("author", "title", "year", "journal", "doi", "pages", "volume", "record_id", "source")
_KINDS = ("unique", "duplicate")
_RUNS = ("set", "tool", "version", "seed", "step", "records", "found_at")
_NONE = "NA"


@dataclass(frozen=True)
class Run:
    """One set, screened once to the last included record.

    Attributes
    ----------
    records : int
        Without the two records that the run began with.
    found_at : tuple of int
        Places, from 1, at which included records were read.
    """

    set: str
    tool: str
    version: str
    seed: int
    step: int
    records: int
    found_at: tuple[int, ...]

    @property
    def wss95(self) -> float:
        """Work saved over sampling at 95 % recall (Cohen 2006): share not read, minus 0.05."""
        last = self.found_at[ceil(RECALL * len(self.found_at)) - 1]
        return 1 - last / self.records - (1 - RECALL)

    @property
    def recall10(self) -> float:
        """Share of the included records among the first tenth that is read."""
        first = ceil(BEGINNING * self.records)
        return sum(place <= first for place in self.found_at) / len(self.found_at)

    @property
    def last_found(self) -> float:
        """Share of the records that was read when the last included one was found."""
        return self.found_at[-1] / self.records


@dataclass(frozen=True)
class ScreeningRow:
    """One set and tool, over its seeds; `MEAN` is the mean of the sets."""

    set: str
    tool: str
    version: str
    records: int | None
    included: int | None
    step: int | None
    seeds: str
    wss95: float
    wss95_low: float | None
    wss95_high: float | None
    recall10: float
    last_found: float


@dataclass(frozen=True)
class InTimeRow:
    """One set, of which the early years are decided and the late ones are ranked."""

    set: str
    tool: str
    version: str
    seed: int
    from_year: int
    decided: int
    decided_included: int
    new: int
    new_included: int
    read95: float


@dataclass(frozen=True)
class DeduplicationRow:
    """One set and tier: duplicates that are missed, reports that are lost.

    Attributes
    ----------
    tier : {'certain', 'proposed'}
        What is merged silently; the same with what is proposed.
    mixed : int or None
        Clusters with records of two reports; None where it is not known which report a duplicate
        is of.
    """

    set: str
    tool: str
    version: str
    tier: str
    records: int
    duplicates: int
    reports: int
    clusters: int
    missed: int
    wrong: int
    mixed: int | None
    sensitivity: float
    specificity: float


def screened(one: Labelled, seeds: Iterable[int]) -> Iterator[Run]:
    """Screen a set from one included and one excluded record, once for each seed."""
    features, step = Features.of(one.texts), step_of(len(one))
    if features is None:
        raise LabelledError([f"{one.name}: no title or abstract holds a word"])
    for seed in seeds:
        first = priors(one.included, seed)
        order = _order(features, np.array(one.included), first, step, seed)
        found = tuple(i for i, row in enumerate(order, 1) if one.included[row])
        if not found:
            raise LabelledError([f"{one.name}: expected more than one included record"])
        yield Run(one.name, TOOL, f"{PACKAGE} {version(PACKAGE)}", seed, step, len(one) - 2, found)


def _order(features: Features, included: np.ndarray, first: Sequence[int], step: int,
           seed: int) -> list[int]:
    """Rows in the order in which they are read until the last included one is found."""
    read, unread = list(first), np.ones(len(included), dtype=bool)
    unread[read] = False
    while (included & unread).any():
        weights = features.learned(read, included[read], seed)
        rows = np.flatnonzero(unread)
        best = rows[np.argsort(-features.scores(rows, weights), kind="stable")[:step]]
        read.extend(int(row) for row in best)
        unread[best] = False
    return read[len(first):]


def runs_of(path: Path) -> tuple[Run, ...]:
    """Runs of another tool, as its program wrote them (bench/asreview_runs.py).

    Raises
    ------
    LabelledError
        With every row that is no run.
    """
    found, problems = [], []
    for i, row in enumerate(table(path, _RUNS), 2):
        try:
            places = tuple(map(int, row["found_at"].split()))
            run = Run(row["set"], row["tool"], row["version"], int(row["seed"]),
                      int(row["step"]), int(row["records"]) - 2, places)
        except ValueError as error:
            problems.append(f"{path}: row {i}: {error}")
            continue
        if not places or sorted(set(places)) != list(places) or not (
                1 <= places[0] <= places[-1] <= run.records):
            problems.append(f"{path}: row {i}: found_at: expected growing places from 1 to "
                            f"{run.records}")
        found.append(run)
    if problems:
        raise LabelledError(problems)
    return tuple(found)


def screening_rows(runs: Iterable[Run]) -> tuple[ScreeningRow, ...]:
    """A row for each tool and set, by tool, and the mean of the sets that each tool has."""
    by_tool: dict[str, dict[str, list[Run]]] = defaultdict(lambda: defaultdict(list))
    for run in runs:
        by_tool[run.tool][run.set].append(run)
    return tuple(row for tool in sorted(by_tool) for row in _rows_of(by_tool[tool]))


def _rows_of(sets: Mapping[str, list[Run]]) -> Iterator[ScreeningRow]:
    rows = []
    for name in sorted(sets, key=str.lower):
        runs = sets[name]
        saved = [run.wss95 for run in runs]
        rows.append(ScreeningRow(
            name, runs[0].tool, runs[0].version, runs[0].records + 2, len(runs[0].found_at) + 1,
            runs[0].step, " ".join(str(run.seed) for run in runs), fmean(saved), min(saved),
            max(saved), fmean(run.recall10 for run in runs),
            fmean(run.last_found for run in runs)))
    yield from rows
    yield ScreeningRow(MEAN, rows[0].tool, rows[0].version, None, None, None, "",
                       fmean(row.wss95 for row in rows), None, None,
                       fmean(row.recall10 for row in rows),
                       fmean(row.last_found for row in rows))


def compared(rows: Iterable[ScreeningRow]) -> tuple[str, ...]:
    """For each other tool: how far the work saved is from ours, over the sets that both have."""
    saved: dict[str, dict[str, float]] = defaultdict(dict)
    for row in rows:
        if row.set != MEAN:
            saved[row.tool][row.set] = row.wss95
    lines = []
    for tool, theirs in sorted(saved.items()):
        both = sorted(theirs.keys() & saved[TOOL].keys())
        if tool != TOOL and both:
            ahead = [saved[TOOL][name] - theirs[name] for name in both]
            lines.append(f"WSS@95 of {TOOL} less that of {tool}: mean {fmean(ahead):+.4f}, from "
                         f"{min(ahead):+.4f} to {max(ahead):+.4f} over {len(both)} sets")
    return tuple(lines)


def in_time(one: Labelled, seed: int) -> InTimeRow | None:
    """Decide the early years of a set, rank the late ones once, and count what is to be read.

    The late years are the fewest that hold a fifth of the included records. None where the early
    years hold no included or no excluded record: there is nothing to learn from then.
    """
    years = sorted((y for y, yes in zip(one.years, one.included, strict=True) if yes and y),
                   reverse=True)
    if not years:
        return None
    first = years[ceil(NEW * len(years)) - 1]
    known = [i for i, year in enumerate(one.years) if year and year < first]
    new = [i for i, year in enumerate(one.years) if year and year >= first]
    labels = [one.included[i] for i in known]
    features = Features.of(one.texts)
    if len(set(labels)) < 2 or features is None:
        return None
    scores = features.scores(new, features.learned(known, labels, seed))
    order = [new[i] for i in np.argsort(-scores, kind="stable")]
    found = [place for place, i in enumerate(order, 1) if one.included[i]]
    return InTimeRow(one.name, TOOL, f"{PACKAGE} {version(PACKAGE)}", seed, first, len(known),
                     sum(labels), len(new), len(found),
                     found[ceil(RECALL * len(found)) - 1] / len(new))


def references(path: Path) -> tuple[tuple[Record, ...], dict[str, str]]:
    """Records of a set whose duplicates are known, in the columns of ASySD's test set.

    Returns
    -------
    records : tuple of Record
    truth : dict of str to str
        Source and number of each record, to unique or duplicate: one record of each report is
        unique.

    Raises
    ------
    LabelledError
        With every wrong row.
    """
    records, truth, problems = [], {}, []
    for i, row in enumerate(table(path, _ASYSD), 2):
        row = {c: "" if row[c].strip() == _NONE else row[c].strip() for c in _ASYSD}
        record = Record("other", row["record_id"], title=row["title"],
                        first_author=row["author"].split(".")[0], year=year_of(row["year"]),
                        journal=row["journal"], volume=row["volume"], pages=row["pages"],
                        doi=doi_of(row["doi"]))
        if row["source"] not in _KINDS:
            problems.append(f"{path}: row {i}: source is {row['source']!r}; expected one of "
                            f"{', '.join(_KINDS)}")
        if not row["record_id"] or record.source_id in truth:
            problems.append(f"{path}: row {i}: record_id is {row['record_id']!r}; expected a "
                            "number of its own")
        records.append(record)
        truth[record.source_id] = row["source"]
    if problems:
        raise LabelledError(problems)
    return tuple(records), truth


def deduplicated(name: str, records: Sequence[Record], truth: Mapping[str, str],
                 reports: Mapping[str, str] | None = None) -> tuple[DeduplicationRow, ...]:
    """How many duplicates are missed and reports lost: by what is certain, and by all proposals.

    A cluster is to hold one unique record. One without is a duplicate that was missed; each unique
    record beyond the first is a report that was lost (as the ASySD paper counts them).
    """
    found = link.pairs(records)
    tiers = {link.CERTAIN: [p for p in found if p.tier == link.CERTAIN], link.PROPOSED: found}
    rows = []
    for tier, of in tiers.items():
        clusters: dict[str, list[str]] = defaultdict(list)
        for key, head in link.cluster(
                records, [link.Decided(p.first, p.other) for p in of]).items():
            clusters[head].append(key)
        rows.append(_counted(name, tier, tuple(clusters.values()), truth, reports))
    return tuple(rows)


def _counted(name: str, tier: str, clusters: Sequence[Sequence[str]], truth: Mapping[str, str],
             reports: Mapping[str, str] | None) -> DeduplicationRow:
    unique = [sum(truth[key] == "unique" for key in cluster) for cluster in clusters]
    missed, wrong = unique.count(0), sum(n - 1 for n in unique if n > 1)
    mixed = reports and sum(len({reports[key] for key in cluster}) > 1 for cluster in clusters)
    distinct = sum(kind == "unique" for kind in truth.values())
    duplicates = len(truth) - distinct
    return DeduplicationRow(
        name, TOOL, f"rapidfuzz {version('rapidfuzz')}", tier, len(truth), duplicates, distinct,
        len(clusters), missed, wrong, mixed, 1 - missed / max(duplicates, 1),
        1 - wrong / max(distinct, 1))


Row = ScreeningRow | InTimeRow | DeduplicationRow


def written(rows: Sequence[Row], kind: type) -> str:
    """Rows as a CSV file; shares with four decimals."""
    names, text = [f.name for f in fields(kind)], io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_cell(getattr(row, name)) for name in names] for row in rows)
    return text.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.4f}" if isinstance(value, float) else str(value)
