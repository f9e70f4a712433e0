"""What the page on networks shows of one: treatments, lines, estimates, certainties, tests."""

from __future__ import annotations

from .axis import Bar, Mark, Tick
from .base import Label, Struct
from .finding import Estimate, Question


class Node(Struct):
    """A treatment: its place and size in the drawing, the lines of its name and where they are."""

    name: Label
    x: float
    y: float
    r: float
    lines: tuple[Label, ...]
    text_x: float
    text_y: float
    anchor: str
    intervention: bool


class Edge(Struct):
    """Two treatments that trials compare, the line between them, and the page of their analysis."""

    one: Label
    other: Label
    k: int
    n: float
    x1: float
    y1: float
    x2: float
    y2: float
    width: float
    at_x: float
    at_y: float
    href: str


class Row(Struct):
    """A treatment against the reference of a forest plot; `k` of the estimate is direct trials."""

    name: Label
    estimate: Estimate
    mark: Mark
    prediction: Bar | None


class Against(Struct):
    """A forest plot: every other treatment against one; or `intervention` against every other."""

    reference: Label
    intervention: bool
    rows: tuple[Row, ...]


class Step(Struct):
    """What a domain changes in a certainty, in levels, and what it looked at."""

    domain: str
    name: Label | None
    change: int
    facts: dict


class Pair(Struct):
    """Two treatments: all that is known of the first less the second."""

    one: Label
    other: Label
    estimate: Estimate  # of the network, with its prediction interval
    direct: Estimate | None
    indirect: Estimate | None
    p: float | None  # of the difference between the two; None where there are not both
    share: float  # of the network estimate that is direct
    level: str
    # target, side: what the level is of: ``important`` (on a side: ``benefit`` or ``harm``),
    # ``little`` or ``any`` effect
    target: str
    side: str
    # levels of the comparisons with the treatment that it may start from
    before: tuple[tuple[Label, str], ...]
    steps: tuple[Step, ...]
    # name, address and share of the trials that it rests on most
    rests: tuple[tuple[str, str, float], ...]


class Comparison(Struct):
    """The trials of two treatments, and what could make them unlike those of others."""

    one: Label
    other: Label
    k: int
    n: float
    classes: tuple[tuple[Label, int], ...]
    blinded: int
    months: tuple[float, float] | None
    trials: tuple[tuple[str, str], ...]
    alone: Estimate | None  # what these trials give by themselves, on the page of `href`
    href: str


class Choice(Struct):
    """The same by another choice: estimates, and the parts that the treatments fall into."""

    key: str
    classes: tuple[Label, ...]  # of the treatment, that the choice is about
    k: int
    tau2: float | None
    parts: tuple[tuple[Label, ...], ...]
    rows: tuple[tuple[Label, Label, Estimate], ...]


class Test(Struct):
    """A Q statistic; no p-value without degrees of freedom."""

    q: float
    df: int
    p: float | None


class Cell(Struct):
    """A cell of the league table: row less column."""

    kind: str
    estimate: Estimate | None


class Network(Struct):
    """One outcome and window."""

    id: str
    question: Question
    mid: float | None
    k: int
    n: float
    nodes: tuple[Node, ...]
    size: tuple[int, int]  # width and height of the drawing in pixels
    edges: tuple[Edge, ...]
    single: int  # comparisons that rest on one trial
    both: int  # pairs with direct and indirect evidence
    best: str  # the highest certainty of a pair
    ticks: tuple[Tick, ...]
    zero: float
    important: tuple[float, ...]
    forests: tuple[Against, ...]
    pairs: tuple[Pair, ...]
    league: tuple[tuple[Cell, ...], ...]
    scores: tuple[tuple[Label, float], ...]
    tests: dict[str, Test]
    designs: tuple[tuple[Label, ...], ...]
    # net heat, by designs; None where no two designs can disagree
    heat: tuple[tuple[float, ...], ...] | None
    tau2: float | None
    i2: float | None
    df: int | None
    comparisons: tuple[Comparison, ...]
    choices: tuple[Choice, ...]
    # trial, treatments, difference and variance, to pool again
    contrasts: tuple[tuple[str, Label, Label, float, float], ...]
    beside: tuple[tuple[str, str, Label], ...]  # trials with another kind of control
    # controls of a trial that were not measured at once with its others
    aside: tuple[tuple[str, str, Label], ...]
    file: str
