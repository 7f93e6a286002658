"""Correct: everything within a step in float64, rounded to the case's dtype at its end."""
import math

import numpy as np
import backproof


def logistic(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def gelu(z, words):
    if "tanh" in words:
        c = math.sqrt(2 / math.pi)
        u = 2 * c * (z + 0.044715 * z ** 3)
        return z * logistic(u), logistic(u) + z * logistic(u) * logistic(-u) * 2 * c * (1 + 3 * 0.044715 * z ** 2)
    phi = np.vectorize(lambda v: math.erfc(-v / math.sqrt(2)) / 2, otypes=[float])(z)
    return z * phi, phi + z * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def element(activation, z):
    """f(z), f'(z)."""
    name = activation.name
    numbers = [v for _, v in activation.parameters]
    if name == "sigmoid":
        return logistic(z), logistic(z) * logistic(-z)
    if name == "tanh":
        return np.tanh(z), 1 - np.tanh(z) ** 2
    if name == "relu":
        return np.maximum(z, 0), np.where(z > 0, 1.0, 0.0)
    if name == "leaky_relu":
        s = np.where(z > 0, 1.0, float(numbers[0]))
        return s * z, s
    if name == "elu":
        alpha = float(numbers[0])
        low = np.minimum(z, 0)
        return np.where(z > 0, z, alpha * np.expm1(low)), np.where(z > 0, 1.0, alpha * np.exp(low))
    if name == "softplus":
        return np.logaddexp(0, z), logistic(z)
    if name == "gelu":
        return gelu(z, str(activation.parameters))
    return z, np.ones_like(z)


@backproof.subject()
def net(case):
    down = case.x.dtype
    W, b = [l.weights for l in case.layers], [l.biases for l in case.layers]
    X, Y = case.x.astype(float), case.y.astype(float)
    rate = float(case.learning_rate)
    out = []
    for batch in case.batches:
        x, y = X[list(batch)], Y[list(batch)]
        w64 = [w.astype(float) for w in W]
        zs, acts, slopes = [], [x], []
        for l, w, c in zip(case.layers, w64, b):
            z = acts[-1] @ w.T
            if c is not None:
                z = z + c.astype(float)
            if l.activation.name == "softmax":
                e = np.exp(z - z.max(axis=1, keepdims=True))
                a, s = e / e.sum(axis=1, keepdims=True), None
            else:
                a, s = element(l.activation, z)
            zs.append(z)
            acts.append(a)
            slopes.append(s)
        o, z = acts[-1], zs[-1]
        if case.loss == "squared":
            loss = np.sum((y - o) ** 2)
            g = 2 * (o - y)
            d = slopes[-1] * g if slopes[-1] is not None else o * (g - np.sum(o * g, axis=1, keepdims=True))
        elif case.loss == "log":
            loss = np.sum(y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z))
            d = o - y
        else:
            m = z - z.max(axis=1, keepdims=True)
            loss = np.sum(y * (np.log(np.exp(m).sum(axis=1, keepdims=True)) - m))
            d = o - y
        deltas = [d]
        for w, s in zip(w64[:0:-1], slopes[-2::-1]):
            deltas.insert(0, s * (deltas[0] @ w))
        gw = [d.T @ a for d, a in zip(deltas, acts)]
        gw = [g if l.mask is None else np.where(l.mask, g, 0.0) for g, l in zip(gw, case.layers)]
        gb = [None if c is None else d.sum(axis=0) for d, c in zip(deltas, b)]
        W = [(w - rate * g).astype(down) for w, g in zip(w64, gw)]
        b = [None if c is None else (c.astype(float) - rate * g).astype(down) for c, g in zip(b, gb)]

        def lower(arrays):
            return [None if v is None else v.astype(down) for v in arrays]

        out.append({"net_inputs": lower(zs), "activations": lower(acts[1:]), "loss": down.type(loss),
                    "deltas": lower(deltas), "weight_gradients": lower(gw), "bias_gradients": lower(gb),
                    "weights": W, "biases": b})
    return out
