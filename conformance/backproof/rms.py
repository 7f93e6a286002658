"""The expected size of accumulated rounding errors: root-mean-square propagation through one update and the next.

Every rounding is taken as independent, a product of n terms has the standard deviation sqrt(n) u / sqrt(3) of its sum
of absolute values, and errors pass through the derivatives of the exact values. A bound is K = 8 standard deviations.
Worst-case bounds (walk.py) decide what deviates; this one decides what needs no remark.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from backproof.balls import Array
from backproof.case import Case
from backproof.tolerance import K, Tolerance
from backproof_spec import Activation

FLOOR = float(np.finfo(np.float64).tiny)

Key = tuple[str, int]
Parameters = list[tuple[Array, Array | None]]


@dataclass(frozen=True, slots=True)
class _State:
    """Exact float64 values of one update, the variances of the parameters before it, and the model's constants."""

    case: Case
    values: Mapping[Key, Array]
    parameters: Parameters
    batch: tuple[int, ...]
    reduced: frozenset[Key]


def rms_bounds(
    case: Case,
    values: Mapping[Key, Array],
    parameters: Parameters,
    before: Parameters,
    batch: tuple[int, ...],
    reduced: frozenset[Key] = frozenset(),
) -> tuple[dict[Key, Array], Parameters]:
    """Return the bound of every quantity of one update, and the variances of the parameters after it.

    values: the exact results by (quantity, layer); parameters: those before the update; before: their variances;
    reduced: the (quantity, layer) found in the reduced-accuracy tier, whose errors enter in place of c_f u |a|.
    """
    with np.errstate(all="ignore"):
        state = _State(case, values, parameters, batch, reduced)
        spread = _forward(state, before)
        spread |= _loss(state, spread)
        spread |= _backward(state, spread, before)
        spread |= _descend(state, spread, before)
    model = Tolerance(case.dtype)
    bounds = {key: K * np.sqrt(np.maximum(spread[key], FLOOR)) + model.underflow(1, values[key]) for key in values}
    after = [(spread["weights", n], spread.get(("biases", n))) for n in range(1, case.depth + 1)]
    return bounds, after


def zero_variances(case: Case) -> Parameters:
    """Return variances of 0 for parameters that are given exactly."""
    return [
        (np.zeros(layer.weights.shape), None if layer.biases is None else np.zeros(layer.biases.shape))
        for layer in case.layers
    ]


def _rounding(u: float, terms: int, absolute: Array) -> Array:
    """Return the variance of a sum of `terms` products."""
    return terms * (u * absolute) ** 2 / 3


def _below(state: _State, number: int) -> Array:
    rows = list(state.batch)
    return state.case.x[rows].astype(np.float64) if number == 1 else state.values["activations", number - 1]


def _forward(state: _State, before: Parameters) -> dict[Key, Array]:
    model = Tolerance(state.case.dtype)
    spread: dict[Key, Array] = {}
    noise = np.zeros(_below(state, 1).shape)
    for number, layer in enumerate(state.case.layers, 1):
        (w, b), (var_w, var_b) = state.parameters[number - 1], before[number - 1]
        a, z = _below(state, number), state.values["net_inputs", number]
        absolute = np.abs(a) @ np.abs(w).T + (0 if b is None else np.abs(b))
        variance = noise @ (w * w).T + (a * a) @ var_w.T + (0 if var_b is None else var_b)
        spread["net_inputs", number] = variance + _rounding(model.u, w.shape[1] + 1, absolute)
        own = model.activation(layer.activation, z, state.values["activations", number]) ** 2
        if ("activations", number) in state.reduced:
            own = np.maximum(own, model.reduced_activation(z) ** 2)
        noise = _through(layer.activation, z, spread["net_inputs", number]) + own
        spread["activations", number] = noise
    return spread


def _through(activation: Activation, z: Array, variance: Array) -> Array:
    if activation.elementwise:
        return np.asarray(activation.derivative(z) ** 2 * variance)
    jacobian = activation.derivative(z - z.max(axis=-1, keepdims=True))
    return np.einsum("bij,bj->bi", jacobian**2, variance)


def _loss(state: _State, spread: Mapping[Key, Array]) -> dict[Key, Array]:
    case, rule = state.case, state.case.loss_rule
    if ("loss", 0) not in state.values:
        return {}
    rows, depth, model = list(state.batch), case.depth, Tolerance(case.dtype)
    y, o = case.y[rows].astype(np.float64), state.values["activations", depth]
    scale = float(case.conventions.error_scale(case.loss, case.widths[-1], len(rows)))
    slope = rule.derivative(y, o)
    carried = np.where(np.isfinite(slope), slope**2 * spread["activations", depth], 0.0).sum()
    own = model.gamma(o.size + 10) * np.abs(state.values["loss", 0])
    if ("loss", 0) in state.reduced:
        own = own + scale * model.reduced_activation(state.values["net_inputs", depth]).sum()
    return {("loss", 0): scale**2 * carried + own**2}


