"""The data flow of one update, clause by clause: the one place where the equations are put in order for judging.

Each node takes its clause at upstream values: the subject's own where it showed them (exactly, or with the radius of
a recovered value), else what the clause itself gave, grown by the rounding error of correct code. With nothing shown
the walk encloses every correct implementation; with nothing shown and no growth it is the exact result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from backproof.balls import Array, ball, balls, doubtful, inflate, middle, radius
from backproof.case import Case
from backproof.loss_interval import loss_interval
from backproof.tolerance import Tolerance
from backproof_spec import (
    SPECIAL_FORMS,
    Activation,
    Layer,
    Network,
    delta_rule,
    error_function,
    gradient_descent,
    net_input,
    output_delta,
    output_deltas,
    weight_gradient,
)

Key = tuple[str, int]

NO_BOUND = np.zeros(())  # of a walk that is exact


@dataclass(frozen=True, slots=True)
class Node:
    """One clause on one quantity of one layer: the reference (balls), and the rounding bound of correct code.

    reduced: the bound of the reduced-accuracy tier, or None; at_least: the loss of saturated outputs has no upper
    limit, any finite value from here on is right.
    """

    clause: str
    quantity: str
    layer: int
    reference: Array
    bound: Array
    reduced: Array | None = None
    at_least: float | None = None


@dataclass(frozen=True, slots=True)
class Upstream:
    """The values that a walk takes for given: shown (quantity, layer) -> balls, in the article's layout.

    `grow` says whether values that are not shown grow by their rounding bound; `reduced` names the nodes that were
    found in the reduced-accuracy tier and grow by that; `sides` gives, by layer, net inputs whose sign decides where a
    value stands across a kink, and at which elements (None: wherever a ball contains 0); `by_activation` names the
    layers whose f' (and output) is taken from the shown activation instead of f(z).
    """

    shown: Mapping[Key, Array] = field(default_factory=dict)
    grow: bool = True
    reduced: frozenset[Key] = frozenset()
    sides: Mapping[int, tuple[Array, Array | None]] = field(default_factory=dict)
    by_activation: frozenset[int] = frozenset()


def ball_network(case: Case) -> Network:
    """Return the case's layers with their numbers as balls of radius 0."""
    return tuple(
        replace(layer, weights=balls(layer.weights), biases=None if layer.biases is None else balls(layer.biases))
        for layer in case.layers
    )


def walk_update(case: Case, network: Network, batch: tuple[int, ...], upstream: Upstream) -> tuple[list[Node], Network]:
    """Return the nodes of one update in the order of the data's flow, and the network after it (balls)."""
    with np.errstate(all="ignore"):  # bounds of values that overflow are infinite, and say nothing
        return _Walk(case, network, batch, upstream).run()


