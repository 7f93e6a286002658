"""Fault: the weight from j to i gets delta_i a_i, with the activation of its own layer, instead of delta_i a_j."""
from math import exp, log, log1p, tanh
import numpy as np
import backproof


def activation(kind, slope, z):
    if kind == "sigmoid":
        return 1 / (1 + exp(-z)) if z > -30 else exp(z) / (1 + exp(z))
    if kind == "tanh":
        return tanh(z)
    if kind == "relu":
        return z if z > 0 else 0.0
    if kind == "leaky_relu":
        return z if z > 0 else slope * z
    return z


def derivative(kind, slope, z, a):
    if kind == "sigmoid":
        return a * (1 - a)
    if kind == "tanh":
        return 1 - a * a
    if kind == "relu":
        return 1.0 if z > 0 else 0.0
    if kind == "leaky_relu":
        return 1.0 if z > 0 else slope
    return 1.0


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"])
def net(case):
    dt = case.x.dtype
    kinds = [l.activation.name for l in case.layers]
    slopes = [dict(l.activation.parameters).get("slope", 0.0) for l in case.layers]
    W = [l.weights.copy() for l in case.layers]
    b = [None if l.biases is None else l.biases.copy() for l in case.layers]
    updates = []
    for batch in case.batches:
        n = len(batch)
        z = [np.zeros((n, w.shape[0]), dt) for w in W]
        a = [np.zeros((n, case.x.shape[1]), dt)] + [np.zeros_like(v) for v in z]
        delta = [np.zeros_like(v) for v in z]
        gw = [np.zeros_like(w) for w in W]
        gb = [None if v is None else np.zeros_like(v) for v in b]
        E = 0.0
        for s, row in enumerate(batch):
            a[0][s] = case.x[row]
            y = case.y[row]
            for l in range(len(W)):
                for i in range(W[l].shape[0]):
                    total = 0.0 if b[l] is None else float(b[l][i])
                    for j in range(W[l].shape[1]):
                        total += float(W[l][i, j]) * float(a[l][s, j])
                    z[l][s, i] = total
                if kinds[l] == "softmax":
                    e = np.exp(z[l][s] - z[l][s].max())
                    a[l + 1][s] = e / e.sum()
                else:
                    for i in range(W[l].shape[0]):
                        a[l + 1][s, i] = activation(kinds[l], slopes[l], float(z[l][s, i]))
            o, top = a[-1][s], z[-1][s]
            for k in range(len(y)):
                delta[-1][s, k] = o[k] - y[k] if case.loss != "squared" else 2 * (o[k] - y[k])
                if case.loss == "squared":
                    E += float(y[k] - o[k]) ** 2
                elif case.loss == "log":
                    t, q = float(y[k]), float(top[k])
                    E += t * (max(-q, 0) + log1p(exp(-abs(q)))) + (1 - t) * (max(q, 0) + log1p(exp(-abs(q))))
                else:
                    m = float(top.max())
                    E += float(y[k]) * (m + log(sum(exp(float(v) - m) for v in top)) - float(top[k]))
            for l in range(len(W) - 2, -1, -1):
                for i in range(W[l].shape[0]):
                    total = 0.0
                    for j in range(W[l + 1].shape[0]):
                        total += float(W[l + 1][j, i]) * float(delta[l + 1][s, j])
                    delta[l][s, i] = total * derivative(kinds[l], slopes[l], float(z[l][s, i]), float(a[l + 1][s, i]))
            for l in range(len(W)):
                for i in range(W[l].shape[0]):
                    for j in range(W[l].shape[1]):
                        if case.layers[l].mask is None or case.layers[l].mask[i, j]:
                            gw[l][i, j] += delta[l][s, i] * a[l + 1][s, i]
                    if gb[l] is not None:
                        gb[l][i] += delta[l][s, i]
        for l in range(len(W)):
            W[l] -= dt.type(case.learning_rate) * gw[l]
            if b[l] is not None:
                b[l] -= dt.type(case.learning_rate) * gb[l]
        updates.append({"net_inputs": z, "activations": a[1:], "deltas": delta, "loss": dt.type(E),
                        "weight_gradients": gw, "bias_gradients": gb, "weights": [w.copy() for w in W],
                        "biases": [None if v is None else v.copy() for v in b]})
    return updates
