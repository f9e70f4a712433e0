"""The results of a data folder: by indication, in parallel where asked, each computed once."""

from __future__ import annotations

import io
import pickle
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from .. import __version__
from ..data import reads
from ..data.dataset import Dataset, store_of
from ..data.parcel import Parcel
from ..data.store import Store
from ..effects import Analysis, Effect, Evidence
from . import directions, network
from .known import known
from .results import analyse
from .written import dumps

CHUNK = 8  # analyses that one unit of work computes
FEW = 8  # units that are computed before processes for them would have begun
# Runs a function on units of work and yields (position, result) as they finish.
Runner = Callable[[Callable, Sequence[tuple]], Iterator[tuple[int, object]]]


class _Evidence(dict):
    """The evidence of each indication, read when it is asked for."""

    def __init__(self, data: Dataset):
        super().__init__()
        self._data = data

    def __missing__(self, indication: str) -> Evidence:
        self[indication] = Evidence(self._data, indication)
        return self[indication]


@dataclass(frozen=True)
class Part:
    """The results of one indication.

    Attributes
    ----------
    results : dict
        By analysis.
    effects : dict of str to list of Effect
        By analysis.
    directions : dict
        Directions of all controlled trials.
    known : dict
        Every known study.
    networks : list of dict
        Outcomes and windows that several treatments can be compared in at once, or why not.
    """

    results: dict[str, dict]
    effects: dict[str, list[Effect]]
    directions: dict
    known: dict
    networks: list[dict]


@dataclass(frozen=True)
class Review:
    """A data folder with its evidence and the results of its analyses.

    Attributes
    ----------
    data : Dataset
    parts : mapping of str to Part
        By indication.
    """

    data: Dataset
    parts: Mapping[str, Part]

    @classmethod
    def by_need(cls, data: Dataset) -> Review:
        """A review whose results are computed, or taken from the store, when they are asked for.

        A page depends only on the indications whose results it shows.
        """
        return cls(data, _ByNeed(data))

    @cached_property
    def evidence(self) -> dict[str, Evidence]:
        """By indication; read when it is asked for."""
        return _Evidence(self.data)

    @cached_property
    def effects(self) -> dict[str, list[Effect]]:
        """By analysis."""
        return {name: found for part in self.parts.values()
                for name, found in part.effects.items()}

    @cached_property
    def document(self) -> dict:
        """What ``results.json`` holds."""
        return {"data_version": self.data.version, "package_version": __version__,
                "digests": dict(self.data.digests), "analyses": self._results,
                "directions": {i: part.directions for i, part in self.parts.items()},
                "known": {i: part.known for i, part in self.parts.items()},
                "networks": {i: part.networks for i, part in self.parts.items()}}

    def text(self) -> str:
        """``results.json``, with the names that the review's files have."""
        return dumps(self.data.names.own.result(self.document))

    @cached_property
    def _results(self) -> dict[str, dict]:
        return {name: result for part in self.parts.values()
                for name, result in part.results.items()}

    def analysis(self, analysis_id: str) -> dict:
        """The result of one analysis; LookupError where `analyses.csv` declares none."""
        for row in self.data.having("analyses", "analysis_id", analysis_id):
            if row["indication"] in self.parts:
                return self.parts[row["indication"]].results[analysis_id]
        raise LookupError(f"analyses.csv has no row {analysis_id!r}")

    def networks(self, indication: str) -> list[dict]:
        """What an indication asks against several controls (see `review.network.document`)."""
        return self.parts[indication].networks if indication in self.parts else []

    def analyses(self, indication: str, **having) -> list[dict]:
        """Results of an indication whose keys have these values, in the order of the table."""
        part = self.parts.get(indication)
        return [a for a in (part.results.values() if part else ())
                if all(a[key] == value for key, value in having.items())]


class _ByNeed(Mapping):
    """The results of each indication, made when they are asked for."""

    def __init__(self, data: Dataset):
        self._data, self._made = data, {}

    def __getitem__(self, indication: str) -> Part:
        if indication not in self._data.indications:
            raise KeyError(indication)
        if indication not in self._made:
            self._made |= review(self._data, only=[indication]).parts
        return self._made[indication]

    def __contains__(self, indication: object) -> bool:
        return indication in self._data.indications

    def __iter__(self) -> Iterator[str]:
        return iter(self._data.indications)

    def __len__(self) -> int:
        return len(self._data.indications)


def compute(parcel: Parcel, indication: str, wanted: tuple[str, ...]) -> tuple:
    """A unit of work: some analyses of an indication, or with none named what it knows besides.

    Parameters
    ----------
    parcel : Parcel
    indication : str
    wanted : tuple of str
        Identifiers of analyses.

    Returns
    -------
    (list of (str, dict, list of Effect), (dict, dict, list) or None, list of str)
        Results with their effects; directions, known studies and networks; and what was read.
    """
    data = parcel.data()
    with reads.apart() as read:
        ev = Evidence(data, indication)
        # read for the directions too: an indication without analyses may get one
        rows = {r["analysis_id"]: r for r in data.having("analyses", "indication", indication)}
        if not wanted:
            besides = (directions.document({indication: ev})[indication], known(ev),
                       network.document(ev))
            return [], besides, sorted(read)
        done = [(name, *analyse(ev, Analysis.of(rows[name]))) for name in wanted]
    return done, None, sorted(read)


