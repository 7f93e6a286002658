"""Fault: in the delta rule W is indexed as W where its transpose is meant: w[i*n_next + j] for w[j*n + i] in the flat storage."""
import math

import numpy as np

import backproof


def squash(kind, z):
    if kind == "tanh":
        return math.tanh(z)
    if kind == "sigmoid":
        e = math.exp(-abs(z))
        return 1 / (1 + e) if z >= 0 else e / (1 + e)
    if kind == "relu":
        return max(z, 0.0)
    return z


def slope(kind, z):
    if kind == "tanh":
        return 1 - math.tanh(z) ** 2
    if kind == "sigmoid":
        e = math.exp(-abs(z))
        return e / (1 + e) ** 2
    if kind == "relu":
        return float(z > 0)
    return 1.0


@backproof.subject(activations=["identity", "tanh", "sigmoid", "relu", "softmax"], losses=["squared", "log", "cross_entropy"],
                   skips=["general-output-delta"], loss_at="none")
def net(case):
    real = case.x.dtype
    sizes = [case.x.shape[1]] + [l.weights.shape[0] for l in case.layers]
    L = len(case.layers)
    kind = [l.activation.name for l in case.layers]
    w = [l.weights.flatten().tolist() for l in case.layers]
    b = [None if l.biases is None else l.biases.tolist() for l in case.layers]
    on = [[True] * len(w[k]) if case.layers[k].mask is None else case.layers[k].mask.flatten().tolist() for k in range(L)]
    out = []
    for batch in case.batches:
        gw = [[0.0] * len(v) for v in w]
        gb = [[0.0] * sizes[k + 1] for k in range(L)]
        D = [[] for _ in range(L)]
        for s in batch:
            a = [case.x[s].tolist()]
            z = []
            for k in range(L):
                n, m = sizes[k], sizes[k + 1]
                z.append([0.0] * m)
                for i in range(m):
                    acc = b[k][i] if b[k] else 0.0
                    for j in range(n):
                        acc += w[k][i * n + j] * a[k][j]
                    z[k][i] = acc
                if kind[k] == "softmax":
                    top = max(z[k])
                    e = [math.exp(v - top) for v in z[k]]
                    tot = math.fsum(e)
                    a.append([v / tot for v in e])
                else:
                    a.append([squash(kind[k], v) for v in z[k]])
            scale = 2 if case.loss == "squared" else 1
            delta = [scale * (o - t) for o, t in zip(a[L], case.y[s].tolist())]
            for k in range(L - 1, -1, -1):
                n, m = sizes[k], sizes[k + 1]
                D[k].append(delta)
                for i in range(m):
                    gb[k][i] += delta[i]
                    for j in range(n):
                        if on[k][i * n + j]:
                            gw[k][i * n + j] += delta[i] * a[k][j]
                if k > 0:
                    below = []
                    for i in range(n):
                        acc = 0.0
                        for j in range(m):
                            acc += w[k][i * m + j] * delta[j]
                        below.append(acc * slope(kind[k - 1], z[k - 1][i]))
                    delta = below
        for k in range(L):
            for q in range(len(w[k])):
                w[k][q] -= case.learning_rate * gw[k][q]
            if b[k]:
                for i in range(len(b[k])):
                    b[k][i] -= case.learning_rate * gb[k][i]
        shape = [(sizes[k + 1], sizes[k]) for k in range(L)]
        out.append({
            "deltas": [np.array(D[k], dtype=real) for k in range(L)],
            "weight_gradients": [np.array(gw[k], dtype=real).reshape(shape[k]) for k in range(L)],
            "bias_gradients": [np.array(gb[k], dtype=real) if b[k] else None for k in range(L)],
            "weights": [np.array(w[k], dtype=real).reshape(shape[k]) for k in range(L)],
            "biases": [np.array(b[k], dtype=real) if b[k] else None for k in range(L)],
        })
    return out
