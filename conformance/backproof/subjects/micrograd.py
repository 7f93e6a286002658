"""micrograd as a subject: its engine and its Neuron and Layer, one scalar Value at a time.

The error is the squared loss, written with the engine's operators as its users write it. It has no optimizer (an update
is the user's own loop), so that gradients are shown and updated parameters are not.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import numpy as np
from micrograd.engine import Value
from micrograd.nn import Layer

from backproof.balls import Array
from backproof.case import Case
from backproof.conventions import Conventions
from backproof.door import Subject


def make_subject(device: str = "cpu") -> Subject:
    """Return micrograd as a subject (it runs on the CPU, whatever the device)."""
    del device
    return Subject(
        name="micrograd",
        run=_train,
        version=version("micrograd"),
        conventions=Conventions(kink="left"),
        activations=("identity", "relu"),
        losses=("squared",),
        dtypes=("float64",),
        skips=("masked", "no-biases", "several-updates"),
        narrow=("relu-linear",),
    )


def _network(case: Case) -> list[Layer]:
    layers = []
    for given, n_in, n_out in zip(case.layers, case.widths[:-1], case.widths[1:], strict=True):
        layer = Layer(n_in, n_out, nonlin=given.activation.name == "relu")
        for neuron, weights, bias in zip(layer.neurons, given.weights, given.biases, strict=True):
            for value, number in zip(neuron.w, weights, strict=True):
                value.data = float(number)
            neuron.b.data = float(bias)
        layers.append(layer)
    return layers


def _as_list(values: Any) -> list[Value]:
    return values if isinstance(values, list) else [values]


def _train(case: Case) -> dict[str, Any]:
    network, batch = _network(case), case.batches[0]
    outputs: list[list[list[Value]]] = [[] for _ in network]  # by layer, sample, neuron
    error = Value(0.0)
    for x, y in zip(case.x[batch], case.y[batch], strict=True):
        values: Any = [Value(float(number)) for number in x]
        for layer, shown in zip(network, outputs, strict=True):
            values = layer(_as_list(values))
            shown.append(_as_list(values))
        for output, label in zip(_as_list(values), y, strict=True):
            error += (output - float(label)) ** 2
    error.backward()
    net_inputs = [[[_net_input(value) for value in row] for row in layer] for layer in outputs]
    return {
        "net_inputs": [_numbers(layer, "data") for layer in net_inputs],
        "activations": [_numbers(layer, "data") for layer in outputs],
        "loss": error.data,
        "deltas": [_numbers(layer, "grad") for layer in net_inputs],
        "weight_gradients": [_numbers([neuron.w for neuron in layer.neurons], "grad") for layer in network],
        "bias_gradients": [np.array([float(neuron.b.grad) for neuron in layer.neurons]) for layer in network],
    }


def _net_input(output: Value) -> Value:
    """Return the Value before the ReLU, which the engine keeps as the only operand of its output."""
    return next(iter(output._prev)) if output._op == "ReLU" else output  # noqa: SLF001 - it has no public way to see it


def _numbers(rows: list[list[Value]], what: str) -> Array:
    return np.array([[float(getattr(value, what)) for value in row] for row in rows])
