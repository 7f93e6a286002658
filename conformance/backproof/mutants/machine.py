"""A correct implementation in steps, so that a mutant is that implementation with one step replaced.

Every step stands for a function of the spec, and so for its clause. The formulas are NumPy's, stable, in the case's
dtype, as a careful person would write them; what conforms here is what careful code does.

Index conventions: x (batch, n_0), weights (n_out, n_in), z, a and delta (batch, n_l).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from backproof.balls import Array
from backproof.behaviour import (
    concatenated_batch,
    inputs_not_mutated,
    memory_order_irrelevant,
    nothing_kept_between_calls,
    permuted_batch,
    same_call_twice,
    zero_error_zero_update,
)
from backproof.case import Case
from backproof_spec import (
    LOSSES,
    Activation,
    activation,
    backpropagation,
    batch_gradient_descent,
    clause_of,
    cross_entropy_loss,
    delta_rule,
    forward_propagation,
    gradient_descent,
    log_loss,
    mini_batch_gradient_descent,
    output_delta,
    sigmoid,
    squared_loss,
    stochastic_gradient_descent,
    weight_gradient,
)

Step = Callable[..., Any]
Record = dict[str, Any]


@dataclass(slots=True)
class Here:
    """Where a step runs: the case, the number of the update (from 1), its batch, the layer (from 1), and a memory.

    x and y: the samples and labels, as they are read. The memory lasts for one run of a case, as the attributes of an
    object would; what is kept lasts from run to run of the same network, as a global variable would.
    """

    case: Case
    x: Array = field(default_factory=lambda: np.empty(0))
    y: Array = field(default_factory=lambda: np.empty(0))
    kept: dict[Any, Any] = field(default_factory=dict)
    update: int = 1
    batch: tuple[int, ...] = ()
    layer: int = 0
    memory: dict[Any, Any] = field(default_factory=dict)
    weights: list[Array] = field(default_factory=list)
    biases: list[Array | None] = field(default_factory=list)
    activations: list[Array] = field(default_factory=list)
    net_inputs: list[Array] = field(default_factory=list)
    deltas: list[Array] = field(default_factory=list)
    gradients: list[Array] = field(default_factory=list)
    bias_gradients: list[Array | None] = field(default_factory=list)

    @property
    def rule(self) -> Activation:
        """The activation of the layer."""
        return self.case.layers[self.layer - 1].activation

    @property
    def mask(self) -> Array | None:
        """The connection mask of the layer."""
        return self.case.layers[self.layer - 1].mask

    def number(self, value: Any) -> Any:
        """Return a number in the case's dtype."""
        return np.dtype(self.case.dtype).type(float(value))


def batches(here: Here) -> tuple[tuple[int, ...], ...]:
    """Return the batches of the updates, in order."""
    return here.case.batches


def samples(here: Here) -> tuple[Array, Array]:
    """Return x and y of the batch."""
    rows = list(here.batch)
    return here.x[rows], here.y[rows]


def read(here: Here, values: Array) -> Array:
    """Return an array of the case as it is, whatever its memory order."""
    return values


def leave(here: Here) -> None:
    """Leave the inputs of the case as they were."""


def keep(here: Here, gradients: list[Array]) -> list[Array]:
    """Return the gradients as they are; nothing is kept for the next run."""
    return gradients


def exact_zero(here: Here, deltas: Array) -> Array:
    """Return the output deltas, 0 where the outputs equal the labels."""
    return deltas


def net_input(here: Here, weights: Array, biases: Array | None, previous: Array) -> Array:
    """Return z = W a + b."""
    z = previous @ weights.T
    return z if biases is None else z + biases


def activate(here: Here, z: Array) -> Array:
    """Return a = f(z)."""
    return stable(here.rule, z)


def stable(rule: Activation, z: Array) -> Array:
    """Return f(z) without overflow."""
    if rule.name == "sigmoid":
        small = np.exp(-np.abs(z))
        return np.asarray(np.where(z >= 0, 1 / (1 + small), small / (1 + small)), dtype=z.dtype)
    if rule.name == "softmax":
        return np.asarray(rule(z - z.max(axis=-1, keepdims=True)))
    if rule.name == "softplus":
        return np.asarray(np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))))
    if rule.name == "gelu" and dict(rule.parameters)["approximate"] == "tanh":
        inner = np.sqrt(z.dtype.type(8 / np.pi)) * (z + z.dtype.type(0.044715) * z * z * z)
        return np.asarray(z * stable(activation("sigmoid"), inner))
    return np.asarray(rule(z), dtype=z.dtype)


