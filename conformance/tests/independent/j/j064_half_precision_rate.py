"""Fault: the hyperparameters are kept in half precision, so the learning rate is only known to about
three digits (off by up to 5e-4 of itself). Shows nothing but parameters."""
from types import SimpleNamespace as NS

import numpy as np
import backproof


def configure(case):
    return NS(rate=np.float16(case.learning_rate), loss=case.loss, dtype=case.x.dtype)


def build(case):
    return [NS(w=l.weights.copy(), b=None if l.biases is None else l.biases.copy(), mask=l.mask, kind=l.activation.name)
            for l in case.layers]


def logistic(z):
    e = np.exp(-np.abs(z))
    return np.where(z < 0, e, 1) / (1 + e)


def go_up(layers, a):
    for q in layers:
        q.below = a
        q.z = a @ q.w.T
        if q.b is not None:
            q.z = q.z + q.b
        if q.kind == "sigmoid":
            q.a = logistic(q.z)
        elif q.kind == "tanh":
            q.a = np.tanh(q.z)
        elif q.kind == "relu":
            q.a = np.maximum(q.z, 0)
        elif q.kind == "softplus":
            q.a = np.maximum(q.z, 0) + np.log1p(np.exp(-np.abs(q.z)))
        elif q.kind == "softmax":
            e = np.exp(q.z - q.z.max(axis=1, keepdims=True))
            q.a = e / e.sum(axis=1, keepdims=True)
        else:
            q.a = q.z
        a = q.a
    return a


def through(q, g):
    if q.kind == "sigmoid":
        return g * q.a * logistic(-q.z)
    if q.kind == "tanh":
        return g * (1 - q.a ** 2)
    if q.kind == "relu":
        return g * (q.z > 0)
    if q.kind == "softplus":
        return g * logistic(q.z)
    if q.kind == "softmax":
        return q.a * (g - (g * q.a).sum(axis=1, keepdims=True))
    return g


def go_down(layers, conf, y):
    top = layers[-1]
    top.d = through(top, 2 * (top.a - y)) if conf.loss == "squared" else top.a - y
    for upper, q in zip(layers[:0:-1], layers[-2::-1]):
        q.d = through(q, upper.d @ upper.w)


def learn(layers, conf):
    rate = conf.dtype.type(conf.rate)
    for q in layers:
        step = rate * (q.d.T @ q.below)
        if q.mask is not None:
            step[~q.mask] = 0
        q.w = q.w - step
        if q.b is not None:
            q.b = q.b - rate * q.d.sum(axis=0)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], loss_at="none")
def net(case):
    conf, layers, out = configure(case), build(case), []
    for batch in case.batches:
        go_up(layers, case.x[list(batch)])
        go_down(layers, conf, case.y[list(batch)])
        learn(layers, conf)
        out.append({"weights": [q.w for q in layers], "biases": [q.b for q in layers]})
    return out
