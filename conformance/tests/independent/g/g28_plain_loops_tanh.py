"""Fault: tanh's derivative is written as 1 - a where it should be 1 - a squared."""
import math

import numpy as np

import backproof


def softmax(zs):
    m = max(zs)
    es = [math.exp(z - m) for z in zs]
    t = sum(es)
    return [e / t for e in es]


def f(name, z):
    if name == "tanh":
        return math.tanh(z)
    if name == "sigmoid":
        return 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))
    if name == "relu":
        return z if z > 0 else 0.0
    return z


def df(name, z, a):
    if name == "tanh":
        return 1 - a
    if name == "sigmoid":
        return a * (1 - a)
    if name == "relu":
        return 1.0 if z > 0 else 0.0
    return 1.0


def loss_of(kind, z, o, y):
    if kind == "squared":
        return sum((t - p) ** 2 for t, p in zip(y, o))
    if kind == "log":
        def sp(v):
            return max(v, 0.0) + math.log1p(math.exp(-abs(v)))
        return sum(t * sp(-v) + (1 - t) * sp(v) for t, v in zip(y, z))
    m = max(z)
    rest = math.log(sum(math.exp(v - m) for v in z))
    return sum(t * (m - v + rest) for t, v in zip(y, z))


@backproof.subject(activations=["identity", "tanh", "sigmoid", "relu", "softmax"], losses=["squared", "log", "cross_entropy"])
def net(case):
    dt = case.x.dtype
    L = len(case.layers)
    names = [l.activation.name for l in case.layers]
    W = [l.weights.tolist() for l in case.layers]
    B = [None if l.biases is None else l.biases.tolist() for l in case.layers]
    edge = [np.ones(l.weights.shape, bool) if l.mask is None else l.mask for l in case.layers]
    report = []
    for batch in case.batches:
        gW = [[[0.0] * len(row) for row in w] for w in W]
        gB = [None if b is None else [0.0] * len(b) for b in B]
        seen_z, seen_a, seen_d = [[[] for _ in range(L)] for _ in range(3)]
        total = 0.0
        for s in batch:
            acts, zs = [case.x[s].tolist()], []
            y = case.y[s].tolist()
            for l in range(L):
                z = []
                for i in range(len(W[l])):
                    t = 0.0 if B[l] is None else B[l][i]
                    for j in range(len(W[l][i])):
                        t += W[l][i][j] * acts[l][j]
                    z.append(t)
                zs.append(z)
                acts.append(softmax(z) if names[l] == "softmax" else [f(names[l], v) for v in z])
            o = acts[-1]
            total += loss_of(case.loss, zs[-1], o, y)
            deltas = [None] * L
            if case.loss != "squared":
                deltas[-1] = [p - t for p, t in zip(o, y)]
            elif names[-1] == "softmax":
                g = [2 * (p - t) for p, t in zip(o, y)]
                c = sum(u * p for u, p in zip(g, o))
                deltas[-1] = [p * (u - c) for u, p in zip(g, o)]
            else:
                deltas[-1] = [2 * (p - t) * df(names[-1], v, p) for p, t, v in zip(o, y, zs[-1])]
            for l in range(L - 2, -1, -1):
                deltas[l] = []
                for i in range(len(W[l])):
                    t = 0.0
                    for j in range(len(W[l + 1])):
                        t += W[l + 1][j][i] * deltas[l + 1][j]
                    deltas[l].append(df(names[l], zs[l][i], acts[l + 1][i]) * t)
            for l in range(L):
                seen_z[l].append(zs[l]), seen_a[l].append(acts[l + 1]), seen_d[l].append(deltas[l])
                for i in range(len(W[l])):
                    for j in range(len(W[l][i])):
                        if edge[l][i, j]:
                            gW[l][i][j] += deltas[l][i] * acts[l][j]
                    if B[l] is not None:
                        gB[l][i] += deltas[l][i]
        for l in range(L):
            for i in range(len(W[l])):
                for j in range(len(W[l][i])):
                    W[l][i][j] -= case.learning_rate * gW[l][i][j]
                if B[l] is not None:
                    B[l][i] -= case.learning_rate * gB[l][i]

        def arr(parts):
            return [None if p is None else np.array(p, dtype=dt) for p in parts]

        report.append({"net_inputs": arr(seen_z), "activations": arr(seen_a), "deltas": arr(seen_d), "loss": dt.type(total),
                       "weight_gradients": arr(gW), "bias_gradients": arr(gB), "weights": arr(W), "biases": arr(B)})
    return report
