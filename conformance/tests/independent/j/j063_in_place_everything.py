"""Fault: weights step down the gradient (-=), biases step up (+=). Parameters are changed in place."""
import math

import numpy as np
import backproof

ERFC = np.vectorize(math.erfc, otypes=[float])


def sigma(z):
    with np.errstate(under="ignore"):
        t = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + t), t / (1 + t))


def both(activation, z):
    """f(z), f'(z)"""
    kind, p = activation.name, dict(activation.parameters)
    one = np.ones_like(z)
    if kind == "identity":
        return z.copy(), one
    if kind == "sigmoid":
        return sigma(z), sigma(z) * sigma(-z)
    if kind == "tanh":
        return np.tanh(z), 1 - np.tanh(z) ** 2
    if kind == "relu":
        return np.maximum(z, 0), one * (z > 0)
    if kind == "leaky_relu":
        return np.maximum(z, 0) + p["slope"] * np.minimum(z, 0), np.where(z > 0, one, p["slope"] * one)
    if kind == "elu":
        low = np.minimum(z, 0)
        return np.maximum(z, 0) + p["alpha"] * np.expm1(low), np.where(z > 0, one, p["alpha"] * np.exp(low))
    if kind == "softplus":
        return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))), sigma(z)
    if kind == "gelu":
        if p["approximate"] == "tanh":
            k = math.sqrt(8 / math.pi)
            u = k * (z + 0.044715 * z ** 3)
            return z * sigma(u), sigma(u) + z * sigma(u) * sigma(-u) * k * (1 + 0.134145 * z ** 2)
        cdf = (0.5 * ERFC(-z.astype(float) / math.sqrt(2))).astype(z.dtype)
        return z * cdf, cdf + z * np.exp(-0.5 * z ** 2) / math.sqrt(2 * math.pi)
    raise ValueError(kind)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "gelu"],
                   losses=["squared", "log"])
def net(case):
    w = [np.copy(l.weights) for l in case.layers]
    b = [None if l.biases is None else np.copy(l.biases) for l in case.layers]
    lr = case.x.dtype.type(case.learning_rate)
    out = []
    for batch in case.batches:
        idx = np.asarray(batch)
        y = case.y[idx]
        z, a, fp = [], [case.x[idx]], []
        for l, layer in enumerate(case.layers):
            t = a[l] @ w[l].T
            if b[l] is not None:
                t += b[l]
            value, slope = both(layer.activation, t)
            z.append(t)
            a.append(value)
            fp.append(slope)
        o = a.pop()
        if case.loss == "log":
            loss = np.sum(np.maximum(t, 0) + np.log1p(np.exp(-np.abs(t))) - t * y)
            d = [o - y]
        else:
            loss = np.sum((y - o) ** 2)
            d = [2 * (o - y) * fp[-1]]
        for l in range(len(w) - 1, 0, -1):
            d.insert(0, fp[l - 1] * (d[0] @ w[l]))
        gw = [dl.T @ al for dl, al in zip(d, a)]
        for g, layer in zip(gw, case.layers):
            if layer.mask is not None:
                g *= layer.mask
        gb = [None if bl is None else dl.sum(axis=0) for dl, bl in zip(d, b)]
        for l in range(len(w)):
            w[l] -= lr * gw[l]
            if b[l] is not None:
                b[l] += lr * gb[l]
        out.append({"net_inputs": z, "activations": a[1:] + [o], "deltas": d, "loss": loss, "weight_gradients": gw,
                    "bias_gradients": gb, "weights": [v.copy() for v in w],
                    "biases": [None if v is None else v.copy() for v in b]})
    return out
