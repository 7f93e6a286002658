"""A right large update, computed plainly, and ways to make one number of it wrong."""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof.probes import LargeCase
from backproof_spec import activation
from backproof_spec.output_delta import output_deltas

PARAMETERS = {"leaky_relu": {"slope": 0.25}}  # exact in float32


def large(hidden: str = "sigmoid", dtype: str = "float32", widths: tuple[int, ...] = (96, 80, 64, 48), **options: Any):
    rule = activation(hidden, **PARAMETERS.get(hidden, {}))
    given = {"samples": 40, "hidden": rule, "dtype": dtype, "learning_rate": 2.0**-8, **options}
    return LargeCase("probed", widths, **given)


def update(case: Any, *, direct: bool = False) -> dict[str, Any]:
    """Return everything that one update shows, in the case's dtype, and in the article's layout."""
    given, kind = case.for_subject(), np.dtype(case.dtype).type
    n = len(given.x) if case.conventions.reduction == "mean" else 1
    net_inputs, activations = [], [given.x]
    for layer in given.layers:
        z = activations[-1] @ layer.weights.T + layer.biases
        shifted = z if layer.activation.elementwise else z - z.max(axis=1, keepdims=True)
        net_inputs.append(z)
        activations.append(np.asarray(layer.activation(shifted)).astype(case.dtype))
    scale = kind(float(case.conventions.delta_scale(case.loss, case.widths[-1], n)))
    rule, last = case.loss_rule, given.layers[-1].activation
    deltas = [np.asarray(output_deltas(last, rule, given.y, net_inputs[-1], activations[-1], scale))]
    products: list[Any] = [None]
    for number in range(case.depth - 1, 0, -1):
        products.insert(0, deltas[0] @ given.layers[number].weights)
        slope = np.asarray(given.layers[number - 1].activation.derivative(net_inputs[number - 1]))
        deltas.insert(0, (slope * products[0]).astype(case.dtype))
    weight_gradients = [delta.T @ a for delta, a in zip(deltas, activations, strict=False)]
    bias_gradients = [delta.sum(axis=0) for delta in deltas]
    rate = kind(case.learning_rate)
    shown = {
        "net_inputs": net_inputs,
        "activations": activations[1:],
        "loss": np.float64(float(scale) * rule(given.y.astype(float), activations[-1].astype(float)).sum()),
        "deltas": deltas,
        "weight_gradients": weight_gradients,
        "bias_gradients": bias_gradients,
        "weights": [la.weights - rate * g for la, g in zip(given.layers, weight_gradients, strict=True)],
        "biases": [la.biases - rate * g for la, g in zip(given.layers, bias_gradients, strict=True)],
    }
    return {**shown, "activation_gradients": products} if direct else shown


def transposed(answer):
    """The same answer with each matrix turned."""
    straight = ("loss", "biases", "bias_gradients")
    return {
        name: values if name in straight else [None if v is None else v.T for v in values]
        for name, values in answer.items()
    }