def slope(here: Here, z: Array, a: Array) -> Array:
    """Return f'(z) of a hidden layer."""
    return derivative(here.rule, z, a)


def derivative(rule: Activation, z: Array, a: Array) -> Array:
    """Return f'(z), taken from the activation where that is as good."""
    if rule.name in ("sigmoid", "tanh"):
        return np.asarray(rule.derivative_by_activation(a))
    if rule.name == "softplus":
        return stable(activation("sigmoid"), z)
    return np.asarray(rule.derivative(z), dtype=z.dtype)


def loss(here: Here, y: Array, z: Array, o: Array) -> Any:
    """Return E of the batch, log loss and cross-entropy from the net inputs."""
    if here.case.loss == "log":
        terms = np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))
    elif here.case.loss == "cross_entropy":
        shifted = z - z.max(axis=-1, keepdims=True)
        terms = -y * (shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))
    else:
        terms = (y - o) ** 2
    conventions, outputs = here.case.conventions, here.case.widths[-1]
    return here.number(conventions.error_scale(here.case.loss, outputs, len(here.batch))) * terms.sum()


def delta_at_output(here: Here, y: Array, z: Array, o: Array) -> Array:
    """Return the output deltas: E23 to E25 where they hold, else E22."""
    return delta_scale(here) * unscaled_output_delta(here, y, z, o)


def delta_scale(here: Here) -> Any:
    """Return the factor that the declared conventions put into the deltas."""
    conventions, outputs = here.case.conventions, here.case.widths[-1]
    return here.number(conventions.delta_scale(here.case.loss, outputs, len(here.batch)))


def unscaled_output_delta(here: Here, y: Array, z: Array, o: Array) -> Array:
    """Return dJ/dz of each sample."""
    if here.case.loss != "squared":
        return o - y
    by_output = LOSSES["squared"].derivative(y, o)
    if here.rule.elementwise:
        return np.asarray(by_output * derivative(here.rule, z, o))
    return np.asarray(o * (by_output - (o * by_output).sum(axis=-1, keepdims=True)))


def hidden_delta(here: Here, slopes: Array, next_weights: Array, next_deltas: Array) -> Array:
    """Return delta = f'(z) (W^T delta)."""
    return np.asarray(slopes * (next_deltas @ next_weights))


def gradient(here: Here, deltas: Array, previous: Array) -> Array:
    """Return dE/dW, 0 where there is no edge."""
    found = gradient_scale(here) * (deltas.T @ previous)
    return found if here.mask is None else np.where(here.mask, found, found.dtype.type(0))


def bias_gradient(here: Here, deltas: Array) -> Array:
    """Return dE/db."""
    return np.asarray(gradient_scale(here) * deltas.sum(axis=0))


def gradient_scale(here: Here) -> Any:
    """Return the factor that the declared conventions put between deltas and gradients."""
    return here.number(here.case.conventions.gradient_scale(len(here.batch)))


def update(here: Here, parameters: Array, by_parameter: Array) -> Array:
    """Return W - alpha dE/dW."""
    return np.asarray(parameters - here.number(here.case.learning_rate) * by_parameter)


# Which function of the spec each step stands for: the clause that a mutant breaks is read off here.
STANDS_FOR: Mapping[str, tuple[Callable[..., Any], ...]] = {
    "read": (memory_order_irrelevant,),
    "leave": (inputs_not_mutated,),
    "keep": (same_call_twice, nothing_kept_between_calls, permuted_batch, concatenated_batch),
    "exact_zero": (zero_error_zero_update,),
    "batches": (
        batch_gradient_descent,
        stochastic_gradient_descent,
        mini_batch_gradient_descent,
        weight_gradient,
    ),
    "samples": (
        backpropagation,
        forward_propagation,
        batch_gradient_descent,
        stochastic_gradient_descent,
        mini_batch_gradient_descent,
    ),
    "net_input": (forward_propagation,),
    "activate": (forward_propagation, sigmoid),
    "loss": (squared_loss, log_loss, cross_entropy_loss),
    "delta_at_output": (output_delta,),
    "slope": (delta_rule,),
    "hidden_delta": (delta_rule,),
    "deltas_see": (delta_rule,),
    "gradient": (weight_gradient,),
    "bias_gradient": (weight_gradient,),
    "update": (gradient_descent,),
    "bias_update": (gradient_descent,),
}


def clauses_of(step: str) -> tuple[str, ...]:
    """Return the ids of the clauses that a step stands for, by the functions of the spec."""
    return tuple(clause_of(function).id for function in STANDS_FOR[step])


