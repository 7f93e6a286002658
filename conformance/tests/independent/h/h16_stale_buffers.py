"""Fault: a layer's buffer keeps z where a should have replaced it, so gradients use z of the layer below for its a."""
import numpy as np
import backproof


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def f(name, z):
    if name == "sigmoid":
        return sigmoid(z)
    if name == "tanh":
        return np.tanh(z)
    if name == "relu":
        return np.maximum(z, 0)
    if name == "softplus":
        return np.logaddexp(0, z)
    if name == "softmax":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)
    return z.copy()


def slope(name, z):
    if name == "sigmoid":
        return sigmoid(z) * sigmoid(-z)
    if name == "tanh":
        return 1 - np.tanh(z) ** 2
    if name == "relu":
        return (z > 0).astype(z.dtype)
    if name == "softplus":
        return sigmoid(z)
    return np.ones_like(z)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"])
def net(case):
    W = [np.array(l.weights) for l in case.layers]
    B = [None if l.biases is None else np.array(l.biases) for l in case.layers]
    names = [l.activation.name for l in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    out = []
    for batch in case.batches:
        n = len(batch)
        buffers = [np.array(case.x[list(batch)])]
        slopes, deltas = [], [None] * len(W)
        signal = buffers[0]
        for w, b, name in zip(W, B, names):
            buffer = np.empty((n, len(w)), case.x.dtype)
            np.matmul(signal, w.T, out=buffer)
            if b is not None:
                buffer += b
            slopes.append(slope(name, buffer))
            signal = f(name, buffer)
            buffers.append(buffer)
        deltas[-1] = signal - case.y[list(batch)]
        if case.loss == "squared":
            deltas[-1] *= 2
        for l in range(len(W) - 1, 0, -1):
            deltas[l - 1] = deltas[l] @ W[l]
            deltas[l - 1] *= slopes[l - 1]
        gw, gb = [], []
        for l, layer in enumerate(case.layers):
            gw.append(deltas[l].T @ buffers[l])
            if layer.mask is not None:
                gw[l] *= layer.mask
            gb.append(None if B[l] is None else deltas[l].sum(axis=0))
            W[l] -= rate * gw[l]
            if B[l] is not None:
                B[l] -= rate * gb[l]
        out.append({"deltas": deltas, "weight_gradients": gw, "bias_gradients": gb, "weights": [w.copy() for w in W],
                    "biases": [None if b is None else b.copy() for b in B]})
    return out