def _backward(state: _State, spread: Mapping[Key, Array], before: Parameters) -> dict[Key, Array]:
    case, depth = state.case, state.case.depth
    model = Tolerance(case.dtype)
    found: dict[Key, Array] = {("deltas", depth): _output_delta(state, spread)}
    for number in range(depth - 1, 0, -1):
        activation, (w, _) = case.layers[number - 1].activation, state.parameters[number]
        z, delta = state.values["net_inputs", number], state.values["deltas", number + 1]
        slope, s = activation.derivative(z), delta @ w
        absolute = np.abs(delta) @ np.abs(w)
        var_s = found["deltas", number + 1] @ (w * w) + delta**2 @ before[number][0]
        var_s = var_s + _rounding(model.u, w.shape[0] + 1, absolute)
        var_slope = activation.second_derivative(z) ** 2 * spread["net_inputs", number]
        low = ("deltas", number) in state.reduced
        var_slope = var_slope + model.derivative(activation, z, reduced=low) ** 2
        found["deltas", number] = slope**2 * var_s + s**2 * var_slope + (model.u * s * slope) ** 2
    return found


def _output_delta(state: _State, spread: Mapping[Key, Array]) -> Array:
    case, depth, rule = state.case, state.case.depth, state.case.loss_rule
    rows, model = list(state.batch), Tolerance(case.dtype)
    activation = case.layers[-1].activation
    y, z, o = case.y[rows].astype(np.float64), state.values["net_inputs", depth], state.values["activations", depth]
    variance = spread["net_inputs", depth]
    scale = float(case.conventions.delta_scale(case.loss, case.widths[-1], len(rows)))
    low = ("deltas", depth) in state.reduced or ("activations", depth) in state.reduced
    r = model.derivative(activation, z, reduced=low) if activation.elementwise else 0 * z
    o_bound = model.reduced_activation(z) if low else model.activation(activation, z, o)
    fused = rule.output_activation == activation.name and "saturated-output" in case.flags
    own = model.output_delta(activation, rule, y, z, o, o_bound, r, scale, fused=fused) ** 2
    if rule.output_activation == activation.name:
        return scale**2 * _through(activation, z, variance) + own
    slope, curvature = rule.derivative(y, o), rule.second_derivative(y, o)
    if activation.elementwise:
        change = curvature * activation.derivative(z) ** 2 + slope * activation.second_derivative(z)
        return scale**2 * change**2 * variance + own
    jacobian = activation.derivative(z - z.max(axis=-1, keepdims=True))
    weighted = (o * slope).sum(axis=-1, keepdims=True)
    by_output = np.eye(o.shape[-1]) * (slope - weighted + o * curvature)[..., None, :]
    by_output = by_output - o[..., :, None] * (slope + o * curvature)[..., None, :]
    return scale**2 * np.einsum("bij,bj->bi", (by_output @ jacobian) ** 2, variance) + own


def _descend(state: _State, spread: Mapping[Key, Array], before: Parameters) -> dict[Key, Array]:
    case, model = state.case, Tolerance(state.case.dtype)
    samples, found = len(state.batch), {}
    scale = float(case.conventions.gradient_scale(samples))
    for number, (w, b) in enumerate(state.parameters, 1):
        delta, a = state.values["deltas", number], _below(state, number)
        var_delta = spread["deltas", number]
        var_a = np.zeros(a.shape) if number == 1 else spread["activations", number - 1]
        by_weight = var_delta.T @ a**2 + (delta**2).T @ var_a
        by_weight = by_weight + _rounding(model.u, samples + 2, np.abs(delta).T @ np.abs(a))
        by_bias = var_delta.sum(axis=0) + _rounding(model.u, samples + 2, np.abs(delta).sum(axis=0))
        found["weight_gradients", number] = scale**2 * by_weight
        change = case.learning_rate**2
        gradient = state.values["weight_gradients", number]
        own = model.update(w, gradient, case.learning_rate) ** 2
        found["weights", number] = before[number - 1][0] + change * scale**2 * by_weight + own
        variance = before[number - 1][1]
        if b is not None and variance is not None:
            found["bias_gradients", number] = scale**2 * by_bias
            own = model.update(b, state.values["bias_gradients", number], case.learning_rate) ** 2
            found["biases", number] = variance + change * scale**2 * by_bias + own
    return found
