"""What the page on networks shows of one: treatments, lines, estimates, certainties, tests."""

from __future__ import annotations

from .axis import Bar, Mark, Tick
from .base import Label, Struct
from .finding import Estimate, Question


class Node(Struct):
    """A treatment: its place and size in the drawing, the lines of its name and where they are."""

    name: Label
    k: int
    n: float
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
    """Two treatments: all that is known of the first less the second.

    Attributes
    ----------
    estimate : Estimate
        Of the network, with its prediction interval.
    direct, indirect : Estimate or None
    p : float or None
        Of the difference between the two; None where there are not both.
    share : float
        Of the network estimate that is direct.
    target, side : str
        What the level is of: ``important`` (on a side: ``benefit`` or ``harm``), ``little`` or
        ``any`` effect.
    base : Label
        The control whose comparison with the treatment the certainty starts from.
    before : tuple of (Label, str)
        Levels of the comparisons with the treatment that it may start from.
    rests : tuple of (str, str, float)
        Name, address and share of the trials that it rests on most.
    """

    one: Label
    other: Label
    estimate: Estimate
    direct: Estimate | None
    indirect: Estimate | None
    p: float | None
    share: float
    level: str
    target: str
    side: str
    base: Label
    before: tuple[tuple[Label, str], ...]
    steps: tuple[Step, ...]
    rests: tuple[tuple[str, str, float], ...]


class Comparison(Struct):
    """The trials of two treatments, and what could make them unlike those of others.

    Attributes
    ----------
    alone : Estimate or None
        What these trials give by themselves, on the page of `href`.
    """

    one: Label
    other: Label
    k: int
    n: float
    classes: tuple[tuple[Label, int], ...]
    blinded: int
    months: tuple[float, float] | None
    trials: tuple[tuple[str, str], ...]
    alone: Estimate | None
    href: str


class Choice(Struct):
    """The same by another choice: estimates, and the parts that the treatments fall into.

    Attributes
    ----------
    classes : tuple of Label
        Of the treatment, that the choice is about.
    """

    key: str
    classes: tuple[Label, ...]
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
    name: Label | None
    estimate: Estimate | None


class Network(Struct):
    """One outcome and window.

    Attributes
    ----------
    size : tuple of int
        Width and height of the drawing in pixels.
    single : int
        Comparisons that rest on one trial.
    both : int
        Pairs with direct and indirect evidence.
    best : str
        The highest certainty of a pair.
    heat : tuple or None
        Net heat, by designs; None where no two designs can disagree.
    contrasts : tuple of (str, Label, Label, float, float)
        Trial, treatments, difference and variance, to pool again.
    beside : tuple of (str, str, Label)
        Trials with another kind of control.
    aside : tuple of (str, str, Label)
        Controls of a trial that were not measured at once with its others.
    """

    id: str
    question: Question
    mid: float | None
    k: int
    n: float
    nodes: tuple[Node, ...]
    size: tuple[int, int]
    edges: tuple[Edge, ...]
    single: int
    both: int
    best: str
    ticks: tuple[Tick, ...]
    zero: float
    important: tuple[float, ...]
    forests: tuple[Against, ...]
    pairs: tuple[Pair, ...]
    league: tuple[tuple[Cell, ...], ...]
    scores: tuple[tuple[Label, float], ...]
    tests: dict[str, Test]
    designs: tuple[tuple[Label, ...], ...]
    heat: tuple[tuple[float, ...], ...] | None
    tau2: float | None
    i2: float | None
    df: int | None
    comparisons: tuple[Comparison, ...]
    choices: tuple[Choice, ...]
    contrasts: tuple[tuple[str, Label, Label, float, float], ...]
    beside: tuple[tuple[str, str, Label], ...]
    aside: tuple[tuple[str, str, Label], ...]
    file: str
