"""Style: model, loss and optimizer as separate objects (a small framework with param groups). Fault: momentum 0.9 is left on (visible from the second update)."""

from dataclasses import dataclass, field

import numpy as np

import backproof


@dataclass
class Parameter:
    data: np.ndarray
    keep: np.ndarray = None
    grad: np.ndarray = None

    def accumulate(self, g):
        if self.keep is not None:
            g = np.where(self.keep, g, np.zeros_like(g))
        self.grad = g if self.grad is None else self.grad + g


@dataclass
class Descent:
    params: list
    lr: float
    momentum: float = 0.9
    velocity: dict = field(default_factory=dict)

    def zero(self):
        for p in self.params:
            p.grad = None

    def step(self):
        for k, p in enumerate(self.params):
            v = self.momentum * self.velocity[k] + p.grad if k in self.velocity else p.grad
            self.velocity[k] = v
            p.data = p.data - self.lr * v


class Unit:
    def __init__(self, spec):
        self.w = Parameter(spec.weights.copy(), spec.mask)
        self.b = None if spec.biases is None else Parameter(spec.biases.copy())
        self.kind = spec.activation.name

    def parameters(self):
        return [self.w] if self.b is None else [self.w, self.b]

    def __call__(self, a):
        self.a_in = a
        self.z = a @ self.w.data.T
        if self.b is not None:
            self.z = self.z + self.b.data
        self.a = self.nonlinear(self.z)
        return self.a

    def nonlinear(self, z):
        if self.kind == "sigmoid":
            return np.exp(-np.logaddexp(0, -z))
        if self.kind == "tanh":
            return np.tanh(z)
        if self.kind == "relu":
            return (np.abs(z) + z) / 2
        if self.kind == "softmax":
            q = np.exp(z - z.max(axis=1, keepdims=True))
            return q / q.sum(axis=1, keepdims=True)
        return z

    def through(self, g):
        a = self.a
        if self.kind == "sigmoid":
            return g * a * (1 - a)
        if self.kind == "tanh":
            return g * (1 - a * a)
        if self.kind == "relu":
            return g * (self.z > 0)
        if self.kind == "softmax":
            return a * (g - np.sum(a * g, axis=1, keepdims=True))
        return g

    def collect(self, delta):
        self.delta = delta
        self.w.accumulate(delta.T @ self.a_in)
        if self.b is not None:
            self.b.accumulate(delta.sum(axis=0))
        return delta @ self.w.data


def criterion(kind, last, y):
    z, o = last.z, last.a
    if kind == "squared":
        return np.sum((o - y) ** 2), last.through(2 * (o - y))
    if kind == "log":
        return np.sum(y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)), o - y
    lse = np.logaddexp.reduce(z, axis=1, keepdims=True)
    return np.sum(y * (lse - z)), o * y.sum(axis=1, keepdims=True) - y


@backproof.subject(
    activations=["sigmoid", "tanh", "relu", "identity", "softmax"], losses=["squared", "log", "cross_entropy"]
)
def net(case):
    model = [Unit(spec) for spec in case.layers]
    optimizer = Descent([p for u in model for p in u.parameters()], float(case.learning_rate))
    records = []
    for batch in case.batches:
        optimizer.zero()
        a, y = case.x[list(batch)], case.y[list(batch)]
        for unit in model:
            a = unit(a)
        loss, delta = criterion(case.loss, model[-1], y)
        for l in range(len(model) - 1, -1, -1):
            back = model[l].collect(delta)
            if l:
                delta = model[l - 1].through(back)
        optimizer.step()
        records.append(
            {
                "net_inputs": [u.z for u in model],
                "activations": [u.a for u in model],
                "loss": loss,
                "deltas": [u.delta for u in model],
                "weight_gradients": [u.w.grad for u in model],
                "bias_gradients": [u.b and u.b.grad for u in model],
                "weights": [u.w.data for u in model],
                "biases": [u.b and u.b.data for u in model],
            }
        )
    return records
