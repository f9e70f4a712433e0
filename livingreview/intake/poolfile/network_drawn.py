"""The network of a file as a view: its JSON, the graph of its treatments, and a forest plot."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...synthesis import Network
from ...view import pooled_network as view
from ...view.pooled import Span, axis_of, decimals, ticks
from ...view.ring import Ring, line
from .leagues import document, natural
from .network import RATIOS, Compared, NetworkQuestion

_WIDE = 980  # pixels, as of all drawings of files


def shown(compared: Compared, favours: Sequence[str] = ()) -> view.PooledNetwork:
    """The network of a file, to be printed or drawn.

    Parameters
    ----------
    compared : Compared
    favours : sequence of str
        What lies to the left and to the right of no effect.
    """
    found, net = document(compared), compared.network
    ends = [cell[key] for cell in found["league"] for key in ("estimate", "ci_low", "ci_high")]
    return view.PooledNetwork(
        found, Path(compared.file).name, decimals(ends),
        tuple(_part(compared.question, one) for one in (net, *net.others)), tuple(favours))


def _part(question: NetworkQuestion, net: Network) -> view.Part:
    ring = _ring(len(net.treatments))
    # Contrasts that are given as they are have no participants: there a node shows its trials.
    sizes = net.participants or {
        name: sum(name in trial.arms for trial in net.trials) for name in net.treatments}
    places = ring.places({name: sizes[name] for name in net.treatments})
    most = max(c.k for c in net.comparisons)
    edges = []
    for c in net.comparisons:
        one, other = places[c.treat1], places[c.treat2]
        edges.append(view.Edge(c.treat1, c.treat2, c.k, one.x, one.y, other.x, other.y,
                               *line(one, other, c.k, most)))
    nodes = tuple(view.Node(name, *place, *ring.beside(place, 1))
                  for name, place in places.items())
    return view.Part(net.reference, ring.height, nodes, tuple(edges), *_forest(question, net),
                     _league(question, net))


def _ring(count: int) -> Ring:
    """An ellipse that is the higher the more names stand along it."""
    down = 70 + 9 * count
    return Ring(_WIDE, 2 * down + 90, 250, down, down + 45, 20)


def _forest(question: NetworkQuestion, net: Network) -> tuple:
    """Every other treatment against the reference, with the ticks and the place of no effect."""
    base, ratio = net.treatments.index(net.reference), question.measure in RATIOS
    direct = {frozenset((c.treat1, c.treat2)): c.k for c in net.comparisons}
    spans, new = {}, {}
    for i, name in enumerate(net.treatments):
        if i != base:
            spans[name] = Span(*(float(matrix[i, base]) for matrix in (
                net.ci_low, net.ci_high, net.estimate)))
            if net.pi_low is not None and net.pi_high is not None:
                new[name] = Span(float(net.pi_low[i, base]), float(net.pi_high[i, base]))
    axis = axis_of([*spans.values(), *new.values()], ratio)
    rows = [view.Row(name, direct.get(frozenset((name, net.reference)), 0),
                     _ends(question, span.middle, span.low, span.high), axis.x(span.middle),
                     axis.bar(span.low, span.high),
                     axis.bar(new[name].low, new[name].high) if name in new else None)
            for name, span in spans.items()]
    return tuple(rows), *ticks(axis, ratio), axis.x(0.0)


def _ends(question: NetworkQuestion, *values: float | None) -> view.Ends:
    return tuple(natural(question, value) for value in values)


def _league(question: NetworkQuestion, net: Network) -> tuple:
    """The row less the column: the network below the diagonal, direct evidence above it."""
    direct = {(s.treat1, s.treat2): s.direct for s in net.split}
    order, rows = net.treatments, []
    for i, row in enumerate(order):
        cells: list[view.Ends | None] = []
        for j, column in enumerate(order):
            if i > j:
                cells.append(_ends(question, net.estimate[i, j], net.ci_low[i, j],
                                   net.ci_high[i, j]))
            else:
                own = direct.get((row, column))
                cells.append(own and _ends(question, own.estimate, own.ci_low, own.ci_high))
        rows.append(tuple(cells))
    return tuple(rows)
