"""Fault: GELU is taken to be z * sigmoid(1.702 z), with the slope that belongs to this, instead of
z times the normal distribution (or its approximation by tanh)."""
from dataclasses import dataclass
from typing import Callable

import numpy as np
import backproof


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z < 0, e, 1) / (1 + e)


def dsigmoid(z):
    return sigmoid(z) * sigmoid(-z)


@dataclass(frozen=True)
class Function:
    value: Callable
    slope: Callable


def function(activation):
    p = dict(activation.parameters)
    name = activation.name
    if name == "gelu":
        c = 1.702
        return Function(lambda z: z * sigmoid(c * z), lambda z: sigmoid(c * z) + c * z * dsigmoid(c * z))
    if name == "leaky_relu":
        k = p["slope"]
        return Function(lambda z: np.maximum(z, 0) + k * np.minimum(z, 0),
                        lambda z: (z > 0) + k * (z <= 0).astype(z.dtype))
    if name == "elu":
        k = p["alpha"]
        return Function(lambda z: np.maximum(z, 0) + k * np.expm1(np.minimum(z, 0)),
                        lambda z: np.where(z > 0, np.ones_like(z), k * np.exp(np.minimum(z, 0))))
    return {
        "identity": Function(lambda z: z, np.ones_like),
        "sigmoid": Function(sigmoid, dsigmoid),
        "tanh": Function(np.tanh, lambda z: 1 - np.tanh(z) ** 2),
        "relu": Function(lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(z.dtype)),
        "softplus": Function(lambda z: np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))), sigmoid),
        "softmax": Function(lambda z: np.exp(z - z.max(1, keepdims=True))
                            / np.exp(z - z.max(1, keepdims=True)).sum(1, keepdims=True), None),
    }[name]


@dataclass
class Stage:
    w: np.ndarray
    b: object
    mask: object
    f: Function


def measure(loss, z, o, y, f):
    if loss == "squared":
        g = 2 * (o - y)
        d = o * (g - (g * o).sum(1, keepdims=True)) if f.slope is None else g * f.slope(z)
        return ((y - o) ** 2).sum(), d
    if loss == "log":
        return (np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))).sum(), o - y
    z = z - z.max(1, keepdims=True)
    return (y * (np.log(np.exp(z).sum(1, keepdims=True)) - z)).sum(), o - y


def descend(stages, a, y, loss, lr):
    """-> (loss, dE/da of what came in, rows of (z, a, delta, gw, gb), new stages)"""
    first, rest = stages[0], stages[1:]
    z = a @ first.w.T
    if first.b is not None:
        z = z + first.b
    up = first.f.value(z)
    if rest:
        e, pulled, rows, news = descend(rest, up, y, loss, lr)
        delta = pulled * first.f.slope(z)
    else:
        rows, news = [], []
        e, delta = measure(loss, z, up, y, first.f)
    gw = delta.T @ a
    if first.mask is not None:
        gw = gw * first.mask
    gb = None if first.b is None else delta.sum(0)
    new = Stage(first.w - lr * gw, None if gb is None else first.b - lr * gb, first.mask, first.f)
    return e, delta @ first.w, [(z, up, delta, gw, gb)] + rows, [new] + news


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "gelu", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    stages = [Stage(l.weights.copy(), None if l.biases is None else l.biases.copy(), l.mask, function(l.activation))
              for l in case.layers]
    lr = case.x.dtype.type(case.learning_rate)
    seen = []
    for batch in case.batches:
        pick = list(batch)
        e, _, rows, stages = descend(stages, case.x[pick], case.y[pick], case.loss, lr)
        z, a, d, gw, gb = map(list, zip(*rows))
        seen.append({"loss": e, "net_inputs": z, "activations": a, "deltas": d, "weight_gradients": gw,
                     "bias_gradients": gb, "weights": [s.w for s in stages], "biases": [s.b for s in stages]})
    return seen
