"""Correct: plain Python numbers, every sum by math.fsum, samples and neurons in loops."""
import math

import numpy as np
import backproof


def sigma(v):
    return 1 / (1 + math.exp(-v)) if v >= 0 else math.exp(v) / (1 + math.exp(v))


RULES = {
    "sigmoid": (sigma, lambda v: sigma(v) * sigma(-v)),
    "tanh": (math.tanh, lambda v: (1 - math.tanh(v)) * (1 + math.tanh(v))),
    "relu": (lambda v: v if v > 0 else 0.0, lambda v: 1.0 if v > 0 else 0.0),
    "identity": (lambda v: v, lambda v: 1.0),
}


def softmax(zs):
    m = max(zs)
    es = [math.exp(v - m) for v in zs]
    s = math.fsum(es)
    return [e / s for e in es]


@backproof.subject(activations=["sigmoid", "tanh", "relu", "identity", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    dtype = case.x.dtype
    names = [l.activation.name for l in case.layers]
    W = [l.weights for l in case.layers]
    b = [l.biases for l in case.layers]
    rate = float(case.learning_rate)

    def one(x, y, rows, biases):
        a, zs = [x], []
        for w, c, n in zip(rows, biases, names):
            z = [math.fsum([p * q for p, q in zip(r, a[-1])] + [k]) for r, k in zip(w, c)]
            zs.append(z)
            a.append(softmax(z) if n == "softmax" else [RULES[n][0](v) for v in z])
        o = a[-1]
        if case.loss != "squared":
            d = [p - q for p, q in zip(o, y)]
        elif names[-1] == "softmax":
            g = [2 * (p - q) for p, q in zip(o, y)]
            dot = math.fsum(p * q for p, q in zip(o, g))
            d = [p * (q - dot) for p, q in zip(o, g)]
        else:
            d = [2 * (p - q) * RULES[names[-1]][1](v) for p, q, v in zip(o, y, zs[-1])]
        ds = [d]
        for k in range(len(rows) - 1, 0, -1):
            d = [math.fsum(rows[k][j][i] * d[j] for j in range(len(d))) * RULES[names[k - 1]][1](zs[k - 1][i])
                 for i in range(len(zs[k - 1]))]
            ds.insert(0, d)
        return a, ds

    out = []
    for batch in case.batches:
        rows = [w.tolist() for w in W]
        biases = [[0.0] * len(w) if c is None else c.tolist() for w, c in zip(W, b)]
        runs = [one(case.x[s].tolist(), case.y[s].tolist(), rows, biases) for s in batch]
        gw, gb = [], []
        for k, w in enumerate(rows):
            g = [[math.fsum(ds[k][i] * a[k][j] for a, ds in runs) for j in range(len(w[0]))] for i in range(len(w))]
            mask = case.layers[k].mask
            if mask is not None:
                g = [[v if m else 0.0 for v, m in zip(r, q)] for r, q in zip(g, mask)]
            gw.append(np.array(g, dtype))
            gb.append(None if b[k] is None else np.array([math.fsum(ds[k][i] for _, ds in runs) for i in range(len(w))], dtype))
        W = [(w.astype(float) - rate * g.astype(float)).astype(dtype) for w, g in zip(W, gw)]
        b = [None if c is None else (c.astype(float) - rate * g.astype(float)).astype(dtype) for c, g in zip(b, gb)]
        out.append({"weight_gradients": gw, "bias_gradients": gb, "weights": W, "biases": b})
    return out
