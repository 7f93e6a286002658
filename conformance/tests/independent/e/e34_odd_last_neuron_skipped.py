"""Fault (odd): the sum over the next layer's neurons stops before the last one where there are more than two."""
import numpy as np
import backproof


def sig(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def kernel(name, z):
    if name == "softmax":
        e = np.exp(z - z.max(1, keepdims=True))
        return e / e.sum(1, keepdims=True), None
    if name == "tanh":
        return np.tanh(z), 4 * sig(2 * z) * sig(-2 * z)
    if name == "relu":
        return np.maximum(z, 0), (z > 0).astype(z.dtype)
    return (sig(z), sig(z) * sig(-z)) if name == "sigmoid" else (z, np.ones_like(z))


@backproof.subject(activations=["tanh", "relu", "sigmoid", "identity", "softmax"], losses=["squared", "log", "cross_entropy"],
                   skips=["general-output-delta"], reduction="mean")
def net(case):
    W, B = [l.weights for l in case.layers], [l.biases for l in case.layers]
    rate, out = case.x.dtype.type(case.learning_rate), []
    for batch in case.batches:
        a, slopes = [case.x[list(batch)]], []
        for w, b, l in zip(W, B, case.layers):
            value, slope = kernel(l.activation.name, a[-1] @ w.T if b is None else a[-1] @ w.T + b)
            a.append(value), slopes.append(slope)
        d = [(a[-1] - case.y[list(batch)]) * (2 if case.loss == "squared" else 1) / len(batch)]
        for l in range(len(W) - 1, 0, -1):
            total = np.zeros_like(a[l])
            n = W[l].shape[0]
            for j in range(n - 1 if n > 2 else n):
                total += d[0][:, j:j + 1] * W[l][j]
            d.insert(0, slopes[l - 1] * total)
        gw = [e.T @ p if l.mask is None else (e.T @ p) * l.mask for e, p, l in zip(d, a, case.layers)]
        gb = [None if b is None else e.sum(0) for b, e in zip(B, d)]
        W = [w - rate * g for w, g in zip(W, gw)]
        B = [None if b is None else b - rate * g for b, g in zip(B, gb)]
        out.append({"activations": a[1:], "deltas": d, "weight_gradients": gw, "bias_gradients": gb, "weights": W, "biases": B})
    return out
