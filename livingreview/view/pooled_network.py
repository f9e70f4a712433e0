"""The network of a file of trials: what is printed of it, and its drawing."""

from __future__ import annotations

from .axis import Bar, Tick
from .base import Struct, View

Ends = tuple[float | None, float | None, float | None]  # estimate and interval, as readers know it


class Node(Struct):
    """A treatment: its place and size in the drawing, and where its name stands."""

    name: str
    x: float
    y: float
    r: float
    text_x: float
    text_y: float
    anchor: str


class Edge(Struct):
    """Two treatments that `k` trials compare, and the line between them."""

    one: str
    other: str
    k: int
    x1: float
    y1: float
    x2: float
    y2: float
    width: float
    at_x: float
    at_y: float


class Row(Struct):
    """A treatment against the reference; without a trial of the two (`k` is 0) it is indirect."""

    name: str
    k: int
    ends: Ends
    x: float
    bar: Bar
    prediction: Bar | None


class Part(Struct):
    """Treatments that trials connect, drawn."""

    reference: str
    height: int  # pixels of the drawing of the network, which is as wide as the whole
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    rows: tuple[Row, ...]
    ticks: tuple[Tick, ...]
    labels: tuple[str, ...]
    zero: float
    # the row less the column: the network below the diagonal, direct evidence alone above it
    league: tuple[tuple[Ends | None, ...], ...]


class PooledNetwork(View, template="pooled_network"):
    """The network of a file."""

    document: dict  # what the command gives as JSON
    name: str  # of the file
    decimals: int | None  # of estimates; None where they have no fixed ones
    parts: tuple[Part, ...]  # the network, and what is not connected with it
    # what lies to the left and to the right of no effect; empty where nobody said
    favours: tuple[str, ...] = ()
