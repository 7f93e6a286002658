"""Fault: the sigmoid is written as 1 / (1 + e^x) instead of 1 / (1 + e^-x); its derivative stays a (1 - a)."""
from math import exp, log1p, tanh

import numpy as np

import backproof


def logistic(x):
    """1 / (1 + e^x), without overflow."""
    if x <= 0:
        return 1.0 / (1.0 + exp(x))
    return exp(-x) / (1.0 + exp(-x))


def f(name, x):
    return {"sigmoid": logistic, "tanh": tanh, "identity": lambda v: v}[name](x)


def df(name, a):
    if name == "sigmoid":
        return a * (1.0 - a)
    if name == "tanh":
        return 1.0 - a * a
    return 1.0


def log1pexp(x):
    return x + log1p(exp(-x)) if x > 0 else log1p(exp(x))


def one_sample(weights, biases, names, loss, x, y):
    zs, acts = [], [x]
    for w, b, name in zip(weights, biases, names):
        z = []
        for i in range(len(w)):
            total = 0.0 if b is None else b[i]
            for j in range(len(w[i])):
                total += w[i][j] * acts[-1][j]
            z.append(total)
        zs.append(z)
        acts.append([f(name, v) for v in z])
    out, value, delta = acts[-1], 0.0, []
    for i in range(len(out)):
        if loss == "log":
            value += y[i] * log1pexp(-zs[-1][i]) + (1.0 - y[i]) * log1pexp(zs[-1][i])
            delta.append(out[i] - y[i])
        else:
            value += (y[i] - out[i]) ** 2
            delta.append(2.0 * (out[i] - y[i]) * df(names[-1], out[i]))
    deltas = [delta]
    for l in range(len(weights) - 1, 0, -1):
        below = []
        for i in range(len(weights[l][0])):
            total = 0.0
            for j in range(len(weights[l])):
                total += weights[l][j][i] * deltas[0][j]
            below.append(df(names[l - 1], acts[l][i]) * total)
        deltas.insert(0, below)
    return zs, acts, deltas, value


@backproof.subject(activations=["sigmoid", "tanh", "identity"], losses=["squared", "log"])
def net(case):
    dt = case.x.dtype
    weights = [l.weights.tolist() for l in case.layers]
    biases = [None if l.biases is None else l.biases.tolist() for l in case.layers]
    names = [l.activation.name for l in case.layers]
    found = []
    for batch in case.batches:
        per_sample = [one_sample(weights, biases, names, case.loss, case.x[s].tolist(), case.y[s].tolist())
                      for s in batch]
        gw = [[[0.0] * len(row) for row in w] for w in weights]
        gb = [None if b is None else [0.0] * len(b) for b in biases]
        for _, acts, deltas, _ in per_sample:
            for l, w in enumerate(weights):
                mask = case.layers[l].mask
                for i in range(len(w)):
                    for j in range(len(w[i])):
                        if mask is None or mask[i, j]:
                            gw[l][i][j] += deltas[l][i] * acts[l][j]
                    if gb[l] is not None:
                        gb[l][i] += deltas[l][i]
        for l, w in enumerate(weights):
            for i in range(len(w)):
                for j in range(len(w[i])):
                    w[i][j] -= case.learning_rate * gw[l][i][j]
                if biases[l] is not None:
                    biases[l][i] -= case.learning_rate * gb[l][i]
        depth = range(len(weights))
        array = lambda v: None if v is None else np.array(v, dtype=dt)
        found.append({
            "net_inputs": [array([p[0][l] for p in per_sample]) for l in depth],
            "activations": [array([p[1][l + 1] for p in per_sample]) for l in depth],
            "deltas": [array([p[2][l] for p in per_sample]) for l in depth],
            "loss": dt.type(sum(p[3] for p in per_sample)),
            "weight_gradients": [array(g) for g in gw], "bias_gradients": [array(g) for g in gb],
            "weights": [array(w) for w in weights], "biases": [array(b) for b in biases]})
    return found
