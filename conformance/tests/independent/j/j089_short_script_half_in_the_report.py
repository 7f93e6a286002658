"""Fault: the loss that is reported for a squared loss has a factor 1/2, but the gradient is that of the loss without
it, 2 (o - y)."""
import numpy as np

import backproof


def squash(kind, z):
    if kind == "tanh":
        return np.tanh(z)
    if kind == "relu":
        return np.maximum(z, 0)
    if kind == "sigmoid":
        e = np.exp(-np.abs(z))
        return np.where(z >= 0, 1 / (1 + e), e / (1 + e))
    if kind == "softmax":
        e = np.exp(z - z.max(1, keepdims=True))
        return e / e.sum(1, keepdims=True)
    return z


def slope(kind, a):
    if kind == "tanh":
        return 1 - a * a
    if kind == "relu":
        return (a > 0).astype(a.dtype)
    if kind == "sigmoid":
        return a * (1 - a)
    return np.ones_like(a)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"])
def net(case):
    W = [l.weights.copy() for l in case.layers]
    b = [None if l.biases is None else l.biases.copy() for l in case.layers]
    kinds = [l.activation.name for l in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    out = []
    for batch in case.batches:
        A, y = [case.x[list(batch)]], case.y[list(batch)]
        for l in range(len(W)):
            z = A[-1] @ W[l].T
            if b[l] is not None:
                z += b[l]
            A.append(squash(kinds[l], z))
        error = A[-1] - y
        if case.loss == "squared":
            loss = 0.5 * np.sum(error ** 2)
            delta = 2 * error
        elif case.loss == "log":
            loss = np.sum(np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z))))
            delta = error
        else:
            z = z - z.max(1, keepdims=True)
            loss = np.sum(y * (np.log(np.exp(z).sum(1, keepdims=True)) - z))
            delta = error
        gW, gb = [], []
        for l in range(len(W) - 1, -1, -1):
            g = delta.T @ A[l]
            if case.layers[l].mask is not None:
                g[~case.layers[l].mask] = 0
            gW.insert(0, g)
            gb.insert(0, None if b[l] is None else delta.sum(0))
            if l:
                delta = slope(kinds[l - 1], A[l]) * (delta @ W[l])
        for l in range(len(W)):
            W[l] = W[l] - rate * gW[l]
            if b[l] is not None:
                b[l] = b[l] - rate * gb[l]
        out.append(dict(loss=loss, weight_gradients=gW, bias_gradients=gb, weights=list(W), biases=list(b)))
    return out
