"""Fault: the output delta of the squared loss (y - o)^2 is (o - y) f'(z), without the factor 2 of the derivative, so
all gradients are half of what they should be; the loss itself has no 1/2."""
from typing import NamedTuple, Optional
import numpy as np
import backproof


class Level(NamedTuple):
    weights: np.ndarray
    biases: Optional[np.ndarray]
    mask: Optional[np.ndarray]
    kind: str
    options: dict


class Pass(NamedTuple):
    below: np.ndarray
    z: np.ndarray
    a: np.ndarray


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def rise(level, below):
    z = np.einsum("ij,jn->in", level.weights, below)
    if level.biases is not None:
        z = z + level.biases.reshape(-1, 1)
    k = level.kind
    if k == "identity":
        a = z
    elif k == "sigmoid":
        a = sigmoid(z)
    elif k == "tanh":
        a = np.tanh(z)
    elif k in ("relu", "leaky_relu"):
        a = np.where(z > 0, z, level.options.get("slope", 0) * z)
    elif k == "softplus":
        a = np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
    else:
        e = np.exp(z - z.max(axis=0))
        a = e / e.sum(axis=0)
    return Pass(below, z, a)


def fall(level, seen, g):
    """dE/da of a level to dE/dz of the same level."""
    k, z, a = level.kind, seen.z, seen.a
    if k == "identity":
        return g
    if k == "sigmoid":
        return g * (a * (1 - a))
    if k == "tanh":
        return g * ((1 - a) * (1 + a))
    if k in ("relu", "leaky_relu"):
        return np.where(z > 0, g, level.options.get("slope", 0) * g)
    if k == "softplus":
        return g * sigmoid(z)
    return a * (g - np.sum(a * g, axis=0))


def judge(loss, level, seen, y):
    z, o = seen.z, seen.a
    if loss == "squared":
        return np.sum((y - o) ** 2), fall(level, seen, o - y)
    if loss == "log":
        return np.sum(np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))), o - y
    t = z - z.max(axis=0)
    return np.sum(y * (np.log(np.sum(np.exp(t), axis=0)) - t)), o - y


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], batch_axis=1)
def net(case):
    rate = case.learning_rate
    levels = [Level(l.weights.copy(), None if l.biases is None else l.biases.copy(), l.mask, l.activation.name,
                    dict(l.activation.parameters)) for l in case.layers]
    told = []
    for batch in case.batches:
        a, y = case.x[:, list(batch)], case.y[:, list(batch)]
        passes = []
        for level in levels:
            passes.append(rise(level, a))
            a = passes[-1].a
        loss, delta = judge(case.loss, levels[-1], passes[-1], y)
        deltas = [delta]
        for upper, lower, seen in zip(levels[::-1], levels[-2::-1], passes[-2::-1]):
            delta = fall(lower, seen, upper.weights.T @ delta)
            deltas.append(delta)
        deltas.reverse()
        gw, gb, new = [], [], []
        for level, seen, delta in zip(levels, passes, deltas):
            g = delta @ seen.below.T
            g = g if level.mask is None else np.where(level.mask, g, 0)
            h = None if level.biases is None else delta.sum(axis=1)
            gw.append(g)
            gb.append(h)
            new.append(level._replace(weights=level.weights - rate * g,
                                      biases=None if h is None else level.biases - rate * h))
        levels = new
        told.append({"net_inputs": [p.z for p in passes], "activations": [p.a for p in passes], "deltas": deltas,
                     "loss": loss, "weight_gradients": gw, "bias_gradients": gb,
                     "weights": [v.weights for v in levels], "biases": [v.biases for v in levels]})
    return told
