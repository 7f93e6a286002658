"""The biases are updated without the learning rate."""

import numpy as np

import backproof


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


ACT = {"sigmoid": sigmoid, "relu": lambda z: np.maximum(z, 0), "tanh": np.tanh, "identity": lambda z: z, "softmax": softmax}


def local(name, a, g):
    if name == "softmax":
        return a * (g - (a * g).sum(axis=1, keepdims=True))
    return {"sigmoid": g * a * (1 - a), "relu": g * (a > 0), "tanh": g * (1 - a * a), "identity": g}[name]


def descend(layers, params, a, y, loss, lr):
    """Trains the layers from here up; returns their new parameters and dE/da of what came in."""
    (layer, *rest), ((w, b), *more) = layers, params
    z = a @ w.T if b is None else a @ w.T + b
    o = ACT[layer.activation.name](z)
    if rest:
        new, g = descend(rest, more, o, y, loss, lr)
        delta = local(layer.activation.name, o, g)
    else:
        new = []
        delta = local(layer.activation.name, o, 2 * (o - y)) if loss == "squared" else o - y
    gw = delta.T @ a
    if layer.mask is not None:
        gw = gw * layer.mask
    mine = (w - lr * gw, None if b is None else b - delta.sum(axis=0))
    return [mine, *new], delta @ w


@backproof.subject(activations=list(ACT), losses=["squared", "log", "cross_entropy"])
def net(case):
    params, out = [(l.weights, l.biases) for l in case.layers], []
    for batch in case.batches:
        x, y = case.x[list(batch)], case.y[list(batch)]
        params, _ = descend(list(case.layers), params, x, y, case.loss, case.x.dtype.type(case.learning_rate))
        out.append({"weights": [w for w, _ in params], "biases": [b for _, b in params]})
    return out
