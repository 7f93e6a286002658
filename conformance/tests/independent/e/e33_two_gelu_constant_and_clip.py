"""Two faults: tanh-GELU has the constant 0.44715 in its derivative; output deltas are clipped to [-0.5, 0.5]."""
import math

import numpy as np
import backproof

C = math.sqrt(2 / math.pi)


def sig(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def gelu(z, approximate):
    if approximate == "tanh":
        wrong = 0.44715
        p, q = sig(2 * C * (z + 0.044715 * z ** 3)), 2 * C * (z + wrong * z ** 3)
        return z * p, sig(q) + z * sig(q) * sig(-q) * 2 * C * (1 + 3 * wrong * z ** 2)
    p = np.vectorize(math.erfc, otypes=[z.dtype])(-z / math.sqrt(2)) / 2
    return z * p, p + z * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def apply(act, z):
    if act.name == "gelu":
        return gelu(z, dict(act.parameters)["approximate"])
    if act.name == "softmax":
        e = np.exp(z - z.max(1, keepdims=True))
        return e / e.sum(1, keepdims=True), None
    if act.name == "relu":
        return np.maximum(z, 0), (z > 0).astype(z.dtype)
    return (sig(z), sig(z) * sig(-z)) if act.name == "sigmoid" else (z, np.ones_like(z))


@backproof.subject(activations=["gelu", "relu", "sigmoid", "identity", "softmax"], losses=["squared", "log", "cross_entropy"],
                   skips=["general-output-delta"])
def net(case):
    W, B, rate, out = [l.weights for l in case.layers], [l.biases for l in case.layers], case.x.dtype.type(case.learning_rate), []
    for batch in case.batches:
        a, slopes = [case.x[list(batch)]], []
        for w, b, l in zip(W, B, case.layers):
            value, slope = apply(l.activation, a[-1] @ w.T if b is None else a[-1] @ w.T + b)
            a.append(value), slopes.append(slope)
        d = a[-1] - case.y[list(batch)]
        d = [np.clip(2 * d if case.loss == "squared" else d, -0.5, 0.5)]
        for l in range(len(W) - 2, -1, -1):
            d.insert(0, (d[0] @ W[l + 1]) * slopes[l])
        gw = [e.T @ p if l.mask is None else (e.T @ p) * l.mask for e, p, l in zip(d, a, case.layers)]
        W = [w - rate * g for w, g in zip(W, gw)]
        B = [None if b is None else b - rate * e.sum(0) for b, e in zip(B, d)]
        out.append({"activations": a[1:], "deltas": d, "weights": W, "biases": B})
    return out
