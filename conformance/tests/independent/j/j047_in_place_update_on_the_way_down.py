"""Fault: each layer's weights are changed as soon as their gradient is known, and only then is the delta of the
layer below taken, with the new weights instead of those of the forward pass."""
import numpy as np

import backproof


def forward_in_place(name, a):
    """a holds z on entry and f(z) on exit; returns f'(z)"""
    if name == "sigmoid":
        e = np.exp(-np.abs(a))
        slope = e / (1 + e) ** 2
        a[...] = np.where(a >= 0, 1, e) / (1 + e)
    elif name == "tanh":
        np.tanh(a, out=a)
        slope = 1 - a * a
    elif name == "relu":
        slope = (a > 0).astype(a.dtype)
        a *= slope
    elif name == "softplus":
        slope = np.exp(-np.logaddexp(0, -a))
        np.logaddexp(0, a, out=a)
    elif name == "softmax":
        a -= a.max(axis=1, keepdims=True)
        np.exp(a, out=a)
        a /= a.sum(axis=1, keepdims=True)
        slope = None
    else:
        slope = np.ones_like(a)
    return slope


def loss_value(kind, z, o, y):
    if kind == "squared":
        return np.square(y - o).sum()
    if kind == "log":
        return (y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)).sum()
    top = z.max(axis=1, keepdims=True)
    return (y * (np.log(np.exp(z - top).sum(axis=1, keepdims=True)) - (z - top))).sum()


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    W = [np.array(l.weights) for l in case.layers]
    B = [None if l.biases is None else np.array(l.biases) for l in case.layers]
    L = len(W)
    rate = case.x.dtype.type(case.learning_rate)
    films = []
    for batch in case.batches:
        y = case.y[batch]
        a, nets, slopes = [case.x[batch]], [], []
        for l in range(L):
            z = a[l] @ W[l].T
            if B[l] is not None:
                z += B[l]
            nets.append(z.copy())
            slopes.append(forward_in_place(case.layers[l].activation.name, z))
            a.append(z)
        o = a[-1]
        loss = loss_value(case.loss, nets[-1], o, y)
        delta = o - y
        if case.loss == "squared":
            delta *= 2
            if slopes[-1] is None:
                delta = o * (delta - (delta * o).sum(axis=1, keepdims=True))
            else:
                delta *= slopes[-1]

        deltas, gw, gb = [None] * L, [None] * L, [None] * L
        for l in range(L - 1, -1, -1):
            deltas[l] = delta
            gw[l] = delta.T @ a[l]
            if case.layers[l].mask is not None:
                gw[l][~case.layers[l].mask] = 0
            W[l] -= rate * gw[l]
            if B[l] is not None:
                gb[l] = delta.sum(axis=0)
                B[l] -= rate * gb[l]
            if l > 0:
                delta = (delta @ W[l]) * slopes[l - 1]
        films.append({"net_inputs": nets, "activations": a[1:], "deltas": deltas, "loss": loss,
                      "weight_gradients": gw, "bias_gradients": gb, "weights": [w.copy() for w in W],
                      "biases": [None if b is None else b.copy() for b in B]})
    return films
