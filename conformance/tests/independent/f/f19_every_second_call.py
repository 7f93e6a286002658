"""Fault: a module-wide switch flips at each call, and in every second call the gradients come out a little larger
(by 1e-4 relatively), so that the same run gives two results."""
import itertools

import numpy as np
import backproof

switch = itertools.cycle([0.0, 1e-4])


def logistic(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def bend(kind, z):
    if kind == "identity":
        return z, np.ones_like(z)
    if kind == "sigmoid":
        return logistic(z), logistic(z) * logistic(-z)
    if kind == "tanh":
        return np.tanh(z), 4 * logistic(2 * z) * logistic(-2 * z)
    if kind == "relu":
        return np.maximum(z, 0), (z > 0).astype(z.dtype)
    if kind == "softplus":
        return np.logaddexp(0, z).astype(z.dtype), logistic(z)
    e = np.exp(z - z.max(axis=1, keepdims=True))
    o = e / np.einsum("nk->n", e)[:, None]
    return o, np.einsum("ni,ij->nij", o, np.eye(o.shape[1], dtype=o.dtype)) - np.einsum("ni,nj->nij", o, o)


def chain(g, slope):
    return g * slope if slope.ndim == 2 else np.einsum("ni,nij->nj", g, slope)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], reduction="mean", delta_of="sample")
def net(case):
    T = case.x.dtype.type
    factor = T(1 + next(switch))
    W = [l.weights.copy() for l in case.layers]
    b = [None if l.biases is None else l.biases.copy() for l in case.layers]
    out = []
    for batch in case.batches:
        n = T(len(batch))
        a, z, slopes = [case.x[list(batch)]], [], []
        y = case.y[list(batch)]
        for w, c, l in zip(W, b, case.layers):
            z.append(np.einsum("nj,ij->ni", a[-1], w) + (0 if c is None else c))
            v, dv = bend(l.activation.name, z[-1])
            a.append(v)
            slopes.append(dv)
        t, o = z[-1], a[-1]
        if case.loss == "squared":
            loss = np.einsum("nk,nk->", y - o, y - o)
        elif case.loss == "log":
            loss = (y * np.logaddexp(0, -t) + (1 - y) * np.logaddexp(0, t)).sum()
        else:
            t = t - t.max(axis=1, keepdims=True)
            loss = (y * (np.log(np.exp(t).sum(axis=1, keepdims=True)) - t)).sum()
        d = [chain(2 * (o - y), slopes[-1]) if case.loss == "squared" else o - y]
        for l in range(len(W) - 1, 0, -1):
            d.insert(0, chain(np.einsum("ni,ij->nj", d[0], W[l]), slopes[l - 1]))
        gW = [factor * np.einsum("ni,nj->ij", e, v) / n for e, v in zip(d, a)]
        gW = [g if l.mask is None else g * l.mask for g, l in zip(gW, case.layers)]
        gb = [None if c is None else factor * e.sum(axis=0) / n for e, c in zip(d, b)]
        W = [w - T(case.learning_rate) * g for w, g in zip(W, gW)]
        b = [None if c is None else c - T(case.learning_rate) * g for c, g in zip(b, gb)]
        out.append({"net_inputs": z, "activations": a[1:], "deltas": d, "loss": (loss / n).astype(T),
                    "weight_gradients": gW, "bias_gradients": gb, "weights": W, "biases": b})
    return out
