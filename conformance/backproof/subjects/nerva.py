"""nerva-numpy as a subject: its layers, loss functions and optimizers, driven as its own training loop drives them.

As there, the gradient of the loss is divided by the number of samples before it is propagated, and the reported loss is
that of its `compute_loss`, the mean over the samples. Its matrices are float32, whatever they are set to, so that
float64 is not declared. SoftmaxCrossEntropy and LogisticCrossEntropy take net inputs, so that the layer under them is
linear, and the output is what its own softmax or sigmoid makes of it; its Softmax layer stands under the squared loss.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import numpy as np
from nerva_numpy.activation_functions import Sigmoid
from nerva_numpy.datasets import DataLoader
from nerva_numpy.loss_functions import parse_loss_function
from nerva_numpy.multilayer_perceptron import MultilayerPerceptron, parse_multilayer_perceptron
from nerva_numpy.softmax_functions import stable_softmax
from nerva_numpy.training import compute_loss

from backproof.case import Case
from backproof.conventions import Conventions
from backproof.door import Subject

LAYERS = {
    "identity": "Linear",
    "sigmoid": "Sigmoid",
    "tanh": "HyperbolicTangent",
    "relu": "ReLU",
    "softmax": "Softmax",
}
LOSSES = {"squared": "SquaredError", "log": "LogisticCrossEntropy", "cross_entropy": "SoftmaxCrossEntropy"}
OUTPUT = {"log": Sigmoid, "cross_entropy": stable_softmax}


def make_subject(device: str = "cpu") -> Subject:
    """Return nerva-numpy as a subject (it runs on the CPU, whatever the device)."""
    del device
    return Subject(
        name="nerva-numpy",
        run=_train,
        version=version("nerva-numpy"),
        conventions=Conventions(reduction="mean", kink="left"),
        activations=(*LAYERS, "leaky_relu"),
        losses=tuple(LOSSES),
        dtypes=("float32",),
        skips=("masked", "no-biases"),
    )


def _network(case: Case) -> MultilayerPerceptron:
    names = [_name(layer.activation) for layer in case.layers]
    if case.loss in OUTPUT:
        names[-1] = "Linear"
    network = parse_multilayer_perceptron(
        names, list(case.widths), ["GradientDescent"] * case.depth, ["Zero"] * case.depth
    )
    for layer, given in zip(network.layers, case.layers, strict=True):
        layer.W[:], layer.b[:] = given.weights, given.biases
    return network


def _name(rule: Any) -> str:
    if rule.name == "leaky_relu":
        return f"LeakyReLU(alpha={dict(rule.parameters)['slope']})"
    return LAYERS[rule.name]


def _train(case: Case) -> list[dict[str, Any]]:
    network, loss, records = _network(case), parse_loss_function(LOSSES[case.loss]), []
    for batch in case.batches:
        x, y = case.x[batch], case.y[batch]
        with np.errstate(over="ignore"):  # its sigmoid takes exp(-z) on both sides of 0
            reported = compute_loss(network, DataLoader(x, y, len(batch)), loss)
            output = network.feedforward(x)
            output_gradient = loss.gradient(output, y) / len(batch)
            network.backpropagate(output, output_gradient)
        given_out = [*(layer.X for layer in network.layers[1:]), output]
        propagated = [*(layer.DX for layer in network.layers[1:]), output_gradient]
        record = {
            "net_inputs": [getattr(layer, "Z", a) for layer, a in zip(network.layers, given_out, strict=True)],
            "activations": [*given_out[:-1], OUTPUT.get(case.loss, np.asarray)(output)],
            "loss": reported,
            "deltas": [getattr(layer, "DZ", da) for layer, da in zip(network.layers, propagated, strict=True)],
            "weight_gradients": [layer.DW.copy() for layer in network.layers],
            "bias_gradients": [layer.Db.copy() for layer in network.layers],
        }
        network.optimize(case.learning_rate)
        record["weights"] = [layer.W.copy() for layer in network.layers]
        record["biases"] = [layer.b.copy() for layer in network.layers]
        records.append(record)
    return records
