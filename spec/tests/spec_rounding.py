"""A small rounding model: how far a float64 evaluation of A1, summed in any order, can be from the exact values.

Worst case, forwards through the equations: |error of a product or sum| from the errors of its parts plus its own
roundings. It knows four facts about activations, stated here and tested with the activations:

- |f(z) - f(z')| <= F |z - z'| and |f'(z) - f'(z')| <= G |z - z'| on each side of a kink (`slopes`);
- f is computed to FUNCTION u max(1, |z|), f' to DERIVATIVE u max(1, |z|).

Index conventions: as in the spec. u = 2^-53 is the unit roundoff; gamma(n) bounds n roundings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from backproof_spec import Activation, Network, Step

U = 2.0**-53
FUNCTION, DERIVATIVE = 16, 32
TINY = np.finfo(np.float64).tiny


@dataclass(frozen=True)
class Bounds:
    """Bounds on the error of every value of a Step, each shaped as the value."""

    net_inputs: tuple[Any, ...]
    activations: tuple[Any, ...]
    loss: float
    deltas: tuple[Any, ...]
    weight_gradients: tuple[Any, ...]
    bias_gradients: tuple[Any, ...]
    weights: tuple[Any, ...]
    biases: tuple[Any, ...]


def gamma(n: int) -> float:
    """Return the relative error that n roundings can add up to."""
    return n * U / (1 - n * U)


def slopes(f: Activation) -> tuple[float, float]:
    """Return F and G: bounds of |f'| and of |f''| on each side of a kink."""
    parameters = dict(f.parameters)
    if f.name == "elu":
        return max(1.0, parameters["alpha"]), parameters["alpha"]
    if f.name == "leaky_relu":
        return max(1.0, abs(parameters["slope"])), 0.0
    return {"identity": (1, 0), "relu": (1, 0), "gelu": (1.2, 1)}.get(f.name, (1, 1))


def _product(left: Any, left_error: Any, right: Any, right_error: Any) -> Any:
    """Return the error of a product, rounded once, of two numbers with errors."""
    left, right = abs(left), abs(right)
    exact = left * right_error + left_error * right + left_error * right_error
    return exact + U * (left + left_error) * (right + right_error) + TINY


def _matmul(left: Any, left_error: Any, right: Any, right_error: Any, more: int = 0) -> Any:
    """Return the error of a matrix product of matrices with errors, `more` further roundings included."""
    left, right = abs(left), abs(right)
    n = left.shape[-1] + more
    exact = left @ right_error + left_error @ right + left_error @ right_error
    return exact + gamma(n) * ((left + left_error) @ (right + right_error)) + n * TINY


def _activation_error(f: Activation, z: Any, z_error: Any) -> Any:
    if f.elementwise:
        return slopes(f)[0] * z_error + FUNCTION * U * np.maximum(1, abs(z))
    return 2 * z_error.max(axis=-1, keepdims=True) + FUNCTION * U * np.ones_like(z)


def _derivative_error(f: Activation, z: Any, z_error: Any) -> Any:
    return slopes(f)[1] * z_error + DERIVATIVE * U * np.maximum(1, abs(z))


def _loss_error(loss: str, y: Any, o: Any, o_error: Any) -> float:
    """Return the error of E; infinite where o or 1 - o is no larger than its own error."""
    if loss == "squared":
        terms = (o - y) * (o - y)
        errors = _product(o - y, o_error + U * (abs(o) + y), o - y, o_error + U * (abs(o) + y))
    else:
        terms, errors = np.zeros_like(o), np.zeros_like(o)
        for label, p in ((y, o), (1 - y, 1 - o)) if loss == "log" else ((y, o),):
            used = label > 0
            room = np.where(used, p - o_error - U, 1)
            logs = abs(np.log(np.where(used & (room > 0), p, 1)))
            terms += label * logs
            errors += np.where(used, label * np.where(room > 0, (o_error + U) / room, np.inf) + 4 * U * label * logs, 0)
    return float(errors.sum() + gamma(terms.size + 4) * (abs(terms) + errors).sum() + TINY)


def _output_delta_error(f: Activation, loss: str, y: Any, step: Step, z_error: Any, o_error: Any) -> Any:
    o, z = step.activations[-1], step.net_inputs[-1]
    difference_error = o_error + U * (abs(o) + abs(y))
    if loss != "squared":
        return difference_error
    if f.elementwise:
        own_error = _derivative_error(f, z, z_error)
        return _product(2 * (o - y), 2 * difference_error, f.derivative(z), own_error)
    jacobian_error = _product(
        o[:, :, None], o_error[:, :, None], np.eye(o.shape[1]) - o[:, None, :], U + o_error[:, None, :]
    )
    return _matmul(2 * (o - y)[:, None, :], 2 * difference_error[:, None, :], f.derivative(z), jacobian_error)[:, 0, :]


def bounds(network: Network, x: Any, y: Any, loss: str, learning_rate: float, step: Step) -> Bounds:
    """Return the bounds for one iteration of A1 whose values (of either program) are given by `step`.

    The sizes of the values are taken from `step`, which is exact to first order.
    """
    z_errors, a_errors = [], []
    previous, previous_error = x, 0 * x
    for layer, z, a in zip(network, step.net_inputs, step.activations, strict=True):
        bias = 0 if layer.biases is None else abs(layer.biases)
        error = (
            _matmul(previous, previous_error, layer.weights.T, 0 * layer.weights.T, more=1)
            + gamma(previous.shape[1] + 1) * bias
        )
        z_errors.append(error)
        a_errors.append(_activation_error(layer.activation, z, error))
        previous, previous_error = a, a_errors[-1]

    delta_errors = [_output_delta_error(network[-1].activation, loss, y, step, z_errors[-1], a_errors[-1])]
    for index in range(len(network) - 2, -1, -1):
        f, z, weights = network[index].activation, step.net_inputs[index], network[index + 1].weights
        sums = step.deltas[index + 1] @ weights
        sum_errors = _matmul(step.deltas[index + 1], delta_errors[0], weights, 0 * weights)
        own_error = _derivative_error(f, z, z_errors[index])
        delta_errors.insert(0, _product(f.derivative(z), own_error, sums, sum_errors))

    weight_errors, bias_errors = [], []
    for delta, error, below, below_error in zip(
        step.deltas, delta_errors, [x, *step.activations[:-1]], [0 * x, *a_errors[:-1]], strict=True
    ):
        weight_errors.append(_matmul(delta.T, error.T, below, below_error))
        ones = np.ones((len(delta), 1))
        bias_errors.append(_matmul(delta.T, error.T, ones, 0 * ones)[:, 0])

    return Bounds(
        net_inputs=tuple(z_errors),
        activations=tuple(a_errors),
        loss=_loss_error(loss, y, step.activations[-1], a_errors[-1]),
        deltas=tuple(delta_errors),
        weight_gradients=tuple(weight_errors),
        bias_gradients=tuple(bias_errors),
        weights=tuple(
            _update_error(layer.weights, g, error, learning_rate)
            for layer, g, error in zip(network, step.weight_gradients, weight_errors, strict=True)
        ),
        biases=tuple(
            None if layer.biases is None else _update_error(layer.biases, g, error, learning_rate)
            for layer, g, error in zip(network, step.bias_gradients, bias_errors, strict=True)
        ),
    )


def _update_error(parameters: Any, gradient: Any, error: Any, learning_rate: float) -> Any:
    step_error = _product(learning_rate, 0, gradient, error)
    return step_error + U * (abs(parameters) + learning_rate * abs(gradient) + step_error)
