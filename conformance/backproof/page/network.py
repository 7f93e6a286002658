"""The drawing of a network, with the layer, the neuron and the edges that a finding speaks of marked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from backproof.case import Case
from backproof.judge.findings import Finding

MOST_NEURONS = 8
COLUMN, ROW, RADIUS, TOP, LEFT = 150, 38, 11, 58, 62

Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Neuron:
    """A neuron: layer, index, centre, and whether it is marked."""

    layer: int
    index: int
    x: int
    y: int
    marked: bool


@dataclass(frozen=True, slots=True)
class Edge:
    """An edge from (x1, y1) to (x2, y2), and whether it is marked."""

    x1: int
    y1: int
    x2: int
    y2: int
    marked: bool


@dataclass(frozen=True, slots=True)
class Column:
    """A layer: where it stands, what is written above it, how many neurons are not drawn, whether it is marked."""

    x: int
    title: str
    what: str
    left_out: int
    left_out_y: int
    marked: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """All of it, and the sentence that says what is seen; marked edges are drawn last."""

    width: int
    height: int
    columns: tuple[Column, ...]
    edges: tuple[Edge, ...]
    neurons: tuple[Neuron, ...]
    told: str
    radius: int = RADIUS


def drawing(case: Case, finding: Finding | None = None) -> Drawing:
    """Return the drawing of a case's network; finding: what is marked in it (None: nothing)."""
    marked_neurons, marked_edges = _marks(case, finding)
    needed = marked_neurons | _single_ends(marked_edges)
    shown = [_shown(width, [i for layer, i in needed if layer == at]) for at, width in enumerate(case.widths)]
    tallest = max(len(indices) + (len(indices) < width) for indices, width in zip(shown, case.widths, strict=True))
    places: dict[Place, tuple[int, int]] = {}
    columns = []
    for at, (indices, width) in enumerate(zip(shown, case.widths, strict=True)):
        rows = len(indices) + (len(indices) < width)
        top = TOP + (tallest - rows) * ROW // 2
        for row, index in enumerate(indices):
            places[at, index] = (LEFT + at * COLUMN, top + row * ROW + ROW // 2)
        columns.append(
            Column(
                x=LEFT + at * COLUMN,
                title="input" if at == 0 else f"layer {at}",
                what=f"{width}" if at == 0 else f"{width} {case.layers[at - 1].activation.name}",
                left_out=width - len(indices),
                left_out_y=top + len(indices) * ROW + ROW // 2,
                marked=finding is not None and at == (finding.layer or case.depth),
            )
        )
    edges = [
        Edge(*places[at - 1, j], *places[at, i], (at, i, j) in marked_edges)
        for at, layer in enumerate(case.layers, 1)
        for i in shown[at]
        for j in shown[at - 1]
        if layer.mask is None or layer.mask[i, j]
    ]
    neurons = tuple(Neuron(at, i, x, y, (at, i) in marked_neurons) for (at, i), (x, y) in places.items())
    return Drawing(
        width=2 * LEFT + case.depth * COLUMN,
        height=TOP + tallest * ROW + 8,
        columns=tuple(columns),
        edges=tuple(sorted(edges, key=lambda edge: edge.marked)),
        neurons=neurons,
        told=_told(case, marked_neurons, marked_edges),
    )


def _shown(width: int, needed: Iterable[int]) -> list[int]:
    if width <= MOST_NEURONS:
        return list(range(width))
    return sorted({*range(MOST_NEURONS - 1), *needed})


def _single_ends(edges: set[tuple[int, int, int]]) -> set[Place]:
    """Return both ends of the one edge that is marked; where a whole fan is, the neurons that are drawn are enough."""
    return {place for layer, i, j in edges if len(edges) == 1 for place in ((layer, i), (layer - 1, j))}


def _marks(case: Case, finding: Finding | None) -> tuple[set[Place], set[tuple[int, int, int]]]:
    """Return the neurons (layer, index) and the edges (layer, i, j) that the finding's equation speaks of."""
    if finding is None:
        return set(), set()
    layer, index = finding.layer, finding.index
    if finding.quantity == "loss" or not layer or not index:
        at = layer or case.depth
        return {(at, i) for i in _shown(case.widths[at], ())}, set()
    if finding.quantity in ("weight_gradients", "weights"):
        i, j = index
        return {(layer, i)}, {(layer, i, j)}
    neuron = index[-1]
    edges: set[tuple[int, int, int]] = set()
    if finding.quantity == "deltas" and layer < case.depth:
        edges = {(layer + 1, i, neuron) for i in range(case.widths[layer + 1])}
    elif finding.quantity == "net_inputs":
        edges = {(layer, neuron, j) for j in range(case.widths[layer - 1])}
    return {(layer, neuron)}, edges


def _told(case: Case, neurons: set[Place], edges: set[tuple[int, int, int]]) -> str:
    told = f"The network of {case.slug}, {'-'.join(map(str, case.widths))}"
    if not neurons:
        return f"{told}."
    layer = min(layer for layer, _ in neurons)
    which = ", ".join(str(index) for _, index in sorted(neurons)[:MOST_NEURONS])
    marked = f"{told}; marked: neuron{'s' if len(neurons) > 1 else ''} {which} of layer {layer}"
    return f"{marked}{' and the edges of its equation' if edges else ''}."
