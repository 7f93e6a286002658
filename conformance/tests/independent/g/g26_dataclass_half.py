"""Fault: what every layer's activation function gives is stored as float16 and read back, so about three digits are left."""
from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

import backproof


def half(a):
    return a.astype(np.float16).astype(a.dtype)


@dataclass
class Act:
    kind: str
    p: dict = field(default_factory=dict)

    def __call__(self, z):
        match self.kind:
            case "identity":
                a = z
            case "sigmoid":
                a = np.exp(-np.logaddexp(-z, np.zeros_like(z)))
            case "tanh":
                a = np.tanh(z)
            case "relu":
                a = np.clip(z, 0, None)
            case "leaky_relu":
                a = np.where(z < 0, self.p["slope"] * z, z)
            case "elu":
                a = np.where(z < 0, self.p["alpha"] * np.expm1(np.clip(z, None, 0)), z)
            case "softplus":
                a = np.logaddexp(z, np.zeros_like(z))
            case "softmax":
                a = np.exp(z - np.amax(z, axis=1, keepdims=True))
                a = a / np.sum(a, axis=1, keepdims=True)
        return half(a)

    def slope(self, z):
        match self.kind:
            case "identity":
                return np.ones_like(z)
            case "sigmoid":
                e = np.exp(-np.abs(z))
                return e / (1 + e) ** 2
            case "tanh":
                e = np.exp(-2 * np.abs(z))
                return 4 * e / (1 + e) ** 2
            case "relu":
                return np.heaviside(z, 0).astype(z.dtype)
            case "leaky_relu":
                return np.where(z < 0, self.p["slope"], 1).astype(z.dtype)
            case "elu":
                return np.where(z < 0, self.p["alpha"] * np.exp(np.clip(z, None, 0)), 1).astype(z.dtype)
            case "softplus":
                return np.exp(-np.logaddexp(-z, np.zeros_like(z)))


@dataclass
class Layer:
    W: np.ndarray
    b: np.ndarray | None
    keep: np.ndarray | None
    f: Act
    a_in: np.ndarray = None
    z: np.ndarray = None
    a: np.ndarray = None
    delta: np.ndarray = None
    gW: np.ndarray = None
    gb: np.ndarray | None = None

    def up(self, a_in):
        self.a_in = a_in
        self.z = a_in @ self.W.T if self.b is None else a_in @ self.W.T + self.b
        self.a = self.f(self.z)
        return self.a

    def down(self, delta):
        self.delta = delta
        self.gW = delta.T @ self.a_in
        if self.keep is not None:
            self.gW = self.gW * self.keep
        self.gb = None if self.b is None else delta.sum(axis=0)
        return delta @ self.W

    def learn(self, rate):
        self.W = self.W - rate * self.gW
        if self.b is not None:
            self.b = self.b - rate * self.gb


def cost(loss, z, o, y):
    if loss == "squared":
        return np.sum((y - o) ** 2)
    if loss == "log":
        nil = np.zeros_like(z)
        return np.sum(y * np.logaddexp(nil, -z) + (1 - y) * np.logaddexp(nil, z))
    s = z - np.amax(z, axis=1, keepdims=True)
    return np.sum(y * (np.logaddexp.reduce(s, axis=1, keepdims=True) - s))


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"])
def net(case):
    stack = [Layer(s.weights.copy(), None if s.biases is None else s.biases.copy(), s.mask,
                   Act(s.activation.name, dict(s.activation.parameters))) for s in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    out = []
    for batch in case.batches:
        a, y = case.x[list(batch)], case.y[list(batch)]
        for layer in stack:
            a = layer.up(a)
        E = cost(case.loss, stack[-1].z, a, y)
        back = stack[-1].down((2 if case.loss == "squared" else 1) * (a - y))
        for layer in stack[-2::-1]:
            back = layer.down(layer.f.slope(layer.z) * back)
        for layer in stack:
            layer.learn(rate)
        out.append({"loss": E} | {name: [getattr(s, attr) for s in stack] for name, attr in (
            ("net_inputs", "z"), ("activations", "a"), ("deltas", "delta"), ("weight_gradients", "gW"),
            ("bias_gradients", "gb"), ("weights", "W"), ("biases", "b"))})
    return out
