"""The steps of a correct implementation of training, one function each, in the case's dtype.

Every step stands for a function of the spec, and so for its clause. The formulas are NumPy's, stable, as a careful
person would write them; what conforms here is what careful code does.

Index conventions: x (batch, n_0), weights (n_out, n_in), z, a and delta (batch, n_l).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backproof.balls import Array
from backproof.case import Case
from backproof_spec import LOSSES, Activation, activation

Key = tuple[str, int]
Step = Callable[..., Any]


@dataclass(slots=True)
class Here:
    """Where a step runs: the case, the number of the update (from 1), its batch, the layer (from 1), and a memory.

    x and y: the samples and labels, as they are read. The memory lasts for one run of a case, as the attributes of an
    object would; what is kept lasts from run to run of the same network, as a global variable would. shown: what a
    subject showed in this update, by (quantity, layer), where the machine follows one; moved: what is done to every
    value before the steps behind go on with it.
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
    shown: Mapping[Key, Array] = field(default_factory=dict)
    moved: Callable[[Array], Array] | None = None

    def settle(self, quantity: str, value: Array) -> Array:
        """Return what the steps behind go on with: the value that the subject showed for this layer, else this one."""
        own = self.shown.get((quantity, self.layer))
        if own is None or own.shape != np.shape(value):
            found = value
        elif quantity == "weight_gradients" and self.mask is not None:
            found = np.where(self.mask, own, value)  # what is shown where there is no edge is not judged
        else:
            found = own
        return found if self.moved is None else self.moved(found)

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