class _Walk:
    def __init__(self, case: Case, network: Network, batch: tuple[int, ...], upstream: Upstream) -> None:
        self.case, self.network, self.upstream = case, network, upstream
        self.exact = not upstream.grow and not upstream.shown
        self.model = Tolerance(case.dtype, case.conventions.precision)
        rows = list(batch)
        self.x, self.y, self.labels = balls(case.x[rows]), balls(case.y[rows]), case.y[rows].astype(np.float64)
        outputs, conventions = case.widths[-1], case.conventions
        self.delta_scale = conventions.delta_scale(case.loss, outputs, len(rows))
        self.gradient_scale = conventions.gradient_scale(len(rows))
        self.error_scale = conventions.error_scale(case.loss, outputs, len(rows))
        self.nodes: list[Node] = []

    def bound(self, of: Callable[..., Array | float], *arguments: Any, **options: Any) -> Array:
        """Return a bound of the tolerance model at the middles of balls; an exact walk has no use for any."""
        if self.exact:
            return NO_BOUND
        floats = (middle(one) if isinstance(one, np.ndarray) else one for one in arguments)
        return np.asarray(of(*floats, **options))

    def settle(self, node: Node) -> Array:
        """Record a node and return the value that the clauses behind it take."""
        self.nodes.append(node)
        key = (node.quantity, node.layer)
        if key in self.upstream.shown:
            return self.upstream.shown[key]
        if not self.upstream.grow:
            return node.reference
        reduced = node.reduced is not None and key in self.upstream.reduced
        return inflate(node.reference, node.reduced if reduced and node.reduced is not None else node.bound)

    def run(self) -> tuple[list[Node], Network]:
        net_inputs, activations = self.forward(self.network, record=True)
        if self.case.conventions.loss_at == "before":
            self.loss(net_inputs[-1], activations[-1])
        deltas = self.backward(net_inputs, activations)
        updated = self.descend([self.x, *activations[:-1]], deltas)
        if self.case.conventions.loss_at == "after":
            net_inputs, activations = self.forward(updated, record=False)
            self.loss(net_inputs[-1], activations[-1])
        return self.nodes, updated

    def forward(self, network: Network, *, record: bool) -> tuple[list[Array], list[Array]]:
        net_inputs, activations, previous = [], [], self.x
        hidden = Upstream(grow=self.upstream.grow)
        keep, nodes = self.upstream, self.nodes
        if not record:
            self.upstream, self.nodes = hidden, []
        for number, layer in enumerate(network, 1):
            z = net_input(layer.weights, layer.biases, previous)
            bound = self.bound(self.model.net_input, layer.weights, layer.biases, previous, z)
            z = self.settle(Node("E1", "net_inputs", number, z, bound))
            a = layer.activation(z)
            previous = self.settle(self.activation_node(layer.activation, number, z, a))
            net_inputs.append(z)
            activations.append(previous)
        self.upstream, self.nodes = keep, nodes
        return net_inputs, activations

    def activation_node(self, activation: Activation, number: int, z: Array, a: Array) -> Node:
        clause = "E18" if activation.name == "sigmoid" else "E1"
        bound = self.bound(self.model.activation, activation, z, a)
        reduced = None if activation.rule.piecewise_linear else self.bound(self.model.reduced_activation, z)
        return Node(clause, "activations", number, a, bound, reduced)

    def output_bound(self, z: Array, o: Array) -> Array:
        bound = self.bound(self.model.activation, self.network[-1].activation, z, o)
        if ("activations", self.case.depth) in self.upstream.reduced:
            bound = np.maximum(bound, self.bound(self.model.reduced_activation, z))
        return bound

    def loss(self, z: Array, outputs: Array) -> None:
        """Settle the loss on the interval of J over o +- bound(o), with o = f(z) at the subject's own z."""
        rule, activation = self.case.loss_rule, self.network[-1].activation
        o = activation(z) if ("net_inputs", self.case.depth) in self.upstream.shown else outputs
        scale = ball(self.error_scale)
        span = self.output_bound(z, o) + radius(o)
        single = loss_interval(rule, self.labels, o, span)
        lower = error_function(single[0], scale)
        upper = error_function(single[1], scale)
        rounding = self.bound(self.model.loss, single[0], float(self.error_scale))
        if not upper.is_finite():
            at_least = float(lower.mid())
            reference = np.array(lower, dtype=object)
        else:
            at_least, reference = None, np.array(lower.union(upper), dtype=object)
        reduced = rounding + float(self.error_scale) * self.bound(self.model.reduced_activation, z).sum()
        self.settle(Node(rule.clause, "loss", 0, reference, rounding, np.asarray(reduced), at_least))

    def backward(self, net_inputs: list[Array], activations: list[Array]) -> list[Array]:
        network, depth = self.network, self.case.depth
        z, activation = net_inputs[-1], network[-1].activation
        o = activations[-1] if depth in self.upstream.by_activation else activation(z)
        reference = self.output_delta(z, o)
        limits = [self.output_limit(z, o, reduced=reduced) for reduced in (False, True)]
        reduced_limit = None if activation.rule.piecewise_linear else limits[1]
        node = Node("E22", "deltas", depth, reference, limits[0], reduced_limit)
        deltas = [self.settle(node)]
        for number in range(depth - 1, 0, -1):
            deltas.insert(0, self.hidden_delta(number, net_inputs[number - 1], activations[number - 1], deltas[0]))
        return deltas

    def output_delta(self, z: Array, o: Array) -> Array:
        activation, rule, scale = self.network[-1].activation, self.case.loss_rule, ball(self.delta_scale)
        if (activation.name, rule.name) in SPECIAL_FORMS:
            return output_deltas(activation, rule, self.y, z, o, scale)
        return output_delta(rule.derivative(self.y, o), self.slope(self.case.depth, z, o), scale)

    def slope(self, number: int, z: Array, a: Array) -> Array:
        activation = self.network[number - 1].activation
        if number in self.upstream.by_activation and activation.rule.by_activation is not None:
            return activation.derivative_by_activation(a, self.kink(activation))
        return activation.derivative(self.sided(z, number), self.kink(activation))

    def hidden_delta(self, number: int, z: Array, a: Array, next_deltas: Array) -> Array:
        activation, following = self.network[number - 1].activation, self.network[number]
        slope = self.slope(number, z, a)
        reference = delta_rule(slope, following.weights, next_deltas)
        errors = [self.slope_error(activation, z, reduced=reduced) for reduced in (False, True)]
        arguments, scaled = (following.weights, next_deltas), self.error_scale != 1
        limits = [self.bound(self.model.delta, slope, error, *arguments, scaled=scaled) for error in errors]
        reduced_limit = None if activation.rule.piecewise_linear else limits[1]
        return self.settle(Node("E17", "deltas", number, reference, limits[0], reduced_limit))

    def output_limit(self, z: Array, o: Array, *, reduced: bool) -> Array:
        if self.exact:
            return NO_BOUND
        activation, bound = self.network[-1].activation, self.output_bound(z, o)
        low = self.model.reduced_activation(middle(z))
        special = self.case.loss_rule.output_activation == activation.name
        if reduced and not special:
            bound = np.maximum(bound, low)
        error = self.slope_error(activation, z, reduced=reduced)
        values, scale = (self.labels, middle(z), middle(o)), float(self.delta_scale)
        fused = special and "saturated-output" in self.case.flags
        limit = self.model.output_delta(activation, self.case.loss_rule, *values, bound, error, scale, fused=fused)
        return limit + scale * low if reduced and special else limit

    def descend(self, below: list[Array], deltas: list[Array]) -> Network:
        updated: list[Layer] = []
        scale = ball(self.gradient_scale)
        for number, (layer, delta, previous) in enumerate(zip(self.network, deltas, below, strict=True), 1):
            by_weight, by_bias = weight_gradient(delta, previous, layer.mask)
            bounds = self.gradient_bounds(delta, previous, layer.mask)
            weights = self.step(
                ("weight_gradients", "weights"),
                number,
                layer.weights,
                scale * by_weight,
                bounds[0],
                layer.mask,
            )
            biases = None
            if layer.biases is not None:
                names = ("bias_gradients", "biases")
                biases = self.step(names, number, layer.biases, scale * by_bias, bounds[1], None)
            updated.append(replace(layer, weights=weights, biases=biases))
        return tuple(updated)

    def gradient_bounds(self, delta: Array, previous: Array, mask: Array | None) -> tuple[Array, Array]:
        if self.exact:
            return NO_BOUND, NO_BOUND
        factor, scaled = float(self.gradient_scale), self.error_scale != 1
        by_weight, by_bias = self.model.gradient(middle(delta), middle(previous), scaled=scaled)
        return factor * (by_weight if mask is None else np.where(mask, by_weight, 0.0)), factor * by_bias

    def step(
        self,
        names: tuple[str, str],
        number: int,
        parameters: Array,
        gradient: Array,
        bound: Array,
        mask: Array | None,
    ) -> Array:
        rate = ball(self.case.learning_rate)
        gradient = self.settle(Node("E11", names[0], number, gradient, bound))
        reference = gradient_descent(parameters, gradient, rate)
        limit = self.bound(self.model.update, parameters, gradient, float(rate))
        if mask is not None:
            reference = np.where(mask, reference, ball(0))
            limit = np.where(mask, limit, 0.0)
        return self.settle(Node("E26", names[1], number, reference, limit))

    def slope_error(self, activation: Activation, z: Array, *, reduced: bool) -> Array:
        if not activation.elementwise:
            return 0 * middle(z)
        return self.bound(self.model.derivative, activation, z, reduced=reduced)

    def kink(self, activation: Activation) -> Any:
        if activation.kink is None:
            return None
        left, right = ball(activation.kink[0]), ball(activation.kink[1])
        declared = self.case.conventions.kink
        if declared is None:
            return left.union(right)
        return {"left": left, "right": right}.get(str(declared)) or ball(declared)

    def sided(self, z: Array, number: int) -> Array:
        """Return z, with the subject's own net inputs where a ball stands across 0."""
        if number not in self.upstream.sides:
            return z
        sides, where = self.upstream.sides[number]
        return np.where(doubtful(z) if where is None else where, sides, z)
