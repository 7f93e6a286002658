"""The biases are never updated."""

from dataclasses import dataclass

import numpy as np

import backproof


@dataclass
class Unit:
    weights: np.ndarray
    biases: np.ndarray | None
    mask: np.ndarray | None
    name: str
    incoming: np.ndarray | None = None
    outgoing: np.ndarray | None = None
    delta: np.ndarray | None = None

    def fire(self, a):
        z = a @ self.weights.T + (0 if self.biases is None else self.biases)
        if self.name == "sigmoid":
            e = np.exp(-np.abs(z))
            z = np.where(z >= 0, 1 / (1 + e), e / (1 + e))
        elif self.name == "tanh":
            z = np.tanh(z)
        elif self.name == "softmax":
            e = np.exp(z - z.max(axis=1, keepdims=True))
            z = e / e.sum(axis=1, keepdims=True)
        self.incoming, self.outgoing = a, z
        return z

    def slope(self):
        a = self.outgoing
        return a * (1 - a) if self.name == "sigmoid" else 1 - a * a if self.name == "tanh" else np.ones_like(a)

    def learn(self, rate):
        step = rate * (self.delta.T @ self.incoming)
        if self.mask is not None:
            step = step * self.mask
        self.weights = self.weights - step


@backproof.subject(
    activations=["sigmoid", "tanh", "identity", "softmax"],
    losses=["squared", "log", "cross_entropy"],
    skips=["general-output-delta"],
)
def net(case):
    units = [Unit(l.weights, l.biases, l.mask, l.activation.name) for l in case.layers]
    seen = []
    for batch in case.batches:
        a = case.x[list(batch)]
        for u in units:
            a = u.fire(a)
        units[-1].delta = a - case.y[list(batch)]
        if case.loss == "squared":
            units[-1].delta = 2 * units[-1].delta
        for u, v in zip(units[-2::-1], units[:0:-1]):
            u.delta = u.slope() * (v.delta @ v.weights)
        for u in units:
            u.learn(a.dtype.type(case.learning_rate))
        seen.append({
            "deltas": [u.delta for u in units], "weights": [u.weights for u in units],
            "biases": [u.biases for u in units],
        })
    return seen
