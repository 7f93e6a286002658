"""The proof that a case is exact: every intermediate is a float32, in whatever order the sums are taken.

Numbers on a grid: multiples of 2^-q. A sum whose terms are such multiples and whose absolute values add up to at most
2^(24 - q) has only float32 numbers as partial sums, fused or not.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from backproof.balls import Array
from backproof.case import Case
from backproof.vectors.rounding import Rounded
from backproof.walk import Key
from backproof_spec import Activation

DIGITS = 24  # of float32


def _power(values: Array) -> int:
    """Return the least q >= 0 such that every value is a multiple of 2^-q."""
    parts = [value.as_integer_ratio()[1] for value in np.asarray(values, dtype=np.float64).ravel().tolist()]
    return max((part.bit_length() - 1 for part in parts), default=0)


def _slope_power(rule: Activation) -> int:
    """Return the power of f' of a piecewise linear activation: 0, 1 or its slope."""
    return max((_power(np.asarray(slope)) for slope in rule.kink or ()), default=0)


def _fits(absolute: Array, power: int) -> bool:
    return bool((np.asarray(absolute) <= 2.0 ** (DIGITS - power)).all())


def inexact(case: Case, rounded: Rounded) -> str | None:
    """Return the first place where a float32 might have to round, or None: then every correct program is exact."""
    for layer in case.layers:
        if not layer.activation.rule.piecewise_linear:
            return f"{layer.activation} rounds"
    if case.loss != "squared":
        return f"the {case.loss} loss rounds"
    parameters = [(layer.weights, layer.biases) for layer in case.layers]
    for step, (values, batch) in enumerate(zip(rounded.values, case.batches, strict=True), 1):
        place = _update(case, parameters, values, list(batch))
        if place is not None:
            return f"update {step}: {place}"
        parameters = [(values["weights", n], values.get(("biases", n))) for n in range(1, case.depth + 1)]
    return None


def _update(
    case: Case, parameters: list[tuple[Array, Array | None]], values: Mapping[Key, Array], rows: list[int]
) -> str | None:
    x, y, depth = case.x[rows], case.y[rows], case.depth
    below = [x, *(values["activations", n] for n in range(1, depth))]
    for n, ((w, b), a) in enumerate(zip(parameters, below, strict=True), 1):
        bias = np.zeros(len(w)) if b is None else b
        if not _fits(np.abs(a) @ np.abs(w).T + np.abs(bias), max(_power(w) + _power(a), _power(bias))):
            return f"net_inputs of layer {n}"
        out = values["activations", n]
        if not _fits(np.abs(out), _power(out)):
            return f"activations of layer {n}"
    o = values["activations", depth]
    size, power = np.abs(o) + np.abs(y), max(_power(o), _power(y))
    if not _fits((size**2).sum(), 2 * power):
        return "loss"
    size = 2 * size
    for n in range(depth, 0, -1):
        w, b = parameters[n - 1]
        if n < depth:
            above = values["deltas", n + 1]
            size, power = np.abs(above) @ np.abs(parameters[n][0]), _power(above) + _power(parameters[n][0])
        if not _fits(size, power + _slope_power(case.layers[n - 1].activation)):
            return f"deltas of layer {n}"
        place = _parameters(values["deltas", n], below[n - 1], w, b, case.learning_rate)
        if place is not None:
            return f"{place} of layer {n}"
    return None


def _parameters(delta: Array, a: Array, w: Array, b: Array | None, rate: float) -> str | None:
    sums = [("weights", np.abs(delta).T @ np.abs(a), _power(delta) + _power(a), w)]
    sums += [] if b is None else [("biases", np.abs(delta).sum(axis=0), _power(delta), b)]
    for name, size, power, old in sums:
        if not _fits(size, power):
            return f"gradient of the {name}"
        if not _fits(np.abs(old) + rate * size, max(power + _power(np.asarray(rate)), _power(old))):
            return name
    return None
