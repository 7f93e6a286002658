"""A correct implementation in steps, for the judge's tests: any one step can be replaced by a wrong one.

It is written with NumPy alone in stable formulas, so that what conforms here is what a careful person would write.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from backproof_spec import LOSSES


def stable_activation(rule, z):
    if rule.name == "sigmoid":
        e = np.exp(-np.abs(z))
        return np.where(z >= 0, 1 / (1 + e), e / (1 + e)).astype(z.dtype)
    if rule.name == "softmax":
        return rule(z - z.max(axis=-1, keepdims=True))
    if rule.name == "softplus":
        return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
    return np.asarray(rule(z), dtype=z.dtype)


def stable_loss(case, y, z, o):
    if case.loss == "log":
        return (np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))).sum()
    if case.loss == "cross_entropy":
        shifted = z - z.max(axis=-1, keepdims=True)
        return -(y * (shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))).sum()
    return ((y - o) ** 2).sum()


def stable_output_delta(case, y, z, o):
    rule = case.layers[-1].activation
    if case.loss != "squared":
        return o - y
    slope = LOSSES["squared"].derivative(y, o)
    if rule.elementwise:
        return slope * derivative(rule, z, o)
    return o * (slope - (o * slope).sum(axis=-1, keepdims=True))


def derivative(rule, z, a):
    if rule.name == "sigmoid":
        return a * (1 - a)
    if rule.name == "tanh":
        return 1 - a * a
    if rule.name == "softplus":
        return stable_activation(replace(rule, name="sigmoid"), z)
    return np.asarray(rule.derivative(z), dtype=z.dtype)


@dataclass(frozen=True)
class Machine:
    """The steps of one update; every field may be replaced."""

    net_input: Callable[..., Any] = lambda w, b, a: a @ w.T if b is None else a @ w.T + b
    activation: Callable[..., Any] = stable_activation
    loss: Callable[..., Any] = stable_loss
    output_delta: Callable[..., Any] = stable_output_delta
    hidden_delta: Callable[..., Any] = lambda rule, z, a, w, d: derivative(rule, z, a) * (d @ w)
    gradient: Callable[..., Any] = lambda d, a, mask: d.T @ a if mask is None else (d.T @ a) * mask
    bias_gradient: Callable[..., Any] = lambda d: d.sum(axis=0)
    update: Callable[..., Any] = lambda p, g, rate: p - p.dtype.type(rate) * g
    deltas_see: str = "before"
    shows: tuple[str, ...] | None = None

    def __call__(self, case):
        weights = [layer.weights for layer in case.layers]
        biases = [layer.biases for layer in case.layers]
        records = []
        for batch in case.batches:
            x, y = case.x[list(batch)], case.y[list(batch)]
            zs, activations = [], [x]
            for w, b, layer in zip(weights, biases, case.layers, strict=True):
                zs.append(self.net_input(w, b, activations[-1]))
                activations.append(self.activation(layer.activation, zs[-1]))
            deltas = [self.output_delta(case, y, zs[-1], activations[-1])]
            before = list(weights)
            for n in range(case.depth - 1, 0, -1):
                if self.deltas_see == "after":
                    gradient = self.gradient(deltas[0], activations[n], case.layers[n].mask)
                    weights[n] = self.update(before[n], gradient, case.learning_rate)
                rule = case.layers[n - 1].activation
                deltas.insert(0, self.hidden_delta(rule, zs[n - 1], activations[n], weights[n], deltas[0]))
            gradients = [
                self.gradient(d, a, la.mask) for d, a, la in zip(deltas, activations[:-1], case.layers, strict=True)
            ]
            by_bias = [None if b is None else self.bias_gradient(d) for d, b in zip(deltas, biases, strict=True)]
            weights = [self.update(w, g, case.learning_rate) for w, g in zip(before, gradients, strict=True)]
            biases = [
                None if b is None else self.update(b, g, case.learning_rate)
                for b, g in zip(biases, by_bias, strict=True)
            ]
            record = {
                "net_inputs": zs,
                "activations": activations[1:],
                "loss": self.loss(case, y, zs[-1], activations[-1]),
                "deltas": deltas,
                "weight_gradients": gradients,
                "bias_gradients": by_bias,
                "weights": list(weights),
                "biases": list(biases),
            }
            records.append({k: v for k, v in record.items() if self.shows is None or k in self.shows})
        return records
