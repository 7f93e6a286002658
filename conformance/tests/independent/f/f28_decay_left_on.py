"""Fault: the optimiser's weight decay (0.01) is left on: every step also shrinks the weights by rate * 0.01."""
from dataclasses import dataclass, field
from typing import Optional
import math
import numpy as np
import backproof


@dataclass
class SGD:
    rate: float
    weight_decay: float = 0.01

    def __call__(self, unit):
        t = unit.w.dtype.type
        unit.w = unit.w * t(1 - self.rate * self.weight_decay) - t(self.rate) * unit.gw
        if unit.b is not None:
            unit.b = unit.b - t(self.rate) * unit.gb


@dataclass
class Unit:
    w: np.ndarray
    b: Optional[np.ndarray]
    mask: Optional[np.ndarray]
    name: str
    extra: dict = field(default_factory=dict)
    gw: Optional[np.ndarray] = None
    gb: Optional[np.ndarray] = None

    def run(self, a):
        z = a @ self.w.T
        return z if self.b is None else z + self.b

    def f(self, z):
        t = z.dtype.type
        if self.name == "sigmoid":
            return np.exp(-np.logaddexp(t(0), -z))
        if self.name == "tanh":
            return np.tanh(z)
        if self.name == "relu":
            return np.maximum(z, t(0))
        if self.name == "leaky_relu":
            return np.where(z >= 0, z, t(self.extra["slope"]) * z)
        if self.name == "elu":
            return np.where(z >= 0, z, t(self.extra["alpha"]) * np.expm1(np.minimum(z, t(0))))
        if self.name == "softplus":
            return np.logaddexp(z, t(0))
        if self.name == "softmax":
            e = np.exp(z - np.amax(z, axis=1, keepdims=True))
            return e / np.sum(e, axis=1, keepdims=True)
        return z.copy()

    def df(self, z):
        t = z.dtype.type
        if self.name == "sigmoid":
            a = self.f(z)
            return a - a * a
        if self.name == "tanh":
            return t(1) - np.tanh(z) ** 2
        if self.name == "relu":
            return (z > 0).astype(z.dtype)
        if self.name == "leaky_relu":
            return np.where(z > 0, t(1), t(self.extra["slope"]))
        if self.name == "elu":
            return np.where(z > 0, t(1), t(self.extra["alpha"]) * np.exp(np.minimum(z, t(0))))
        if self.name == "softplus":
            return np.exp(-np.logaddexp(t(0), -z))
        return np.ones_like(z)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], loss_factor=0.5)
def net(case):
    units = [Unit(np.array(l.weights), None if l.biases is None else np.array(l.biases), l.mask,
                  l.activation.name, dict(l.activation.parameters)) for l in case.layers]
    optimiser = SGD(case.learning_rate)
    rows = []
    for batch in case.batches:
        a, zs, y = [case.x[list(batch)]], [], case.y[list(batch)]
        for u in units:
            zs.append(u.run(a[-1]))
            a.append(u.f(zs[-1]))
        delta = a[-1] - y
        if case.loss == "squared":
            if units[-1].name == "softmax":
                delta = a[-1] * (delta - np.sum(delta * a[-1], axis=1, keepdims=True))
            else:
                delta = delta * units[-1].df(zs[-1])
        for i in range(len(units) - 1, -1, -1):
            u = units[i]
            u.gw = delta.T @ a[i] if u.mask is None else (delta.T @ a[i]) * u.mask
            u.gb = None if u.b is None else delta.sum(axis=0)
            if i > 0:
                delta = (delta @ u.w) * units[i - 1].df(zs[i - 1])
        for u in units:
            optimiser(u)
        rows.append({"weight_gradients": [u.gw for u in units], "bias_gradients": [u.gb for u in units],
                     "weights": [u.w for u in units], "biases": [u.b for u in units]})
    return rows
