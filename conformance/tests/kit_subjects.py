"""Implementations under test for the tests of the kit: a right one, and wrong ones that differ from it in one thing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from backproof import Subject

HERE = Path(__file__)

FUNCTIONS = {"identity": lambda z: z, "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "tanh": np.tanh}
SLOPES = {"identity": np.ones_like, "sigmoid": lambda a: a * (1 - a), "tanh": lambda a: 1 - a * a}


def slope_of(name, activations, *, hidden):
    """Return f' from the activations; wrong subjects take another function in its place."""
    del hidden
    return SLOPES[name](activations)


def unchanged(quantity, layer, values):
    """Return the values as they are; wrong subjects take another function in its place."""
    del quantity, layer
    return values


def train(case, slope=slope_of, change=unchanged):
    """Return a record for each update; networks of identity, sigmoid and tanh, squared and log loss."""
    names = [layer.activation.name for layer in case.layers]
    parameters = [(layer.weights, layer.biases) for layer in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    records = []
    for batch in case.batches:
        x, y = case.x[list(batch)], case.y[list(batch)]
        net_inputs, below = [], [x]
        for number, (name, (weights, biases)) in enumerate(zip(names, parameters, strict=True), 1):
            z = below[-1] @ weights.T if biases is None else below[-1] @ weights.T + biases
            net_inputs.append(change("net_inputs", number, z))
            below.append(change("activations", number, FUNCTIONS[name](net_inputs[-1])))
        loss, delta = _output(case.loss, y, below[-1], slope(names[-1], below[-1], hidden=False))
        deltas = [change("deltas", len(names), delta)]
        for number in range(len(names) - 1, 0, -1):
            by_activation = deltas[0] @ parameters[number][0]
            delta = by_activation * slope(names[number - 1], below[number], hidden=True)
            deltas.insert(0, change("deltas", number, delta))
        by_weight, by_bias, updated = [], [], []
        for number, (layer, delta, (weights, biases)) in enumerate(
            zip(case.layers, deltas, parameters, strict=True), 1
        ):
            gradient = delta.T @ below[number - 1]
            by_weight.append(gradient if layer.mask is None else np.where(layer.mask, gradient, 0))
            by_bias.append(None if biases is None else delta.sum(axis=0))
            updated.append(
                (weights - rate * by_weight[-1], None if biases is None else biases - rate * by_bias[-1]),
            )
        parameters = updated
        records.append(
            {
                "net_inputs": net_inputs,
                "activations": below[1:],
                "loss": change("loss", 0, loss),
                "deltas": deltas,
                "weight_gradients": by_weight,
                "bias_gradients": by_bias,
                "weights": [weights for weights, _ in updated],
                "biases": [biases for _, biases in updated],
            }
        )
    return records


def _output(loss, y, o, slope):
    if loss == "squared":
        return ((o - y) ** 2).sum(), 2 * (o - y) * slope
    return -(y * np.log(o) + (1 - y) * np.log(1 - o)).sum(), o - y


def _without_slope(name, activations, *, hidden):
    return np.ones_like(activations) if hidden else SLOPES[name](activations)


def _one_wrong(quantity, layer, values):
    """Spoil the delta of layer 2 at sample 4, neuron 2."""
    if (quantity, layer) == ("deltas", 2) and values.shape == (6, 3):
        values = values.copy()
        values[4, 2] *= 1.5
    return values


def _not_a_number(quantity, layer, values):
    return values * np.nan if (quantity, layer) == ("activations", 1) else values


def _raise(case):
    msg = f"no idea how to do {case.slug}"
    raise ZeroDivisionError(msg)


right = Subject(
    name="right",
    run=train,
    activations=("identity", "sigmoid", "tanh"),
    losses=("squared", "log"),
    skips=("saturated-output",),
)
without_slope = replace(right, name="without_slope", run=lambda case: train(case, slope=_without_slope))
one_wrong = replace(right, name="one_wrong", run=lambda case: train(case, change=_one_wrong))
not_a_number = replace(right, name="not_a_number", run=lambda case: train(case, change=_not_a_number))
raising = replace(right, name="raising", run=_raise)
few = replace(right, name="few", activations=("identity",))


narrow = replace(right, narrow=("one-activation",))
