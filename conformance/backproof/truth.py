"""The spec as an oracle: the exact results of a case in ball arithmetic, with the bounds of correct code around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from backproof.balls import BITS, MOST_BITS, Array, balls, distance, doubtful, middle, precision, radius
from backproof.case import Case
from backproof.errors import OracleError
from backproof.rms import rms_bounds, zero_variances
from backproof.walk import Key, Node, Upstream, ball_network, walk_update
from backproof_spec import Network, descend

TIGHT = 2.0**-110
NEGLIGIBLE = 2.0**-1200


@dataclass(frozen=True, slots=True)
class Expected:
    """The exact value of one quantity (balls so tight that they act as points), and two bounds around it.

    rms: what correct code stays within without remark; worst: what no correct code can leave.
    """

    clause: str
    exact: Array
    rms: Array
    worst: Array
    at_least: float | None = None


@dataclass(frozen=True, slots=True)
class Truth:
    """The expected values of every update of a case, by (quantity, layer), and the bits that they took.

    undecided: correct code may stand on either side of some kink, so that an oracle with a side of its own is no help.
    """

    steps: tuple[Mapping[Key, Expected], ...]
    bits: int
    undecided: bool = False


Sides = Mapping[tuple[int, int], Array]
Reduced = frozenset[tuple[int, str, int]]
Walked = list[tuple[dict[Key, Node], Network]]


def truth_of(case: Case, reduced: Reduced = frozenset(), sides: Sides | None = None) -> Truth:
    """Return the exact results of a case, with bounds for its dtype and conventions.

    reduced: (update, quantity, layer) found in the reduced-accuracy tier; sides: the subject's net inputs by
    (update, layer), which decide on which side of a kink it stands where the exact value cannot.
    """
    plain = _plain_truth(case)
    if not reduced and not (sides and plain.undecided):
        return plain
    with precision(plain.bits):
        steps, undecided = _steps(case, reduced, sides or {})
        return Truth(tuple(steps), plain.bits, undecided)


@lru_cache(maxsize=2048)
def _plain_truth(case: Case) -> Truth:
    bits = needed_bits(case)
    with precision(bits):
        steps, undecided = _steps(case, frozenset(), {})
        return Truth(tuple(steps), bits, undecided)


def exact_nodes(case: Case) -> list[dict[Key, Node]]:
    """Return the exact nodes of every update, in the precision in force."""
    return [nodes for nodes, _ in _exact(case)]


def _exact(case: Case) -> Walked:
    return _chain(case, [Upstream(grow=False)] * len(case.batches))


@lru_cache(maxsize=2048)
def needed_bits(case: Case) -> int:
    """Return the precision at which every exact value of the case is a ball tighter than 2^-110 of itself.

    Raises OracleError when no precision up to MOST_BITS is enough.
    """
    if case.conventions.kink is None:
        case = case.under(replace(case.conventions, kink="left"))
    return _enclosed(case)[0]


@lru_cache(maxsize=4)  # a case's bits are asked for first, and its truth soon after
def _enclosed(case: Case) -> tuple[int, Walked]:
    bits = BITS
    while bits <= MOST_BITS:
        with precision(bits):
            walked = _exact(case)
            if all(_tight(node) for nodes, _ in walked for node in nodes.values()):
                return bits, walked
        bits *= 2
    msg = f"case {case.slug!r}: {MOST_BITS} bits of ball arithmetic do not enclose its values tightly"
    raise OracleError(msg)


def _tight(node: Node) -> bool:
    spread, size = radius(node.reference), np.abs(middle(node.reference))
    return bool((spread <= np.maximum(TIGHT * size, NEGLIGIBLE)).all())


def _chain(case: Case, upstreams: list[Upstream]) -> Walked:
    network, found = ball_network(case), []
    for batch, upstream in zip(case.batches, upstreams, strict=True):
        nodes, after = walk_update(case, network, batch, upstream)
        found.append(({(node.quantity, node.layer): node for node in nodes}, network))
        network = after
    return found


def _steps(case: Case, reduced: Reduced, sides: Sides) -> tuple[list[dict[Key, Expected]], bool]:
    def upstreams(*, grow: bool, where: list[dict[int, Array]] | None = None) -> list[Upstream]:
        return [
            Upstream(
                grow=grow,
                reduced=frozenset((quantity, layer) for at, quantity, layer in reduced if at == step),
                sides={
                    layer: (balls(z), None if where is None else where[step - 1][layer])
                    for (at, layer), z in sides.items()
                    if at == step
                },
            )
            for step in range(1, len(case.batches) + 1)
        ]

    grown = _chain(case, upstreams(grow=True))
    where = [
        {layer: doubtful(nodes["net_inputs", layer].reference) for layer in range(1, case.depth + 1)}
        for nodes, _ in grown
    ]
    kinked = [number for number, layer in enumerate(case.layers, 1) if layer.activation.kink is not None]
    undecided = any(places[number].any() for places in where for number in kinked)
    shared = not sides and case.conventions.kink is not None
    exact = _enclosed(case)[1] if shared else _chain(case, upstreams(grow=False, where=where))
    variances, steps = zero_variances(case), []
    for step, ((worst, _), (nodes, network), batch) in enumerate(zip(grown, exact, case.batches, strict=True), 1):
        values = {key: middle(node.reference) for key, node in nodes.items()}
        parameters = [(middle(la.weights), None if la.biases is None else middle(la.biases)) for la in network]
        low = frozenset((quantity, layer) for at, quantity, layer in reduced if at == step)
        rms, variances = rms_bounds(case, values, parameters, variances, batch, low)
        steps.append(
            {key: _expected(node, worst[key], rms[key], reduced=(step, *key) in reduced) for key, node in nodes.items()}
        )
    return steps, undecided


def _expected(exact: Node, worst: Node, rms: Array, *, reduced: bool) -> Expected:
    bound = worst.reduced if reduced and worst.reduced is not None else worst.bound
    farthest = distance(worst.reference - exact.reference, 0.0) + radius(worst.reference) + bound
    return Expected(exact.clause, exact.reference, np.fmin(rms, farthest), farthest, worst.at_least)


def float_spec(case: Case) -> list[dict[Key, Array]]:
    """Return the literal spec run in the case's own floats: an oracle of its own, unbounded under saturation."""
    kind = np.dtype(case.dtype).type
    conventions, outputs = case.conventions, case.widths[-1]
    found = []
    with np.errstate(all="ignore"):
        steps = descend(
            case.layers,
            case.x,
            case.y,
            case.loss_rule,
            kind(case.learning_rate),
            case.batches,
            scale=lambda batch: kind(float(conventions.error_scale(case.loss, outputs, batch))),
        )
        for step in steps:
            values: dict[Key, Array] = {}
            if conventions.loss_at == "before":
                values["loss", 0] = np.asarray(step.loss)
            for name in ("net_inputs", "activations", "weight_gradients", "bias_gradients"):
                values |= {(name, n): v for n, v in enumerate(getattr(step, name), 1) if v is not None}
            carried = kind(float(conventions.gradient_scale(len(step.deltas[0]))))
            values |= {("deltas", n): delta / carried for n, delta in enumerate(step.deltas, 1)}
            values |= {("weights", n): layer.weights for n, layer in enumerate(step.network, 1)}
            values |= {("biases", n): la.biases for n, la in enumerate(step.network, 1) if la.biases is not None}
            found.append(values)
    return found
