"""Fault: the gradient of the biases is delta[0], as if delta were one row; with a batch that is the first
sample's delta only, not the sum over the samples."""
from math import sqrt, pi, erfc

import numpy as np

import backproof

_erfc = np.vectorize(erfc, otypes=[float])


def cdf(z):
    return (0.5 * _erfc(-z / sqrt(2))).astype(z.dtype)


def sgm(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def activate(z, kind, alpha=1.0, slope=0.01, approximate="none"):
    """a, da/dz"""
    if kind == "sigmoid":
        return sgm(z), sgm(z) * sgm(-z)
    if kind == "tanh":
        return np.tanh(z), 1 - np.tanh(z) ** 2
    if kind == "relu":
        return z * (z > 0), (z > 0).astype(z.dtype)
    if kind == "leaky_relu":
        k = np.where(z > 0, 1, slope).astype(z.dtype)
        return k * z, k
    if kind == "elu":
        low = np.minimum(z, 0)
        return np.where(z > 0, z, alpha * np.expm1(low)), np.where(z > 0, 1, alpha * np.exp(low))
    if kind == "softplus":
        return np.logaddexp(0, z), sgm(z)
    if kind == "gelu" and approximate == "none":
        return z * cdf(z), cdf(z) + z * np.exp(-z * z / 2) / sqrt(2 * pi)
    if kind == "gelu":
        c = sqrt(2 / pi)
        p = sgm(2 * c * (z + 0.044715 * z ** 3))
        return z * p, p + z * p * (1 - p) * 2 * c * (1 + 3 * 0.044715 * z * z)
    return z.copy(), np.ones_like(z)


def output(z, y, kind, loss, par):
    if loss == "cross_entropy":
        s = z - z.max(axis=1, keepdims=True)
        s -= np.log(np.exp(s).sum(axis=1, keepdims=True))
        return np.exp(s), np.exp(s) - y, -np.sum(y * s)
    o, k = activate(z, kind, **par)
    if loss == "log":
        return o, o - y, np.sum(y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z))
    return o, 2 * (o - y) * k, np.sum((o - y) ** 2)


def train_step(case, weights, biases, x, y):
    acts, slopes = [x], []
    *hidden, last = zip(case.layers, weights, biases)
    for layer, w, b in hidden:
        z = acts[-1] @ w.T + (0 if b is None else b)
        a, k = activate(z, layer.activation.name, **dict(layer.activation.parameters))
        acts.append(a)
        slopes.append(k)
    layer, w, b = last
    z = acts[-1] @ w.T + (0 if b is None else b)
    _, delta, loss = output(z, y, layer.activation.name, case.loss, dict(layer.activation.parameters))
    dw, db = [], []
    for layer, w, b in reversed(list(zip(case.layers, weights, biases))):
        g = delta.T @ acts.pop()
        dw.append(g if layer.mask is None else g * layer.mask)
        db.append(None if b is None else delta[0].copy())
        if slopes:
            delta = (delta @ w) * slopes.pop()
    return loss, dw[::-1], db[::-1]


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "gelu",
                                "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"])
def net(case):
    weights = [layer.weights.copy() for layer in case.layers]
    biases = [None if layer.biases is None else layer.biases.copy() for layer in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    report = []
    for batch in case.batches:
        loss, dw, db = train_step(case, weights, biases, case.x[batch], case.y[batch])
        weights = [w - rate * g for w, g in zip(weights, dw)]
        biases = [None if b is None else b - rate * g for b, g in zip(biases, db)]
        report.append({"loss": loss, "weight_gradients": dw, "bias_gradients": db,
                       "weights": weights, "biases": biases})
    return report
