"""Several treatments compared at once: the page of an indication, and the line that leads to it."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, zip_longest

from ..data.dataset import Dataset
from ..review.network_certainty import INCOHERENT
from ..review.network_trials import CELLS, KINDS
from .addresses import COMPARE, Addresses
from .axis import Axis
from .base import Label, View, label, wording
from .finding import Estimate, Question, estimate_of, question, without_brackets
from .forest import Forests, important
from .network_shapes import (
    Against,
    Cell,
    Choice,
    Comparison,
    Edge,
    Network,
    Node,
    Pair,
    Row,
    Step,
    Test,
)

# The drawing in pixels: as wide as a telephone's column; nodes stand on an ellipse.
WIDTH, EDGE = 326, 8  # of the drawing, and below what stands lowest in it
ACROSS, DOWN, MIDDLE = 60, 92, 142
SMALL, LARGE = 7, 22  # radius of a node by its participants
THIN, THICK = 1.5, 9  # width of a line by its trials
LETTERS, WIDE = 12, 6  # of a line of a node's name, and of a script with wide ones
LINE = 14  # pixels between lines


@dataclass(frozen=True)
class Refused:
    """An outcome and window that no network is asked of, and by which rule."""

    question: Question
    rule: str
    found: float
    asked: float


@dataclass(frozen=True)
class Networks(View):
    """All networks of an indication.

    Attributes
    ----------
    incoherent : float
        The p-value below which direct and indirect evidence disagree.
    """

    template = "networks"

    given: Label
    incoherent: float
    networks: tuple[Network, ...]
    refused: tuple[Refused, ...]


@dataclass(frozen=True)
class NetworkLine(View):
    """Where several treatments are compared, or why they are not.

    Attributes
    ----------
    asked : tuple of (Question, str)
        Networks with their addresses.
    best : Refused or None
        The one that comes nearest, where none is asked.
    """

    template = "network_line"

    given: Label
    href: str
    asked: tuple[tuple[Question, str], ...]
    best: Refused | None


def address(document: dict) -> str:
    """Where a network is on the site."""
    return Addresses.chapter(document["indication"], COMPARE, document["id"])


def file_of(document: dict) -> str:
    """The file of a network: all of it, as ``results.json`` has it."""
    return f"figures/{document['id']}.json"


def network_line(data: Dataset, documents: Sequence[dict], indication: str) -> NetworkLine:
    """The line on networks of a chapter.

    Parameters
    ----------
    data : Dataset
    documents : sequence of dict
        Of :func:`livingreview.review.network.document`.
    indication : str
    """
    asked = [d for d in documents if d["asked"]]
    nearest = max((d for d in documents if not d["asked"]), default=None,
                  key=lambda d: (len(d["treatments"]), d["k"]))
    return NetworkLine(
        wording(data, "intervention"), Addresses.chapter(indication, COMPARE),
        tuple((question(data, d), address(d)) for d in asked),
        _refused(data, nearest) if nearest and not asked else None)


def networks(forests: Forests, documents: Sequence[dict], first: Sequence[str]) -> Networks:
    """The page on which treatments of an indication are compared.

    Parameters
    ----------
    forests : Forests
        Of the indication.
    documents : sequence of dict
        Of :func:`livingreview.review.network.document`.
    first : sequence of str
        Analyses that a reader is shown first: a network that holds one comes before others.
    """
    data = forests.data
    asked = sorted((d for d in documents if d["asked"]), key=lambda d: not any(
        c["analysis"] in first for c in d["comparisons"]))
    return Networks(
        wording(data, "intervention"), INCOHERENT,
        tuple(_Drawn(forests, d).network() for d in asked),
        tuple(_refused(data, d) for d in documents if not d["asked"]))


def _refused(data: Dataset, document: dict) -> Refused:
    rule = next(rule for rule in document["rules"] if not rule["met"])
    return Refused(question(data, document), rule["rule"], rule["found"], rule["asked"])


class _Drawn:
    """One network, with the names of its treatments."""

    def __init__(self, forests: Forests, document: dict):
        self.forests, self.data, self.of = forests, forests.data, document
        self.order = [t["treatment"] for t in document["treatments"]]
        self.names = {t: self._name(t) for t in (CELLS, *KINDS, *self.order)}
        self.places = _places(self.order, {t["treatment"]: t for t in document["treatments"]})
        ends = [c[end] for c in document["contrasts"] for end in ("ci_low", "ci_high")]
        wide = max(abs(x) for x in (*ends, *important(document)))
        self.axis = Axis((-wide, wide))

    def _name(self, treatment: str) -> Label:
        if treatment == CELLS:
            return wording(self.data, "intervention")
        list_of = "cell_class" if treatment in KINDS else "analysis_comparison"
        return without_brackets(label(self.data, list_of, treatment))

    def network(self) -> Network:
        """The network as the page shows it."""
        of, fit = self.of, self.of["fit"]
        pairs = tuple(self._pair(c) for c in of["contrasts"])
        asked, mid = question(self.data, of), of["minimal_important_difference"]
        nodes = tuple(self._node(t) for t in of["treatments"])
        return Network(
            id=of["id"], question=asked, mid=mid["value"] if mid else None, k=of["k"], n=of["n"],
            nodes=nodes, size=(WIDTH, math.ceil(max(map(_bottom, nodes)) + EDGE)),
            edges=tuple(self._edge(c) for c in of["comparisons"]),
            single=sum(c["k"] == 1 for c in of["comparisons"]),
            both=sum(c["p"] is not None for c in of["contrasts"]),
            best=max((p.level for p in pairs), key=("very low", "low", "moderate", "high").index),
            ticks=self.axis.ticks(), zero=self.axis.x(0.0),
            important=tuple(self.axis.x(v) for v in important(of) if self.axis.inside(v)),
            forests=tuple(self._against(t) for t in self.order), pairs=pairs,
            league=tuple(tuple(self._cell(row, column) for column in self.order)
                         for row in self.order),
            scores=tuple((self.names[t], fit["p_scores"][t]) for t in self.order),
            tests={name: Test(t["q"], t["df"], t["p_value"]) for name, t in fit["q"].items()},
            designs=tuple(tuple(self.names[t] for t in self._sorted(d["treatments"]))
                          for d in fit["designs"]),
            heat=tuple(map(tuple, fit["net_heat"])) if fit["net_heat"] else None,
            tau2=fit["tau2"], i2=fit["i2"], df=fit["df"],
            comparisons=tuple(self._comparison(c) for c in of["comparisons"]),
            choices=tuple(self._choice(c) for c in of["robustness"]),
            contrasts=tuple(x for s in of["studies"] for x in self._contrasts(s)),
            beside=tuple((*self._trial(b["trial_id"]),
                          label(self.data, "comparison_class", b["comparison"]))
                         for b in of["beside"]),
            aside=tuple((*self._trial(a["trial_id"]), self._name(a["comparison"]))
                        for a in of["aside"]),
            file=file_of(of))

    def _sorted(self, treatments: Sequence[str]) -> list[str]:
        return sorted(treatments, key=self.order.index)

    def _trial(self, trial: str) -> tuple[str, str]:
        return self.forests.findings.trial(trial)

    def _node(self, treatment: dict) -> Node:
        name = treatment["treatment"]
        x, y, r = self.places[name]
        lines, side = _lines(self.names[name]), round(x) - WIDTH // 2
        anchor = "middle" if abs(side) < ACROSS / 2 else "start" if side > 0 else "end"
        text_x = x if anchor == "middle" else x + math.copysign(r + 5, side)
        above = y - r - 6 - LINE * (len(lines) - 1)
        text_y = (y + 4 - LINE * (len(lines) - 1) / 2 if anchor != "middle"
                  else above if y < MIDDLE else y + r + LINE)
        return Node(self.names[name], treatment["k"], treatment["n"], x, y, r, lines,
                    round(text_x, 1), round(text_y, 1), anchor, name == CELLS)

    def _edge(self, comparison: dict) -> Edge:
        one, other = comparison["treat1"], comparison["treat2"]
        (x1, y1, r1), (x2, y2, r2) = self.places[one], self.places[other]
        most = max(c["k"] for c in self.of["comparisons"])
        width = THIN + (THICK - THIN) * (comparison["k"] - 1) / max(1, most - 1)
        # the number of trials stands in the middle of what is seen of the line
        share = 0.5 + (r1 - r2) / (2 * math.hypot(x2 - x1, y2 - y1))
        return Edge(self.names[one], self.names[other], comparison["k"], comparison["n"],
                    x1, y1, x2, y2, round(width, 1), round(x1 + share * (x2 - x1), 1),
                    round(y1 + share * (y2 - y1), 1), self._figure(comparison))

    def _contrast(self, one: str, other: str) -> tuple[dict, int]:
        """What is known of two treatments, and −1 where it is of the second less the first."""
        return next((c, 1 if c["treat1"] == one else -1) for c in self.of["contrasts"]
                    if {c["treat1"], c["treat2"]} == {one, other})

    def _against(self, reference: str) -> Against:
        rows = []
        for name in self.order:
            if name != reference:
                pair = (name, reference) if reference != CELLS else (reference, name)
                contrast, sign = self._contrast(*pair)
                found = _turned(contrast, sign)
                bar = (None if found.pi_low is None
                       else self.axis.bar(found.pi_low, found.pi_high))
                rows.append(Row(self.names[name], found,
                                self.axis.mark(found.value, found.low, found.high), bar))
        return Against(self.names[reference], reference == CELLS, tuple(rows))

    def _cell(self, row: str, column: str) -> Cell:
        """Network estimates below the diagonal, direct evidence above it."""
        if row == column:
            return Cell("self", self.names[row], None)
        contrast, sign = self._contrast(row, column)
        if self.order.index(row) > self.order.index(column):
            return Cell("network", None, _turned(contrast, sign))
        return Cell("direct", None, _turned(contrast["direct"], sign))

    def _pair(self, contrast: dict) -> Pair:
        rated = contrast["certainty"]
        rests = sorted(contrast["rests_on"] or (), key=lambda r: -r["share"])
        return Pair(
            self.names[contrast["treat1"]], self.names[contrast["treat2"]],
            _turned(contrast, 1), _turned(contrast["direct"], 1), _turned(contrast["indirect"], 1),
            contrast["p"], contrast["direct_share"], rated["level"],
            rated["target"]["kind"], rated["target"]["side"], self.names[rated["base"]],
            tuple((self.names[t], level) for t, level in rated["before"].items()),
            tuple(self._step(s) for s in rated["steps"]),
            tuple((*self._trial(r["trial_id"]), r["share"]) for r in rests))

    def _step(self, step: dict) -> Step:
        known = step["domain"] in self.data.words("certainty_domain")
        return Step(step["domain"],
                    label(self.data, "certainty_domain", step["domain"]) if known else None,
                    step["change"], step["facts"] if not known else {})

    def _comparison(self, found: dict) -> Comparison:
        months = (found["months_low"], found["months_high"])
        return Comparison(
            self.names[found["treat1"]], self.names[found["treat2"]], found["k"], found["n"],
            tuple((label(self.data, "cell_class", kind), k)
                  for kind, k in found["classes"].items()),
            found["blinded"], None if None in months else months,
            tuple(self._trial(t) for t in found["trials"]), estimate_of(found["pooled"]),
            self._figure(found))

    @staticmethod
    def _figure(comparison: dict) -> str:
        """The page of the analysis that asks a comparison alone; empty where none does."""
        return Addresses.figure(comparison["analysis"]) if comparison["analysis"] else ""

    def _choice(self, choice: dict) -> Choice:
        return Choice(
            choice["id"], choice["k"], choice["tau2"],
            tuple(tuple(self._names(part)) for part in choice["components"]),
            tuple((*self._names((e["treat1"], e["treat2"])), _turned(e, 1))
                  for e in choice["estimates"]))

    def _names(self, treatments: Sequence[str]) -> list[Label]:
        """Names; a choice may hold treatments that the network does not."""
        return [self.names.get(t) or self._name(t) for t in treatments]

    def _contrasts(self, study: dict) -> list[tuple[str, Label, Label, float, float]]:
        """All differences of a trial: those of three treatments tell their covariances."""
        (first, *others), covariance = study["treatments"], study["covariance"]
        effect = {first: 0.0, **{c["treat2"]: -c["yi"] for c in study["contrasts"]}}
        index = {t: i for i, t in enumerate(others)}

        def shared(one: str, other: str) -> float:
            return 0.0 if first in (one, other) else covariance[index[one]][index[other]]

        name = self._trial(study["trial_id"])[0]
        return [(name, self.names[one], self.names[other], effect[one] - effect[other],
                 shared(one, one) + shared(other, other) - 2 * shared(one, other))
                for one, other in combinations(study["treatments"], 2)]


def _turned(found: Mapping | None, sign: int) -> Estimate | None:
    """An estimate, of the second less the first where the sign is −1."""
    if found is None:
        return None

    def ends(low: str, high: str) -> tuple[float | None, float | None]:
        both = (found.get(low), found.get(high))
        return both if None in both else tuple(sorted(sign * x for x in both))

    return Estimate(sign * found["estimate"], *ends("ci_low", "ci_high"), found.get("k", 0),
                    *ends("pi_low", "pi_high"))


def _bottom(node: Node) -> float:
    """Where a treatment, or the last line of its name, ends."""
    return max(node.y + node.r, node.text_y + LINE * (len(node.lines) - 1))


def _places(order: Sequence[str], found: Mapping[str, dict]) -> dict[str, tuple]:
    """Place and radius of each treatment: cells at the top, the others around."""
    most = max(t["n"] for t in found.values()) or 1
    out = {}
    for i, name in enumerate(order):
        turn = 2 * math.pi * i / len(order)
        radius = SMALL + (LARGE - SMALL) * math.sqrt(found[name]["n"] / most)
        out[name] = (round(WIDTH / 2 + ACROSS * math.sin(turn), 1),
                     round(MIDDLE - DOWN * math.cos(turn), 1), round(radius, 1))
    return out


def _lines(name: Label) -> tuple[Label, ...]:
    """A name in short lines, in each language; a line that one of them does not need is a space.
    """
    en = textwrap.wrap(name.en, LETTERS)
    zh = [name.zh[i:i + WIDE] for i in range(0, len(name.zh), WIDE)] or en
    return tuple(Label(*both) for both in zip_longest(en, zh, fillvalue=" "))
