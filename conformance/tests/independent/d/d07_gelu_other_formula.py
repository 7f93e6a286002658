"""GELU by the other of its two formulas: tanh where erf is asked for, and the other way round."""

import math

import numpy as np

import backproof

erfc = np.vectorize(math.erfc, otypes=[np.float64])


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def gelu(z, approximate):
    if approximate == "none":
        c = math.sqrt(2 / math.pi)
        u = 2 * c * (z + 0.044715 * z * z * z)
        up, down = sigmoid(u), sigmoid(-u)
        d = up + z * up * down * 2 * c * (1 + 3 * 0.044715 * z * z)
        return z * up, d
    phi = (erfc(-z.astype(np.float64) / math.sqrt(2)) / 2).astype(z.dtype)
    return z * phi, phi + z * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def layer_fn(layer):
    kind, given = layer.activation.name, dict(layer.activation.parameters)

    def call(z):
        if kind == "gelu":
            return gelu(z, given["approximate"])
        if kind == "sigmoid":
            return sigmoid(z), sigmoid(z) * sigmoid(-z)
        if kind == "tanh":
            return np.tanh(z), 1 - np.tanh(z) ** 2
        return z, np.ones_like(z)

    return call


@backproof.subject(activations=["gelu", "sigmoid", "tanh", "identity"], losses=["squared", "log"])
def net(case):
    functions = [layer_fn(layer) for layer in case.layers]
    W, B = [l.weights for l in case.layers], [l.biases for l in case.layers]
    rate, out = case.x.dtype.type(case.learning_rate), []
    for batch in map(list, case.batches):
        A, Z, F, y = [case.x[batch]], [], [], case.y[batch]
        for w, b, fn in zip(W, B, functions):
            Z.append(A[-1] @ w.T + (0 if b is None else b))
            a, d = fn(Z[-1])
            A.append(a)
            F.append(d)
        if case.loss == "squared":
            loss, D = ((y - A[-1]) ** 2).sum(), [2 * (A[-1] - y) * F[-1]]
        else:
            tail = np.log1p(np.exp(-np.abs(Z[-1])))
            loss = (y * (np.maximum(-Z[-1], 0) + tail) + (1 - y) * (np.maximum(Z[-1], 0) + tail)).sum()
            D = [A[-1] - y]
        for w, d in zip(W[:0:-1], F[-2::-1]):
            D = [(D[0] @ w) * d, *D]
        GW = [d.T @ a if l.mask is None else (d.T @ a) * l.mask for d, a, l in zip(D, A, case.layers)]
        GB = [None if b is None else d.sum(axis=0) for b, d in zip(B, D)]
        W = [w - rate * g for w, g in zip(W, GW)]
        B = [None if b is None else b - rate * g for b, g in zip(B, GB)]
        out.append({
            "net_inputs": Z, "activations": A[1:], "loss": loss, "deltas": D,
            "weight_gradients": GW, "bias_gradients": GB, "weights": W, "biases": B,
        })
    return out
