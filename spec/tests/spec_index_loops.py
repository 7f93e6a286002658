"""A1 written index by index: Python floats, the indices of equations.md, and no array operation at all.

A second source beside the array version: nothing of backproof_spec is imported, the functions are those of `math`.

Index conventions: w[l][i][j] goes from neuron j of layer l-1 to neuron i of layer l (lists start at layer 1, so w[0] is
w^1); s runs over the samples; `exists[l][i][j]` says whether the edge is there; b[l] is None without biases.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

Vector = list[float]
Matrix = list[Vector]


@dataclass(frozen=True)
class LoopLayer:
    """One layer as plain lists: weights w[i][j], biases b[i] or None, edges that exist, and the activation's name."""

    w: Matrix
    b: Vector | None
    exists: list[list[bool]]
    activation: str
    parameters: dict[str, Any]


@dataclass(frozen=True)
class LoopStep:
    """What one iteration computes: z, a and delta as [layer][sample][neuron], the rest as the parameters are shaped."""

    z: list[Matrix]
    a: list[Matrix]
    loss: float
    delta: list[Matrix]
    by_weight: list[Matrix]
    by_bias: list[Vector]
    w: list[Matrix]
    b: list[Vector | None]


def value(name: str, z: float, slope: float = 0.0, alpha: float = 0.0, approximate: str = "none") -> float:
    """Return f(z) of an element-wise activation."""
    inner = math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)
    return {
        "identity": lambda: z,
        "sigmoid": lambda: 1 / (1 + math.exp(-z)),
        "tanh": lambda: math.tanh(z),
        "relu": lambda: max(z, 0.0),
        "leaky_relu": lambda: z if z > 0 else slope * z,
        "elu": lambda: z if z > 0 else alpha * math.expm1(z),
        "softplus": lambda: math.log1p(math.exp(z)),
        "gelu": lambda: z * (math.erfc(-z / math.sqrt(2)) if approximate == "none" else 1 + math.tanh(inner)) / 2,
    }[name]()


def slope_of(name: str, z: float, slope: float = 0.0, alpha: float = 0.0, approximate: str = "none") -> float:
    """Return f'(z) of an element-wise activation; at a kink the value from the left."""
    t = math.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3))
    t_slope = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * z**2)
    density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return {
        "identity": lambda: 1.0,
        "sigmoid": lambda: value("sigmoid", z) * value("sigmoid", -z),
        "tanh": lambda: 1 - math.tanh(z) ** 2,
        "relu": lambda: 1.0 if z > 0 else 0.0,
        "leaky_relu": lambda: 1.0 if z > 0 else slope,
        "elu": lambda: 1.0 if z > 0 else alpha * math.exp(z),
        "softplus": lambda: value("sigmoid", z),
        "gelu": lambda: (
            0.5 * math.erfc(-z / math.sqrt(2)) + z * density
            if approximate == "none"
            else (1 + t) / 2 + z * (1 - t * t) * t_slope / 2
        ),
    }[name]()


def softmax(z: Vector) -> Vector:
    """Return e^(z_i) / sum_j e^(z_j)."""
    total = 0.0
    for entry in z:
        total += math.exp(entry)
    return [math.exp(entry) / total for entry in z]


def sample_loss(loss: str, y: Vector, o: Vector) -> float:
    """Return J(y, o) of one sample (E4 to E6), with 0 log 0 := 0."""
    total = 0.0
    for i in range(len(y)):
        if loss == "squared":
            total += (y[i] - o[i]) ** 2
            continue
        if y[i] != 0:
            total -= y[i] * math.log(o[i])
        if loss == "log" and y[i] != 1:
            total -= (1 - y[i]) * math.log(1 - o[i])
    return total


def output_delta(layer: LoopLayer, loss: str, y: Vector, o: Vector, z: Vector) -> Vector:
    """Return delta^L of one sample: E24 or E25 for their pairs, else E22 with the squared loss (which E23 is)."""
    k = len(y)
    if (layer.activation, loss) in (("sigmoid", "log"), ("softmax", "cross_entropy")):
        return [o[i] - y[i] for i in range(k)]
    if layer.activation != "softmax":
        return [2 * (o[i] - y[i]) * slope_of(layer.activation, z[i], **layer.parameters) for i in range(k)]
    delta = []
    for j in range(k):
        total = 0.0
        for i in range(k):
            total += 2 * (o[i] - y[i]) * (o[i] * (1 - o[i]) if i == j else -o[i] * o[j])
        delta.append(total)
    return delta


def one_iteration(layers: list[LoopLayer], x: Matrix, y: Matrix, loss: str, alpha: float) -> LoopStep:
    """Return A1: forward pass, output deltas, deltas layer by layer down to layer 1, then all updates."""
    n = len(x)
    z, a = _forward(layers, x)
    error = 0.0
    for s in range(n):
        error += sample_loss(loss, y[s], a[-1][s])

    delta = [[output_delta(layers[-1], loss, y[s], a[-1][s], z[-1][s]) for s in range(n)]]
    for index in range(len(layers) - 2, -1, -1):
        layer, following = layers[index], layers[index + 1]
        rows = []
        for s in range(n):
            row = []
            for i in range(len(layer.w)):
                total = 0.0
                for j in range(len(following.w)):
                    total += following.w[j][i] * delta[0][s][j]
                row.append(slope_of(layer.activation, z[index][s][i], **layer.parameters) * total)
            rows.append(row)
        delta.insert(0, rows)

    by_weight, by_bias = _gradients(layers, [x, *a[:-1]], delta)
    new_w = [
        [[layer.w[i][j] - alpha * g[i][j] for j in range(len(layer.w[i]))] for i in range(len(layer.w))]
        for layer, g in zip(layers, by_weight, strict=True)
    ]
    new_b = [
        None if layer.b is None else [layer.b[i] - alpha * g[i] for i in range(len(layer.b))]
        for layer, g in zip(layers, by_bias, strict=True)
    ]
    return LoopStep(z, a, error, delta, by_weight, by_bias, new_w, new_b)


def _forward(layers: list[LoopLayer], x: Matrix) -> tuple[list[Matrix], list[Matrix]]:
    z: list[Matrix] = []
    a: list[Matrix] = []
    for layer in layers:
        previous = a[-1] if a else x
        z.append([])
        a.append([])
        for below in previous:
            row = []
            for i in range(len(layer.w)):
                total = 0.0 if layer.b is None else layer.b[i]
                for j in range(len(below)):
                    total += layer.w[i][j] * below[j]
                row.append(total)
            z[-1].append(row)
            a[-1].append(
                softmax(row)
                if layer.activation == "softmax"
                else [value(layer.activation, entry, **layer.parameters) for entry in row]
            )
    return z, a


def _gradients(
    layers: list[LoopLayer], previous: list[Matrix], delta: list[Matrix]
) -> tuple[list[Matrix], list[Vector]]:
    by_weight, by_bias = [], []
    for index, layer in enumerate(layers):
        matrix, vector = [], []
        for i in range(len(layer.w)):
            row = []
            for j in range(len(layer.w[i])):
                total = 0.0
                for s in range(len(delta[index])):
                    total += delta[index][s][i] * previous[index][s][j] if layer.exists[i][j] else 0.0
                row.append(total)
            matrix.append(row)
            vector.append(sum(delta[index][s][i] for s in range(len(delta[index]))))
        by_weight.append(matrix)
        by_bias.append(vector)
    return by_weight, by_bias