def in_turn(function: Callable, units: Sequence[tuple]) -> Iterator[tuple[int, object]]:
    """Run units of work one after another in this process."""
    return ((i, function(*unit)) for i, unit in enumerate(units))


def _modules() -> list[str]:
    """The package's files that results can depend on: what shows them comes after."""
    rooms = tuple(f"{reads.MODULE}{room}/" for room in ("synthesis", "data", "effects", "review"))
    return [m for m in reads.modules() if m.startswith(rooms)]


def _stored(data: Dataset, indication: str, store: Store | None) -> Part | None:
    """The results of an indication that were computed from the same before."""
    name = f"{reads.RESULTS}/{indication}"
    content = store and store.find(name, reads.libraries(), data.fingerprint)
    if not content:
        return None
    reads.note(f"{reads.RESULTS}?{indication}")  # what they were made from comes to them alone
    return pickle.loads(content[reads.LENGTH:])


def _content(part: Part) -> bytes:
    """Results for the store: their digest, which is that of the same results made elsewhere."""
    plain = pickle.Pickler(every := io.BytesIO())
    plain.fast = True  # no references: what is equal is the same, of one object or of several
    plain.dump(part)
    return reads.digest([every.getvalue()]).encode() + pickle.dumps(part)


def _units(data: Dataset, indications: Iterable[str],
           parcel: Parcel) -> Iterator[tuple[Parcel, str, tuple[str, ...]]]:
    """Units of work: the directions of each indication, and its analyses in chunks."""
    for indication in indications:
        yield parcel, indication, ()
        names = [r["analysis_id"] for r in data.having("analyses", "indication", indication)]
        for start in range(0, len(names), CHUNK):
            yield parcel, indication, tuple(names[start:start + CHUNK])


def _computed(data: Dataset, missing: list[str], run: Runner, parcel: Parcel,
              progress: Callable[[str], None]) -> Iterator[tuple[str, Part, set[str]]]:
    """The results of indications with what was read for them."""
    units = list(_units(data, missing, parcel))
    if 0 < len(units) <= FEW and not parcel.archive:
        run = in_turn
    left = Counter(indication for _, indication, _ in units)
    found: dict[str, dict[int, tuple]] = {i: {} for i in missing}
    for position, result in run(compute, units):
        indication = units[position][1]
        found[indication][position] = result
        for name, *_ in result[0]:
            progress(name)
        left[indication] -= 1
        if not left[indication]:  # at once, so that it is kept if the others are interrupted
            done = [result for _, result in sorted(found.pop(indication).items())]
            triples = [triple for chunk, _, _ in done for triple in chunk]
            yield (indication, Part({n: r for n, r, _ in triples}, {n: e for n, _, e in triples},
                                    *next(d for _, d, _ in done if d is not None)),
                   {read for *_, some in done for read in some})


def review(data: Dataset, progress: Callable[[str], None] | None = None,
           only: Sequence[str] | None = None, run: Runner = in_turn,
           with_files: bool = False) -> Review:
    """The results of a data folder, computed or taken from the store of the build.

    Parameters
    ----------
    data : Dataset
    progress : callable, optional
        Called with the identifier of each analysis that is there.
    only : sequence of str, optional
        Indications; all where it is left out.
    run : callable
        Runs units of work; one after another in this process where it is left out. The results
        are the same wherever they run.
    with_files : bool
        Whether `run` runs where the data folder cannot be seen.

    Returns
    -------
    Review
    """
    wanted = list(data.indications if only is None else only)
    store, progress = store_of(data.folder), progress or (lambda _: None)
    parts = {i: part for i in wanted if (part := _stored(data, i, store))}
    for part in parts.values():
        for name in part.results:
            progress(name)
    missing = [i for i in wanted if i not in parts]
    parcel = Parcel.of(data, with_files) if missing else None
    for indication, part, read in _computed(data, missing, run, parcel, progress):
        for name in read:
            reads.note(name)
        if store:
            store.keep(f"{reads.RESULTS}/{indication}", reads.libraries(),
                       {n: data.fingerprint(n) for n in {*read, *_modules()}}, _content(part))
        parts[indication] = part
    return Review(data, {i: parts[i] for i in wanted})


def whole_folder(parcel: Parcel) -> tuple[str, list[str]]:
    """A unit of work: all results of a data folder.

    Parameters
    ----------
    parcel : Parcel

    Returns
    -------
    (str, list of str)
        What ``results.json`` holds, and the errors in the data; one of the two is empty.
    """
    data = parcel.examined()
    errors = [str(p) for p in data.problems if p.level == "error"]
    return ("", errors) if errors else (review(data).text(), [])
