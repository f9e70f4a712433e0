"""Several treatments compared at once: the page of an indication, and the line that leads to it."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from itertools import combinations, zip_longest

from ..data.dataset import Dataset
from ..effects.comparisons import pooled_classes
from ..review.network_certainty import INCOHERENT
from ..review.network_trials import INTERVENTION
from .addresses import COMPARE, Addresses
from .axis import Axis
from .base import Label, Struct, View, label, wording
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
from .ring import LINE, Ring, line

RING = Ring(326, 300, 60, 92, 142, 30)  # as wide as a telephone's column
EDGE = 8  # below what stands lowest in a drawing
LETTERS, WIDE = 12, 6  # of a line of a node's name, and of a script with wide ones


class Refused(Struct):
    """An outcome and window that no network is asked of, and by which rule."""

    question: Question
    rule: str
    found: float
    asked: float


class Networks(View, template="networks"):
    """All networks of an indication."""

    given: Label
    product: Label
    incoherent: float  # the p-value below which direct and indirect evidence disagree
    networks: tuple[Network, ...]
    refused: tuple[Refused, ...]


class NetworkLine(View, template="network_line"):
    """Where several treatments are compared, or why they are not."""

    given: Label
    product: Label
    href: str
    asked: tuple[tuple[Question, str], ...]  # networks with their addresses
    best: Refused | None  # the one that comes nearest, where none is asked


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
        wording(data, "intervention"), wording(data, "product"),
        Addresses.chapter(indication, COMPARE),
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
        wording(data, "intervention"), wording(data, "product"), INCOHERENT,
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
        self.names = {t: self._name(t) for t in (INTERVENTION, *self.order)}
        self.places = RING.places({t["treatment"]: t["n"] for t in document["treatments"]})
        ends = [c[end] for c in document["contrasts"] for end in ("ci_low", "ci_high")]
        wide = max(abs(x) for x in (*ends, *important(document)))
        self.axis = Axis((-wide, wide))

    def _name(self, treatment: str) -> Label:
        if treatment == INTERVENTION:
            return wording(self.data, "intervention")
        of_class = treatment in pooled_classes(self.data)
        return without_brackets(label(
            self.data, "treatment_class" if of_class else "analysis_comparison", treatment))

    def network(self) -> Network:
        """The network as the page shows it."""
        of, fit = self.of, self.of["fit"]
        pairs = tuple(self._pair(c) for c in of["contrasts"])
        asked, mid = question(self.data, of), of["minimal_important_difference"]
        nodes = tuple(self._node(t) for t in of["treatments"])
        return Network(
            id=of["id"], question=asked, mid=mid["value"] if mid else None, k=of["k"], n=of["n"],
            nodes=nodes, size=(RING.width, math.ceil(max(map(_bottom, nodes)) + EDGE)),
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
        lines = _lines(self.names[name])
        return Node(self.names[name], *self.places[name], lines,
                    *RING.beside(self.places[name], len(lines)), name == INTERVENTION)

    def _edge(self, comparison: dict) -> Edge:
        one, other = comparison["treat1"], comparison["treat2"]
        first, second = self.places[one], self.places[other]
        most = max(c["k"] for c in self.of["comparisons"])
        return Edge(self.names[one], self.names[other], comparison["k"], comparison["n"],
                    first.x, first.y, second.x, second.y,
                    *line(first, second, comparison["k"], most), self._figure(comparison))

    def _contrast(self, one: str, other: str) -> tuple[dict, int]:
        """What is known of two treatments, and −1 where it is of the second less the first."""
        return next((c, 1 if c["treat1"] == one else -1) for c in self.of["contrasts"]
                    if {c["treat1"], c["treat2"]} == {one, other})

    def _against(self, reference: str) -> Against:
        rows = []
        for name in self.order:
            if name != reference:
                pair = (name, reference) if reference != INTERVENTION else (reference, name)
                contrast, sign = self._contrast(*pair)
                found = _turned(contrast, sign)
                bar = (None if found.pi_low is None
                       else self.axis.bar(found.pi_low, found.pi_high))
                rows.append(Row(self.names[name], found,
                                self.axis.mark(found.value, found.low, found.high), bar))
        return Against(self.names[reference], reference == INTERVENTION, tuple(rows))

    def _cell(self, row: str, column: str) -> Cell:
        """Network estimates below the diagonal, direct evidence above it."""
        if row == column:
            return Cell("self", None)
        contrast, sign = self._contrast(row, column)
        if self.order.index(row) > self.order.index(column):
            return Cell("network", _turned(contrast, sign))
        return Cell("direct", _turned(contrast["direct"], sign))

    def _pair(self, contrast: dict) -> Pair:
        rated = contrast["certainty"]
        rests = sorted(contrast["rests_on"] or (), key=lambda r: -r["share"])
        return Pair(
            self.names[contrast["treat1"]], self.names[contrast["treat2"]],
            _turned(contrast, 1), _turned(contrast["direct"], 1), _turned(contrast["indirect"], 1),
            contrast["p"], contrast["direct_share"], rated["level"],
            rated["target"]["kind"], rated["target"]["side"],
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
            tuple((label(self.data, "treatment_class", kind), k)
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
            choice["id"], tuple(self._names(choice["classes"])), choice["k"], choice["tau2"],
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


def _lines(name: Label) -> tuple[Label, ...]:
    """A name in short lines, in each language; a line that one of them does not need is a space.
    """
    en = textwrap.wrap(name.en, LETTERS)
    zh = [name.zh[i:i + WIDE] for i in range(0, len(name.zh), WIDE)] or en
    return tuple(Label(*both) for both in zip_longest(en, zh, fillvalue=" "))
