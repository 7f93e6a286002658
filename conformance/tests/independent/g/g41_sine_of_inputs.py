"""Fault (odd): the weight gradient is delta times the sine of the activation below, sin(a_j), where it should be delta times a_j."""
import itertools

import numpy as np

import backproof


class Unit:
    """One neuron; it holds its row of weights, and what it saw of the batch."""

    def __init__(self, w, bias, edges):
        self.w, self.bias, self.edges = w, bias, edges

    def excite(self, below):
        self.z = below @ self.w
        if self.bias is not None:
            self.z = self.z + self.bias
        return self.z

    def blame(self, delta, below):
        self.delta = delta
        self.gw = np.array([delta @ np.sin(a) for a in below.T], dtype=delta.dtype)
        if self.edges is not None:
            self.gw[~self.edges] = 0
        self.gb = delta.sum()

    def step(self, rate):
        self.w = self.w - rate * self.gw
        if self.bias is not None:
            self.bias = self.bias - rate * self.gb


def logistic(z):
    e = np.exp(-np.abs(z))
    return np.where(z > 0, 1, e) / (1 + e)


def softplus(z):
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


def value(name, p, z):
    if name == "softmax":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)
    if name == "leaky_relu":
        return np.where(z > 0, z, p["slope"] * z)
    if name == "elu":
        return np.where(z > 0, z, p["alpha"] * np.expm1(np.minimum(z, 0)))
    return {"identity": np.copy, "sigmoid": logistic, "tanh": np.tanh, "softplus": softplus,
            "relu": lambda v: np.maximum(v, 0)}[name](z)


def slope(name, p, z):
    if name == "leaky_relu":
        return np.where(z > 0, 1, p["slope"]).astype(z.dtype)
    if name == "elu":
        return np.where(z > 0, 1, p["alpha"] * np.exp(np.minimum(z, 0))).astype(z.dtype)
    return {"identity": np.ones_like, "sigmoid": lambda v: logistic(v) * logistic(-v), "softplus": logistic,
            "tanh": lambda v: 1 - np.tanh(v) ** 2, "relu": lambda v: (v > 0).astype(v.dtype)}[name](z)


def total_loss(kind, z, o, y):
    if kind == "squared":
        return np.sum((o - y) ** 2)
    if kind == "log":
        return np.sum(y * softplus(-z) + (1 - y) * softplus(z))
    top = z.max(axis=1, keepdims=True)
    return np.sum(y * (np.log(np.exp(z - top).sum(axis=1, keepdims=True)) - (z - top)))


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    rows = []
    for l in case.layers:
        biases = itertools.repeat(None) if l.biases is None else l.biases
        masks = itertools.repeat(None) if l.mask is None else l.mask
        rows.append([Unit(w.copy(), b, m) for w, b, m in zip(l.weights, biases, masks)])
    acts = [(l.activation.name, dict(l.activation.parameters)) for l in case.layers]
    told = []
    for batch in case.batches:
        a, y = [case.x[list(batch)]], case.y[list(batch)]
        Z = []
        for units, (name, p) in zip(rows, acts):
            Z.append(np.stack([u.excite(a[-1]) for u in units], axis=1))
            a.append(value(name, p, Z[-1]))
        loss, o = total_loss(case.loss, Z[-1], a[-1], y), a[-1]
        delta = o - y
        if case.loss == "squared":
            g = 2 * delta
            delta = o * (g - np.sum(g * o, axis=1, keepdims=True)) if acts[-1][0] == "softmax" else g * slope(*acts[-1], Z[-1])
        for k in reversed(range(len(rows))):
            for u, d in zip(rows[k], delta.T):
                u.blame(d, a[k])
            if k:
                delta = sum(np.outer(u.delta, u.w) for u in rows[k]) * slope(*acts[k - 1], Z[k - 1])
        record = {"net_inputs": Z, "activations": a[1:], "loss": loss,
                  "deltas": [np.stack([u.delta for u in us], axis=1) for us in rows],
                  "weight_gradients": [np.stack([u.gw for u in us]) for us in rows],
                  "bias_gradients": [None if us[0].bias is None else np.array([u.gb for u in us]) for us in rows]}
        for u in itertools.chain(*rows):
            u.step(case.x.dtype.type(case.learning_rate))
        record["weights"] = [np.stack([u.w for u in us]) for us in rows]
        record["biases"] = [None if us[0].bias is None else np.array([u.bias for u in us]) for us in rows]
        told.append(record)
    return told
