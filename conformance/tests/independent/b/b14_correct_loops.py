"""Style: plain Python loops and generators with math.fsum, float64 only; fault: none."""

from math import erfc, exp, expm1, fsum, log1p, pi, sqrt, tanh

import numpy as np

import backproof


def sigmoid(z):
    return 1 / (1 + exp(-z)) if z >= 0 else exp(z) / (1 + exp(z))


def softplus(z):
    return (z if z > 0 else 0.0) + log1p(exp(-abs(z)))


def element(activation):
    """(f, f') of an element-wise activation"""
    name, par = activation.name, dict(activation.parameters or ())
    if name == "identity":
        return (lambda z: z), (lambda z: 1.0)
    if name == "sigmoid":
        return sigmoid, lambda z: sigmoid(z) * sigmoid(-z)
    if name == "tanh":
        return tanh, lambda z: 4 * sigmoid(2 * z) * sigmoid(-2 * z)
    if name == "relu":
        return (lambda z: z if z > 0 else 0.0), (lambda z: 1.0 if z > 0 else 0.0)
    if name == "leaky_relu":
        slope = float(par.get("slope", 0.01))
        return (lambda z: z if z > 0 else slope * z), (lambda z: 1.0 if z > 0 else slope)
    if name == "elu":
        alpha = float(par.get("alpha", 1.0))
        return (lambda z: z if z > 0 else alpha * expm1(z)), (lambda z: 1.0 if z > 0 else alpha * exp(z))
    if name == "softplus":
        return softplus, sigmoid
    if name == "gelu" and par.get("approximate", "none") == "none":

        def phi(z):
            return erfc(-z / sqrt(2)) / 2

        return (lambda z: z * phi(z)), (lambda z: phi(z) + z * exp(-z * z / 2) / sqrt(2 * pi))
    if name == "gelu":
        c, k = sqrt(2 / pi), 0.044715

        def gate(z):
            return sigmoid(2 * c * (z + k * z**3))

        def anti_gate(z):
            return sigmoid(-2 * c * (z + k * z**3))

        return (
            (lambda z: z * gate(z)),
            (lambda z: gate(z) + z * gate(z) * anti_gate(z) * 2 * c * (1 + 3 * k * z * z)),
        )
    raise ValueError(name)


def softmax(z):
    top = max(z)
    e = [exp(v - top) for v in z]
    total = fsum(e)
    return [v / total for v in e]


def log_total(z):
    """log sum_j e^(z_j - max z)"""
    best = z.index(max(z))
    return log1p(fsum(exp(v - z[best]) for j, v in enumerate(z) if j != best))


def loss_terms(kind, z, o, y):
    if kind == "squared":
        return [(t - v) ** 2 for t, v in zip(y, o)]
    if kind == "log":
        return [t * softplus(-v) + (1 - t) * softplus(v) for t, v in zip(y, z)]
    top, rest = max(z), log_total(z)
    return [t * ((top - v) + rest) for t, v in zip(y, z)]


def top_delta(kind, activation, z, o, y):
    if kind == "log":
        return [(1 - t) * sigmoid(v) - t * sigmoid(-v) for t, v in zip(y, z)]
    k = range(len(z))
    if kind == "cross_entropy":
        if len(z) == 1:
            return [0.0]
        return [fsum(part for j in k if j != i for part in (o[i] * y[j], -o[j] * y[i])) for i in k]
    g = [2 * (v - t) for v, t in zip(o, y)]
    if activation.name == "softmax":
        return [fsum([o[i] * g[i]] + [-o[i] * o[j] * g[j] for j in k]) for i in k]
    prime = element(activation)[1]
    return [g[i] * prime(z[i]) for i in k]


@backproof.subject(
    activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "gelu", "softmax"],
    losses=["squared", "log", "cross_entropy"],
    dtypes=["float64"],
    skips=["exact-zero"],
)
def net(case):
    acts = [layer.activation for layer in case.layers]
    w = [layer.weights.tolist() for layer in case.layers]
    b = [None if layer.biases is None else layer.biases.tolist() for layer in case.layers]
    edge = [
        [[True] * layer.weights.shape[1] for _ in range(layer.weights.shape[0])]
        if layer.mask is None
        else layer.mask.tolist()
        for layer in case.layers
    ]
    L = len(w)
    rate = float(case.learning_rate)

    def run(x):
        """net inputs and activations of one sample"""
        z, a = [], [x]
        for l in range(L):
            z.append(
                [
                    fsum([w[l][i][j] * a[l][j] for j in range(len(a[l]))] + ([] if b[l] is None else [b[l][i]]))
                    for i in range(len(w[l]))
                ]
            )
            a.append(softmax(z[l]) if acts[l].name == "softmax" else [element(acts[l])[0](v) for v in z[l]])
        return z, a

    def blame(z, a, y):
        """deltas of one sample"""
        d = [top_delta(case.loss, acts[-1], z[-1], a[-1], y)]
        for l in range(L - 2, -1, -1):
            prime = element(acts[l])[1]
            d.insert(
                0, [prime(z[l][i]) * fsum(w[l + 1][j][i] * d[0][j] for j in range(len(d[0]))) for i in range(len(z[l]))]
            )
        return d

    shown = []
    for batch in case.batches:
        labels = [case.y[s].tolist() for s in batch]
        runs = [run(case.x[s].tolist()) for s in batch]
        deltas = [blame(z, a, y) for (z, a), y in zip(runs, labels)]
        n = range(len(batch))
        loss = fsum(t for (z, a), y in zip(runs, labels) for t in loss_terms(case.loss, z[-1], a[-1], y))
        gw = [
            [
                [
                    fsum(deltas[s][l][i] * runs[s][1][l][j] for s in n) if edge[l][i][j] else 0.0
                    for j in range(len(w[l][i]))
                ]
                for i in range(len(w[l]))
            ]
            for l in range(L)
        ]
        gb = [None if b[l] is None else [fsum(deltas[s][l][i] for s in n) for i in range(len(b[l]))] for l in range(L)]
        w = [[[v - rate * g for v, g in zip(*rows)] for rows in zip(w[l], gw[l])] for l in range(L)]
        b = [None if b[l] is None else [v - rate * g for v, g in zip(b[l], gb[l])] for l in range(L)]
        shown.append(
            {
                "net_inputs": [np.array([runs[s][0][l] for s in n]) for l in range(L)],
                "activations": [np.array([runs[s][1][l + 1] for s in n]) for l in range(L)],
                "loss": np.float64(loss),
                "deltas": [np.array([deltas[s][l] for s in n]) for l in range(L)],
                "weight_gradients": [np.array(g) for g in gw],
                "bias_gradients": [None if g is None else np.array(g) for g in gb],
                "weights": [np.array(v) for v in w],
                "biases": [None if v is None else np.array(v) for v in b],
            }
        )
    return shown
