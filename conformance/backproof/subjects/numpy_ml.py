"""numpy-ml as a subject: its FullyConnected and Softmax layers, its losses and its SGD.

SquaredError.grad and CrossEntropy.grad are documented to give the gradient by the net input of the last layer, so that
this layer has no activation of its own; under cross-entropy its Softmax layer gives the output. Output activations
other than these have no way through both a loss and a FullyConnected layer, and are skipped. Everything is float64.

Its last release imports `collections.Hashable`, which Python 3.10 removed; the name is lent to it while it is imported.
"""

from __future__ import annotations

import collections
import warnings
from collections.abc import Hashable
from importlib.metadata import version
from typing import Any

import numpy as np

from backproof.case import Case
from backproof.conventions import Conventions
from backproof.door import Subject

collections.Hashable = Hashable  # type: ignore[attr-defined]  # what it looks for there
try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its reinforcement learning would like gym
        from numpy_ml.neural_nets.activations import ELU, Identity, LeakyReLU, ReLU, Sigmoid, SoftPlus, Tanh
        from numpy_ml.neural_nets.layers import FullyConnected, Softmax
        from numpy_ml.neural_nets.losses import CrossEntropy, SquaredError
        from numpy_ml.neural_nets.optimizers import SGD
finally:
    del collections.Hashable  # type: ignore[attr-defined]

ACTIVATIONS = {
    "identity": Identity,
    "sigmoid": Sigmoid,
    "tanh": Tanh,
    "relu": ReLU,
    "leaky_relu": lambda slope: LeakyReLU(alpha=slope),
    "elu": ELU,
    "softplus": SoftPlus,
}


def make_subject(device: str = "cpu") -> Subject:
    """Return numpy-ml as a subject (it runs on the CPU, whatever the device)."""
    del device
    return Subject(
        name="numpy-ml",
        run=_train,
        version=version("numpy-ml"),
        conventions=Conventions(loss_factor=0.5, weight_layout="in_out"),
        activations=(*ACTIVATIONS, "softmax"),
        losses=("squared", "cross_entropy"),
        dtypes=("float64",),
        skips=("masked", "no-biases", "soft-labels", "general-output-delta"),
    )


def _layers(case: Case) -> list[FullyConnected]:
    layers = []
    for given, n_in, n_out in zip(case.layers, case.widths[:-1], case.widths[1:], strict=True):
        rule = given.activation
        activation = None if rule.name == "softmax" else ACTIVATIONS[rule.name](**dict(rule.parameters))
        layer = FullyConnected(n_out, act_fn=activation, optimizer=SGD(lr=case.learning_rate))
        layer.forward(np.zeros((1, n_in)), retain_derived=False)  # it takes its width from the first input
        layer.parameters = {"W": given.weights, "b": given.biases[None]}
        layers.append(layer)
    return layers


def _train(case: Case) -> list[dict[str, Any]]:
    layers, records = _layers(case), []
    for batch in case.batches:
        y, activations = case.y[batch], [case.x[batch]]
        for layer in layers:
            activations.append(layer.forward(activations[-1]))
        net_inputs = [layer.derived_variables["Z"][0] for layer in layers]
        if case.loss == "cross_entropy":
            activations[-1] = Softmax().forward(activations[-1])
            loss, delta = CrossEntropy.loss(y, activations[-1]), CrossEntropy.grad(y, activations[-1])
        else:
            loss = SquaredError.loss(y, activations[-1])
            delta = SquaredError.grad(y, activations[-1], net_inputs[-1], layers[-1].act_fn)
        gradient = delta
        for layer in reversed(layers):
            gradient = layer.backward(gradient)
        record = {
            "net_inputs": net_inputs,
            "activations": activations[1:],
            "loss": loss,
            "weight_gradients": [layer.gradients["W"].copy() for layer in layers],
            "bias_gradients": [layer.gradients["b"][0].copy() for layer in layers],
        }
        for layer in layers:
            layer.update()
        record["weights"] = [layer.parameters["W"].copy() for layer in layers]
        record["biases"] = [layer.parameters["b"][0].copy() for layer in layers]
        records.append(record)
    return records
