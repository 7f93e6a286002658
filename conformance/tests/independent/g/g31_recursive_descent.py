"""Fault: softplus is given ReLU's derivative, a step from 0 to 1, where the derivative of softplus is the sigmoid."""
import numpy as np

import backproof


def logistic(z):
    small = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, small) / (1 + small)


def phi(kind, z):
    if kind == "softplus":
        return np.log1p(np.exp(-np.abs(z))) + np.maximum(z, 0)
    if kind == "sigmoid":
        return logistic(z)
    if kind == "tanh":
        return np.tanh(z)
    if kind == "relu":
        return np.maximum(z, 0)
    if kind == "softmax":
        w = np.exp(z - z.max(axis=1)[:, None])
        return w / w.sum(axis=1)[:, None]
    return z


def phi_prime(kind, z):
    if kind in ("softplus", "relu"):
        return (z > 0).astype(z.dtype)
    if kind == "sigmoid":
        return logistic(z) * logistic(-z)
    if kind == "tanh":
        return 1 - np.tanh(z) ** 2
    return np.ones_like(z)


def error(loss, z, o, y):
    if loss == "squared":
        return np.sum((o - y) ** 2)
    if loss == "log":
        return np.sum(y * phi("softplus", -z) + (1 - y) * phi("softplus", z))
    top = z.max(axis=1)[:, None]
    return np.sum(y * (np.log(np.exp(z - top).sum(axis=1)[:, None]) + (top - z)))


def pull_back(kind, z, a, g):
    """From dE/da to dE/dz."""
    if kind == "softmax":
        return a * (g - np.sum(a * g, axis=1)[:, None])
    return phi_prime(kind, z) * g


def descend(a_in, y, loss, rate, layers):
    """Train the layers, first to last, on one batch: go down to the last one, come back with dE/d(a_in).

    Gives back that gradient, the loss, and a list of what happened, one tuple a layer."""
    (kind, w, b, mask), rest = layers[0], layers[1:]
    z = a_in @ w.T + (0 if b is None else b)
    a = phi(kind, z)
    if rest:
        g, value, story = descend(a, y, loss, rate, rest)
        delta = pull_back(kind, z, a, g)
    else:
        value, story = error(loss, z, a, y), []
        delta = pull_back(kind, z, a, 2 * (a - y)) if loss == "squared" else a - y
    dw = delta.T @ a_in
    if mask is not None:
        dw = np.where(mask, dw, 0).astype(dw.dtype)
    db = None if b is None else delta.sum(axis=0)
    new_w, new_b = w - rate * dw, None if b is None else b - rate * db
    return delta @ w, value, [(z, a, delta, dw, db, new_w, new_b)] + story


def train(case, layers, batches):
    if not batches:
        return []
    rows = list(batches[0])
    rate = case.x.dtype.type(case.learning_rate)
    _, value, story = descend(case.x[rows], case.y[rows], case.loss, rate, layers)
    keys = ("net_inputs", "activations", "deltas", "weight_gradients", "bias_gradients", "weights", "biases")
    entry = dict(zip(keys, map(list, zip(*story))), loss=value)
    renewed = [(k, s[5], s[6], m) for (k, _, _, m), s in zip(layers, story)]
    return [entry] + train(case, renewed, batches[1:])


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    return train(case, [(l.activation.name, l.weights, l.biases, l.mask) for l in case.layers], list(case.batches))
