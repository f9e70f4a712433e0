"""How a treatment is said to act: the tables of the seed reviews, with what lies behind."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from ..data.dataset import Dataset
from ..review import Review
from ..review.claims import Cited, cited_by
from .base import Label, Struct, View, label, wording
from .ledger import Judged, Reference

# Kinds of evidence, that nearest to people last; no word where none is cited.
KINDS = ("", "retracted", "other", "secondary", "laboratory", "animal", "human")
_IN_PEOPLE = ("human", "controlled", "uncontrolled")
# A picture in pixels: letters of a line, place of the first and of the last letter by column.
LETTERS, STARTS, ENDS, WIDTH = (20, 26, 36), (0, 196, 434), (147, 380), 700
LINE, GAP, HEAD = 14, 8, 24
_ROOM, _BRACKET = 42, 12  # letters beside an effect, and those that its kind of evidence takes


class Mechanism(Struct):
    """A row of a seed review; `kind` is the evidence nearest to people that it cites."""

    id: str
    indication: Label
    product: str
    mechanism: str
    mediator: str
    effect: str
    direction: Label
    kind: str
    review: str
    cited: tuple[Reference, ...]


class Mechanisms(View, template="mechanisms"):
    """Every mechanism with its mediator, its effect, and what it cites."""

    given: Label
    mediator: Label
    rows: tuple[Mechanism, ...]


class MechanismCounts(View, template="mechanism_counts"):
    """How many mechanisms rest on which kind of evidence at best, that nearest to people first."""

    n: int
    kinds: tuple[tuple[str, int], ...]


class Node(Struct):
    """Words of a column; no line is what has no name, and `kind` stands behind an effect."""

    y: float
    lines: tuple[str, ...]
    kind: str = ""


class Step(Struct):
    """A line between two columns of a picture."""

    x1: float
    y1: float
    x2: float
    y2: float
    kind: str


class Network(Struct):
    """The mechanisms of an indication as three columns of words joined by lines."""

    indication: str
    name: Label
    starts: tuple[float, ...]
    width: float
    height: float
    # what is given, what it acts through, what is said to follow
    columns: tuple[tuple[Node, ...], ...]
    steps: tuple[Step, ...]
    kinds: tuple[tuple[str, int], ...]
    # the same of each mechanism, and its kind of evidence
    rows: tuple[tuple[str, str, str, str], ...]


class MechanismPictures(View, template="mechanism_pictures"):
    """A picture for each indication."""

    given: Label
    mediator: Label
    networks: tuple[Network, ...]


def nearest(cited: Iterable[Cited]) -> str:
    """The kind of evidence nearest to people among references; empty where none is cited."""
    return max(map(_kind, cited), key=KINDS.index, default="")


def _kind(cited: Cited) -> str:
    if cited.retracted:
        return "retracted"
    kind = "human" if cited.evidence in _IN_PEOPLE else cited.evidence
    return kind if kind in KINDS and kind else "other"


def _rows(data: Dataset, indications: Sequence[str] | None) -> list[Mapping]:
    return [r for r in data.records("mechanisms")
            if indications is None or r["indication"] in indications]


def _counted(kinds: Iterable[str]) -> tuple[tuple[str, int], ...]:
    found = Counter(kinds)
    return tuple((kind, found[kind]) for kind in reversed(KINDS) if found[kind])


def mechanism_counts(review: Review, indications: Sequence[str] | None) -> MechanismCounts:
    """How many mechanisms rest on which kind of evidence at best.

    Parameters
    ----------
    review : Review
    indications : sequence of str or None
        Those whose mechanisms are meant; all where left out, general ones included.
    """
    rows = _rows(review.data, indications)
    return MechanismCounts(len(rows), _counted(nearest(cited_by(review.data, r)) for r in rows))


def mechanisms(review: Review, indications: Sequence[str] | None) -> Mechanisms:
    """Every mechanism with what it cites (see `mechanism_counts`)."""
    data, known, rows = review.data, Judged(review), []
    for r in _rows(data, indications):
        cited = cited_by(data, r)
        rows.append(Mechanism(
            r["mechanism_id"], label(data, "seed_indication", r["indication"]),
            r["treatment"] or "", r["mechanism"], r["mediator"] or "", r["effect"] or "",
            label(data, "mechanism_direction", r["direction"]), nearest(cited),
            known.seeds[r["review_id"]].name, tuple(map(known.reference, cited))))
    return Mechanisms(wording(data, "given"), wording(data, "mediator"), tuple(rows))


def mechanism_pictures(review: Review, indications: Sequence[str] | None) -> MechanismPictures:
    """A picture for each indication (see `mechanism_counts`)."""
    data, groups = review.data, {}
    for r in _rows(data, indications):
        groups.setdefault(r["indication"], []).append(
            (r["treatment"] or "", r["mediator"] or "", r["effect"] or "",
             nearest(cited_by(data, r))))
    return MechanismPictures(wording(data, "given"), wording(data, "mediator"), tuple(
        _network(i, label(data, "seed_indication", i), rows) for i, rows in groups.items()))


def _network(indication: str, name: Label, rows: Sequence[tuple[str, str, str, str]]) -> Network:
    # A mediator without a name is one of its own each time: nothing says that two are the same.
    keys = [[(given, 0, "") for given, *_ in rows],
            [(by, i if not by else 0, "") for i, (_, by, *_) in enumerate(rows)],
            [(effect, 0, kind) for _, _, effect, kind in rows]]
    words = [{key: tuple(textwrap.wrap(key[0], letters)) or ("",) for key in dict.fromkeys(column)}
             for column, letters in zip(keys, LETTERS, strict=True)]
    words[2] = {key: lines if len(lines[-1]) + _BRACKET <= _ROOM else (*lines, "")
                for key, lines in words[2].items()}
    height = max(sum(map(_room, column.values())) for column in words)
    places = [_places(column, height) for column in words]
    return Network(
        indication, name, STARTS, WIDTH, HEAD + height,
        tuple(tuple(Node(at[key], lines, key[2]) for key, lines in column.items())
              for column, at in zip(words, places, strict=True)),
        tuple(Step(ENDS[side], places[side][keys[side][i]], STARTS[side + 1] - 5,
                   places[side + 1][keys[side + 1][i]], row[3])
              for i, row in enumerate(rows) for side in (0, 1)),
        tuple(Counter(row[3] for row in rows).most_common()), tuple(rows))


def _room(lines: Sequence[str]) -> float:
    """Height of some lines with the gap below them."""
    return LINE * len(lines) + GAP


def _places(words: Mapping[tuple, Sequence[str]], height: float) -> dict[tuple, float]:
    """The middle of each label of a column, spread over the height by its number of lines."""
    stretch, top, out = height / sum(map(_room, words.values())), HEAD, {}
    for key, lines in words.items():
        out[key] = round(top + _room(lines) * stretch / 2, 1)
        top += _room(lines) * stretch
    return out
