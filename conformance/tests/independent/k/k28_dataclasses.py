"""Fault: softplus has a sharpness of 2, log(1 + e^(2z)) / 2 (with the derivative that belongs to it),
instead of log(1 + e^z): its activations are too small."""
from dataclasses import dataclass, field

import numpy as np
import backproof

BETA = 2


def sigma(z):
    return np.exp(-np.logaddexp(np.zeros_like(z), -z))


def softplus(z):
    return np.logaddexp(np.zeros_like(z), BETA * z) / BETA


def softplus_prime(z):
    return sigma(BETA * z)


def apply(kind, z):
    if kind == "softplus":
        return softplus(z), softplus_prime(z)
    if kind == "sigmoid":
        return sigma(z), sigma(z) * sigma(-z)
    if kind == "tanh":
        t = np.tanh(z)
        return t, 1 - t * t
    if kind == "relu":
        on = (z > 0).astype(z.dtype)
        return on * z, on
    if kind == "softmax":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True), None
    return +z, np.ones_like(z)


@dataclass
class Layer:
    kind: str
    W: np.ndarray
    b: np.ndarray | None
    mask: np.ndarray | None
    trace: dict = field(default_factory=dict)

    @classmethod
    def of(cls, spec):
        b = None if spec.biases is None else spec.biases.copy()
        return cls(spec.activation.name, spec.weights.copy(), b, spec.mask)

    def see(self, a):
        z = np.inner(a, self.W)
        if self.b is not None:
            z = z + self.b
        out, prime = apply(self.kind, z)
        self.trace = {"in": a, "z": z, "a": out, "prime": prime}
        return out

    def learn(self, delta):
        self.trace["delta"] = delta
        g = np.tensordot(delta, self.trace["in"], axes=(0, 0))
        self.trace["gw"] = g if self.mask is None else g * self.mask
        self.trace["gb"] = None if self.b is None else np.add.reduce(delta, axis=0)
        return np.dot(delta, self.W)

    def move(self, rate):
        self.W = self.W - rate * self.trace["gw"]
        if self.b is not None:
            self.b = self.b - rate * self.trace["gb"]


def loss_of(which, z, o, y):
    if which == "squared":
        return np.sum(np.square(y - o))
    if which == "log":
        nil = np.zeros_like(z)
        return np.sum(y * np.logaddexp(nil, -z) + (1 - y) * np.logaddexp(nil, z))
    c = z - z.max(axis=1, keepdims=True)
    return np.sum(y * (np.log(np.exp(c).sum(axis=1, keepdims=True)) - c))


@backproof.subject(activations=["softplus", "sigmoid", "tanh", "relu", "identity", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    stack = [Layer.of(spec) for spec in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    seen = []
    for batch in case.batches:
        a, y = case.x[list(batch)], case.y[list(batch)]
        for layer in stack:
            a = layer.see(a)
        top = stack[-1]
        loss = loss_of(case.loss, top.trace["z"], a, y)
        if case.loss != "squared":
            delta = a - y
        elif top.kind == "softmax":
            e = 2 * (a - y)
            delta = a * (e - (a * e).sum(axis=1, keepdims=True))
        else:
            delta = 2 * (a - y) * top.trace["prime"]
        for layer, below in zip(stack[::-1], stack[-2::-1] + [None]):
            up = layer.learn(delta)
            if below is not None:
                delta = up * below.trace["prime"]
        for layer in stack:
            layer.move(rate)
        pull = lambda key: [layer.trace[key] for layer in stack]
        seen.append({"net_inputs": pull("z"), "activations": pull("a"), "deltas": pull("delta"),
                     "loss": loss, "weight_gradients": pull("gw"), "bias_gradients": pull("gb"),
                     "weights": [layer.W for layer in stack], "biases": [layer.b for layer in stack]})
    return seen
