"""The gradients are divided by the range (largest minus smallest) of all inputs of earlier calls, which is remembered
between the calls: the first call is right, and every later result depends on what was called before."""
from typing import NamedTuple

import numpy as np

import backproof


class Result(NamedTuple):
    net_inputs: list
    activations: list
    deltas: list
    loss: object
    weight_gradients: list
    bias_gradients: list
    weights: list
    biases: list


class Machine:
    def __init__(self):
        self.low, self.high = np.inf, -np.inf

    def scale(self):
        """Gradients grow with the inputs, so they are brought back by the inputs' range."""
        spread = self.high - self.low
        return 1.0 / spread if np.isfinite(spread) and spread > 0 else 1.0

    def remember(self, x):
        self.low, self.high = min(self.low, float(x.min())), max(self.high, float(x.max()))

    @staticmethod
    def value_and_slope(name, z):
        if name == "sigmoid":
            t = np.tanh(z / 2)
            return (1 + t) / 2, (1 + t) * (1 - t) / 4
        if name == "tanh":
            t = np.tanh(z)
            return t, (1 + t) * (1 - t)
        if name == "relu":
            return np.maximum(z, 0), (z > 0) * np.ones_like(z)
        if name == "softmax":
            e = np.exp(z - z.max(axis=1, keepdims=True))
            return e / e.sum(axis=1, keepdims=True), np.ones_like(z)
        return z + 0, np.ones_like(z)

    @staticmethod
    def loss(kind, z, o, y):
        if kind == "squared":
            return np.sum((y - o) ** 2)
        if kind == "log":
            return np.sum(y * np.logaddexp(0, -z)) + np.sum((1 - y) * np.logaddexp(0, z))
        return np.sum(y * (np.logaddexp.reduce(z, axis=1)[:, None] - z))

    def train(self, case):
        ws = [np.copy(layer.weights) for layer in case.layers]
        bs = [None if layer.biases is None else np.copy(layer.biases) for layer in case.layers]
        factor = self.scale()
        for batch in case.batches:
            y = case.y[list(batch)]
            acts, zs, slopes = [case.x[list(batch)]], [], []
            for layer, w, b in zip(case.layers, ws, bs):
                zs.append(acts[-1] @ w.T if b is None else acts[-1] @ w.T + b)
                a, s = self.value_and_slope(layer.activation.name, zs[-1])
                acts.append(a)
                slopes.append(s)
            o = acts[-1]
            deltas = [2 * (o - y) * slopes[-1] if case.loss == "squared" else o - y]
            for w, s in zip(ws[:0:-1], slopes[-2::-1]):
                deltas.insert(0, s * (deltas[0] @ w))
            gw = [factor * (d.T @ a) for d, a in zip(deltas, acts)]
            gw = [g if layer.mask is None else g * layer.mask for g, layer in zip(gw, case.layers)]
            gb = [None if b is None else factor * d.sum(axis=0) for d, b in zip(deltas, bs)]
            ws = [w - case.learning_rate * g for w, g in zip(ws, gw)]
            bs = [None if b is None else b - case.learning_rate * g for b, g in zip(bs, gb)]
            yield Result(zs, acts[1:], deltas, self.loss(case.loss, zs[-1], o, y), gw, gb, ws, bs)
        self.remember(case.x)


machine = Machine()


@backproof.subject(activations=["sigmoid", "tanh", "relu", "identity", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"])
def net(case):
    return [result._asdict() for result in machine.train(case)]
