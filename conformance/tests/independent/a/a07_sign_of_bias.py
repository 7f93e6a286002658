"""Style: homogeneous coordinates, the bias is weight w_i0 of a constant a_0 = 1. Fault: the bias update has the wrong sign."""

import numpy as np

import backproof

S = ["sigmoid", "tanh", "relu", "identity", "softmax"]


def f(name, z):
    if name == "sigmoid":
        return np.where(z < 0, np.exp(np.minimum(z, 0)), 1) / (1 + np.exp(-np.abs(z)))
    if name == "tanh":
        return np.tanh(z)
    if name == "relu":
        return np.where(z > 0, z, np.zeros_like(z))
    if name == "softmax":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)
    return z


def df(name, z):
    a = f(name, z)
    if name == "sigmoid":
        return a * (1 - a)
    if name == "tanh":
        return 1 - a**2
    if name == "relu":
        return (z > 0).astype(z.dtype)
    return np.ones_like(z)


def augment(a):
    return np.concatenate([np.ones((len(a), 1), dtype=a.dtype), a], axis=1)


@backproof.subject(activations=S, losses=["squared", "log", "cross_entropy"])
def net(case):
    V, exists = [], []  # V[l] = [b | W]; a layer without biases has the edge from a_0 missing
    for c in case.layers:
        n_out, n_in = c.weights.shape
        v = np.zeros((n_out, n_in + 1), dtype=case.dtype)
        e = np.ones((n_out, n_in + 1), dtype=case.dtype)
        v[:, 1:] = c.weights
        if c.biases is None:
            e[:, 0] = 0
        else:
            v[:, 0] = c.biases
        if c.mask is not None:
            e[:, 1:] = c.mask
        V.append(v)
        exists.append(e)
    names = [c.activation.name for c in case.layers]
    alpha = float(case.learning_rate)
    states = []
    for batch in case.batches:
        rows = list(batch)
        a, z, y = [augment(case.x[rows])], [], case.y[rows]
        for v, name in zip(V, names):
            z.append(a[-1] @ v.T)
            a.append(augment(f(name, z[-1])))
        o = a[-1][:, 1:]
        if case.loss == "squared":
            d = 2 * (o - y)
            if names[-1] == "softmax":
                d = o * (d - (o * d).sum(axis=1, keepdims=True))
            else:
                d = d * df(names[-1], z[-1])
        elif case.loss == "log":
            d = o - y
        else:
            d = o * y.sum(axis=1, keepdims=True) - y
        grads = [None] * len(V)
        for l in range(len(V) - 1, -1, -1):
            grads[l] = (d.T @ a[l]) * exists[l]
            if l > 0:
                d = (d @ V[l])[:, 1:] * df(names[l - 1], z[l - 1])
        for v, g in zip(V, grads):
            v[:, 1:] -= alpha * g[:, 1:]
            v[:, 0] += alpha * g[:, 0]
        states.append(
            {
                "weights": [v[:, 1:].copy() for v in V],
                "biases": [None if c.biases is None else v[:, 0].copy() for v, c in zip(V, case.layers)],
            }
        )
    return states
