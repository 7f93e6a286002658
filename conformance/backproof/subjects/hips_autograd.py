"""HIPS autograd as a subject: networks as its users write them, its derivatives, and its own `sgd` without momentum.

Deltas are its gradients by a zero that is added to each net input. f'(0) of a ReLU is 1/2: its `maximum` shares a tie.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd import value_and_grad
from autograd.misc.optimizers import sgd
from autograd.scipy.special import erf, expit, logsumexp

from backproof.case import Case
from backproof.conventions import Conventions
from backproof.door import Subject

ACTIVATIONS: dict[str, Any] = {
    "identity": lambda z: z,
    "sigmoid": expit,
    "tanh": anp.tanh,
    "relu": lambda z: anp.maximum(z, 0),
    "leaky_relu": lambda z, slope: anp.where(z > 0, z, slope * z),
    "elu": lambda z, alpha: anp.where(z > 0, z, alpha * anp.expm1(anp.minimum(z, 0))),
    "softplus": lambda z: anp.logaddexp(0, z),
    "softmax": lambda z: anp.exp(z - logsumexp(z, axis=1, keepdims=True)),
}


def make_subject(device: str = "cpu") -> Subject:
    """Return HIPS autograd as a subject (it runs on the CPU, whatever the device)."""
    del device
    return Subject(
        name="autograd",
        run=_train,
        version=version("autograd"),
        conventions=Conventions(),
        activations=(*ACTIVATIONS, "gelu"),
        skips=("masked",),
    )


def _gelu(z: Any, approximate: str) -> Any:
    if approximate == "tanh":
        return z * (1 + anp.tanh(np.sqrt(2 / np.pi).astype(z.dtype) * (z + 0.044715 * z**3))) / 2
    return z * (1 + erf(z / np.sqrt(2).astype(z.dtype))) / 2


def _forward(case: Case, parameters: list[Any], taps: list[Any], x: Any) -> tuple[list[Any], list[Any]]:
    """Return net inputs and activations; parameters: weights and biases (where there are any), layer by layer."""
    left, previous, net_inputs, activations = iter(parameters), x, [], []
    for layer, tap in zip(case.layers, taps, strict=True):
        z = anp.dot(previous, next(left).T) + tap
        z = z if layer.biases is None else z + next(left)
        function = ACTIVATIONS.get(layer.activation.name, _gelu)
        previous = function(z, **dict(layer.activation.parameters))
        net_inputs.append(z)
        activations.append(previous)
    return net_inputs, activations


def _error(case: Case, z: Any, output: Any, y: Any) -> Any:
    if case.loss == "squared":
        return anp.sum((y - output) ** 2)
    if case.loss == "log":
        return anp.sum(anp.logaddexp(0, z) - y * z)
    return anp.sum(y * (logsumexp(z, axis=1, keepdims=True) - z))


def _train(case: Case) -> list[dict[str, Any]]:
    parameters = [values for la in case.layers for values in (la.weights, la.biases) if values is not None]
    records = []
    for batch in case.batches:
        x, y = case.x[batch], case.y[batch]
        taps = [np.zeros((len(batch), width), case.dtype) for width in case.widths[1:]]

        def error(variables: list[Any], x: Any = x, y: Any = y) -> Any:
            given, zeros = variables
            net_inputs, activations = _forward(case, given, zeros, x)
            return _error(case, net_inputs[-1], activations[-1], y)

        with np.errstate(over="ignore"):  # its derivative of tanh squares cosh
            loss, (gradients, deltas) = value_and_grad(error)([parameters, taps])
            net_inputs, activations = _forward(case, parameters, taps, x)
            parameters = sgd(
                lambda given, _, error=error, taps=taps: value_and_grad(error)([given, taps])[1][0],
                parameters,
                num_iters=1,
                step_size=case.learning_rate,
                mass=0.0,
            )
        weight_gradients, bias_gradients = _by_layer(case, gradients)
        weights, biases = _by_layer(case, parameters)
        records.append(
            {
                "net_inputs": net_inputs,
                "activations": activations,
                "loss": loss,
                "deltas": deltas,
                "weight_gradients": weight_gradients,
                "bias_gradients": bias_gradients,
                "weights": weights,
                "biases": biases,
            }
        )
    return records


def _by_layer(case: Case, values: list[Any]) -> tuple[list[Any], list[Any]]:
    left = iter(values)
    pairs = [(next(left), None if layer.biases is None else next(left)) for layer in case.layers]
    return [weights for weights, _ in pairs], [biases for _, biases in pairs]
