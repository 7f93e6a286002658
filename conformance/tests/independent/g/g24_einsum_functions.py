"""Fault: the loss that is reported is the mean over the samples of the batch, while the gradients are those of the sum."""
from math import erfc, exp, pi, sqrt

import numpy as np
from numpy import einsum

import backproof

PHI = np.vectorize(lambda t: 0.5 * erfc(-t / sqrt(2)), otypes=[float])
BELL = np.vectorize(lambda t: exp(-t * t / 2) / sqrt(2 * pi), otypes=[float])


def sigma(z):
    return np.where(z < 0, np.exp(np.minimum(z, 0)), 1) / (1 + np.exp(-np.abs(z)))


def gelu(z, approximate):
    if approximate == "tanh":
        c = sqrt(2 / pi)
        u = np.tanh(c * (z + 0.044715 * z**3))
        return 0.5 * z * (1 + u), 0.5 * (1 + u) + 0.5 * z * (1 - u * u) * c * (1 + 3 * 0.044715 * z * z)
    w = z.astype(float)
    return (w * PHI(w)).astype(z.dtype), (PHI(w) + w * BELL(w)).astype(z.dtype)


def value_and_slope(name, par, z):
    """The activation and, per sample, its derivative (n, i), for softmax None."""
    one, zero = np.ones_like(z), np.zeros_like(z)
    if name == "identity":
        return z + 0, one
    if name == "sigmoid":
        return sigma(z), sigma(z) * sigma(-z)
    if name == "tanh":
        t = np.tanh(z)
        return t, one - t * t
    if name == "relu":
        return np.where(z > 0, z, zero), np.where(z > 0, one, zero)
    if name == "leaky_relu":
        return np.where(z > 0, z, par["slope"] * z), np.where(z > 0, one, par["slope"] * one)
    if name == "elu":
        low = np.minimum(z, 0)
        return np.where(z > 0, z, par["alpha"] * np.expm1(low)), np.where(z > 0, one, par["alpha"] * np.exp(low))
    if name == "softplus":
        return np.logaddexp(zero, z), sigma(z)
    if name == "gelu":
        return gelu(z, par["approximate"])
    p = np.exp(z - z.max(1)[:, None])
    return p / einsum("ni->n", p)[:, None], None


def mean_loss(kind, z, o, y):
    n = len(y)
    if kind == "squared":
        return einsum("ni,ni->", o - y, o - y) / n
    if kind == "log":
        zero = np.zeros_like(z)
        return einsum("ni->", y * np.logaddexp(zero, -z) + (1 - y) * np.logaddexp(zero, z)) / n
    top = z.max(1)[:, None]
    return einsum("ni,ni->", y, top - z + np.log(np.exp(z - top).sum(1))[:, None]) / n


def output_delta(kind, o, slope, y):
    if kind != "squared":
        return o - y
    g = 2 * (o - y)
    if slope is None:
        return einsum("ni,nij->nj", g, einsum("ni,ij->nij", o, np.eye(o.shape[1], dtype=o.dtype)) - einsum("ni,nj->nij", o, o))
    return g * slope


def step(case, W, B, rows):
    x, y = case.x[list(rows)], case.y[list(rows)]
    A, Z, S = [x], [], []
    for layer, w, b in zip(case.layers, W, B):
        z = einsum("ij,nj->ni", w, A[-1])
        z = z if b is None else z + b
        a, s = value_and_slope(layer.activation.name, dict(layer.activation.parameters), z)
        Z.append(z), A.append(a), S.append(s)
    D = [output_delta(case.loss, A[-1], S[-1], y)]
    for w, s in zip(W[:0:-1], S[-2::-1]):
        D.append(einsum("ji,nj,ni->ni", w, D[-1], s))
    D.reverse()
    gW = [einsum("ni,nj->ij", d, a) * (1 if l.mask is None else l.mask) for l, d, a in zip(case.layers, D, A)]
    gB = [None if b is None else einsum("ni->i", d) for d, b in zip(D, B)]
    r = case.x.dtype.type(case.learning_rate)
    return {"net_inputs": Z, "activations": A[1:], "deltas": D, "loss": mean_loss(case.loss, Z[-1], A[-1], y),
            "weight_gradients": gW, "bias_gradients": gB,
            "weights": [w - r * g for w, g in zip(W, gW)],
            "biases": [None if b is None else b - r * g for b, g in zip(B, gB)]}


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "gelu", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    W, B = [l.weights for l in case.layers], [l.biases for l in case.layers]
    history = []
    for rows in case.batches:
        history.append(step(case, W, B, rows))
        W, B = history[-1]["weights"], history[-1]["biases"]
    return history