@dataclass(frozen=True)
class Machine:
    """The steps of training; calling it with a case trains the case's network and shows everything.

    bias_update: None takes the step of the weights.
    """

    read: Step = read
    batches: Step = batches
    samples: Step = samples
    net_input: Step = net_input
    activate: Step = activate
    loss: Step = loss
    delta_at_output: Step = delta_at_output
    exact_zero: Step = exact_zero
    slope: Step = slope
    hidden_delta: Step = hidden_delta
    gradient: Step = gradient
    bias_gradient: Step = bias_gradient
    keep: Step = keep
    update: Step = update
    bias_update: Step | None = None
    leave: Step = leave
    deltas_see: str = "weights before"
    shows: tuple[str, ...] | None = None
    kept: dict[Any, dict[Any, Any]] = field(default_factory=dict, init=False)

    def __call__(self, case: Case) -> list[Record]:
        """Return one record for each update."""
        here = Here(case, kept=self.kept.setdefault((case.slug, case.dtype), {}))
        records = []
        with np.errstate(all="ignore"):
            here.x, here.y = self.read(here, case.x), self.read(here, case.y)
            weights = [self.read(here, layer.weights) for layer in case.layers]
            biases = [None if layer.biases is None else self.read(here, layer.biases) for layer in case.layers]
            for number, batch in enumerate(self.batches(here), 1):
                here.update, here.batch = number, tuple(batch)
                record, weights, biases = self.one_update(here, weights, biases)
                records.append({key: value for key, value in record.items() if self.shows is None or key in self.shows})
            self.leave(here)
        return records

    def one_update(
        self, here: Here, weights: list[Array], biases: list[Array | None]
    ) -> tuple[Record, list[Array], list[Array | None]]:
        """Return what one update shows, and the parameters after it."""
        x, y = self.samples(here)
        here.weights, here.biases, here.net_inputs, here.activations = weights, biases, [], [x]
        for number, (w, b) in enumerate(zip(weights, biases, strict=True), 1):
            here.layer = number
            here.net_inputs.append(self.net_input(here, w, b, here.activations[-1]))
            here.activations.append(self.activate(here, here.net_inputs[-1]))
        error = self.loss(here, y, here.net_inputs[-1], here.activations[-1])
        deltas = self.backward(here, y, weights)
        gradients: list[Array] = []
        by_bias: list[Array | None] = []
        for number, (delta, previous) in enumerate(zip(deltas, here.activations[:-1], strict=True), 1):
            here.layer = number
            gradients.append(self.gradient(here, delta, previous))
            by_bias.append(None if biases[number - 1] is None else self.bias_gradient(here, delta))
        here.deltas, here.bias_gradients = deltas, by_bias
        here.gradients = gradients = self.keep(here, gradients)
        new_weights, new_biases = [], []
        for number, (w, b, g, gb) in enumerate(zip(weights, biases, gradients, by_bias, strict=True), 1):
            here.layer = number
            new_weights.append(self.update(here, w, g))
            new_biases.append(None if b is None or gb is None else (self.bias_update or self.update)(here, b, gb))
        record = {
            "net_inputs": list(here.net_inputs),
            "activations": list(here.activations[1:]),
            "loss": error,
            "deltas": deltas,
            "weight_gradients": gradients,
            "bias_gradients": by_bias,
            "weights": list(new_weights),
            "biases": list(new_biases),
        }
        return record, new_weights, new_biases

    def backward(self, here: Here, y: Array, weights: list[Array]) -> list[Array]:
        """Return the deltas of all layers."""
        here.layer = here.case.depth
        deltas = [self.exact_zero(here, self.delta_at_output(here, y, here.net_inputs[-1], here.activations[-1]))]
        seen = list(weights)
        for number in range(here.case.depth - 1, 0, -1):
            if self.deltas_see != "weights before":
                here.layer = number + 1
                by_weight = self.gradient(here, deltas[0], here.activations[number])
                changed = self.update(here, weights[number], by_weight)
                seen[number] = changed if self.deltas_see == "weights after" else weights[number] + changed
            here.layer = number
            slopes = self.slope(here, here.net_inputs[number - 1], here.activations[number])
            deltas.insert(0, self.hidden_delta(here, slopes, seen[number], deltas[0]))
        return deltas

    def with_step(self, step: str, wrong: Any) -> Machine:
        """Return this machine with one step replaced; wrong(right, here, ...) is handed the step that it replaces."""
        right = getattr(self, step) or self.update

        def replaced(*arguments: Any) -> Any:
            return wrong(right, *arguments)

        changed: dict[str, Any] = {step: wrong if isinstance(wrong, str) else replaced}
        return replace(self, **changed)
