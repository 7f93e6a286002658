"""Fault: to find the dead edges the mask is inverted in place (np.logical_not with out=mask), once per update, so
from the second update on the live edges are the dead ones, and so on in turn."""
from dataclasses import dataclass, field

import numpy as np

import backproof


@dataclass
class Layer:
    W: np.ndarray
    b: np.ndarray | None
    mask: np.ndarray | None
    kind: str
    z: np.ndarray = field(default=None, repr=False)
    a: np.ndarray = field(default=None, repr=False)
    delta: np.ndarray = field(default=None, repr=False)
    dW: np.ndarray = field(default=None, repr=False)
    db: np.ndarray = field(default=None, repr=False)

    @classmethod
    def of(cls, given):
        copy = lambda v: None if v is None else np.array(v)
        return cls(copy(given.weights), copy(given.biases), copy(given.mask), given.activation.name)

    def run(self, a):
        self.z = np.dot(a, self.W.T)
        if self.b is not None:
            self.z += self.b
        if self.kind == "sigmoid":
            t = np.exp(-np.abs(self.z))
            self.a = np.where(self.z >= 0, 1, t) / (1 + t)
        elif self.kind == "tanh":
            self.a = np.tanh(self.z)
        elif self.kind == "softmax":
            t = np.exp(self.z - self.z.max(axis=1, keepdims=True))
            self.a = t / t.sum(axis=1, keepdims=True)
        else:
            self.a = self.z.copy()
        return self.a

    def slope(self):
        if self.kind == "sigmoid":
            return self.a * (1 - self.a)
        if self.kind == "tanh":
            return 1 - self.a ** 2
        return np.ones_like(self.a)

    def learn(self, a_in, rate):
        self.dW = np.dot(self.delta.T, a_in)
        self.db = None if self.b is None else self.delta.sum(axis=0)
        dead = None
        if self.mask is not None:
            dead = np.logical_not(self.mask, out=self.mask)
            self.dW[dead] = 0
        self.W -= rate * self.dW
        if dead is not None:
            self.W[dead] = 0
        if self.b is not None:
            self.b -= rate * self.db


def measure(loss, top, y):
    z, o = top.z, top.a
    if loss == "squared":
        return np.sum((o - y) ** 2), 2 * (o - y)
    if loss == "log":
        tail = np.log1p(np.exp(-np.abs(z)))
        return np.sum(y * np.maximum(-z, 0) + (1 - y) * np.maximum(z, 0) + tail), o - y
    shifted = z - z.max(axis=1, keepdims=True)
    norm = np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return np.sum(y * (norm - shifted)), o - y


@backproof.subject(activations=["identity", "sigmoid", "tanh", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"])
def net(case):
    layers = [Layer.of(given) for given in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    out = []
    for batch in case.batches:
        x, y = case.x[list(batch)], case.y[list(batch)]
        inputs, a = [], x
        for layer in layers:
            inputs.append(a)
            a = layer.run(a)
        loss, layers[-1].delta = measure(case.loss, layers[-1], y)
        for below, above in zip(layers[-2::-1], layers[:0:-1]):
            below.delta = below.slope() * np.dot(above.delta, above.W)
        for layer, a_in in zip(layers, inputs):
            layer.learn(a_in, rate)
        out.append({
            "loss": loss,
            "activations": [l.a for l in layers],
            "deltas": [l.delta for l in layers],
            "weight_gradients": [l.dW for l in layers],
            "bias_gradients": [l.db for l in layers],
            "weights": [l.W.copy() for l in layers],
            "biases": [None if l.b is None else l.b.copy() for l in layers],
        })
    return out
