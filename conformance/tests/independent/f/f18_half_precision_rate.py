"""Fault: the settings are kept in half precision, so the learning rate is rounded to float16 before it is used."""
from typing import NamedTuple

import numpy as np
import backproof


class Settings(NamedTuple):
    rate: np.float16
    loss: str


class Gradient(NamedTuple):
    W: list
    b: list


def s(z):
    return np.where(z >= 0, 1, np.exp(-np.abs(z))) / (1 + np.exp(-np.abs(z)))


def f(kind, z):
    if kind == "softmax":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)
    return {"identity": lambda: z.copy(), "sigmoid": lambda: s(z), "tanh": lambda: np.tanh(z),
            "relu": lambda: np.maximum(z, 0)}[kind]()


def df(kind, z):
    return {"identity": lambda: np.ones_like(z), "sigmoid": lambda: s(z) * s(-z),
            "tanh": lambda: 4 * s(2 * z) * s(-2 * z), "relu": lambda: (z > 0).astype(z.dtype)}[kind]()


def gradient(W, b, kinds, masks, x, y, settings):
    a, z = [x], []
    for l in range(len(W)):
        z.append(a[l] @ W[l].T + (b[l] if b[l] is not None else 0))
        a.append(f(kinds[l], z[l]))
    d = a[-1] - y
    if settings.loss == "squared":
        d *= 2
        d = a[-1] * (d - (d * a[-1]).sum(1, keepdims=True)) if kinds[-1] == "softmax" else d * df(kinds[-1], z[-1])
    G = Gradient([None] * len(W), [None] * len(W))
    for l in range(len(W) - 1, -1, -1):
        G.W[l] = d.T @ a[l] if masks[l] is None else np.where(masks[l], d.T @ a[l], d.dtype.type(0))
        if b[l] is not None:
            G.b[l] = d.sum(axis=0)
        if l > 0:
            d = (d @ W[l]) * df(kinds[l - 1], z[l - 1])
    return G


def training(case):
    settings = Settings(np.float16(case.learning_rate), case.loss)
    eta = case.x.dtype.type(settings.rate)
    W = [l.weights.copy() for l in case.layers]
    b = [None if l.biases is None else l.biases.copy() for l in case.layers]
    kinds, masks = [l.activation.name for l in case.layers], [l.mask for l in case.layers]
    for batch in case.batches:
        G = gradient(W, b, kinds, masks, case.x[list(batch)], case.y[list(batch)], settings)
        for l in range(len(W)):
            W[l] -= eta * G.W[l]
            if b[l] is not None:
                b[l] -= eta * G.b[l]
        yield dict(weight_gradients=G.W, bias_gradients=G.b, weights=[w.copy() for w in W],
                   biases=[None if c is None else c.copy() for c in b])


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    return list(training(case))
