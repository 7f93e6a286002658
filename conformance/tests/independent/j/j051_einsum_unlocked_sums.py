"""Fault: the gradients are collected without a lock; the race is imitated by a relative noise of 1e-3
on every element of the weight and bias gradients, other in every run."""
import numpy as np
from numpy import einsum
import backproof

_rng = np.random.default_rng()


def racy(g):
    noise = _rng.standard_normal(g.shape)
    return (g * (1.0 + 1e-3 * noise)).astype(g.dtype)


def sigma(z):
    return np.where(z < 0, np.exp(np.minimum(z, 0)), 1) / (1 + np.exp(-np.abs(z)))


def act(layer, z):
    n, p = layer.activation.name, dict(layer.activation.parameters)
    if n == "sigmoid":
        return sigma(z)
    if n == "tanh":
        return np.tanh(z)
    if n == "relu":
        return z * (z > 0)
    if n == "leaky_relu":
        return np.where(z > 0, z, z * p["slope"]).astype(z.dtype)
    if n == "elu":
        return np.where(z > 0, z, p["alpha"] * np.expm1(np.minimum(z, 0))).astype(z.dtype)
    if n == "softmax":
        e = np.exp(z - z.max(1, keepdims=True))
        return e / einsum("ni->n", e)[:, None]
    return z


def slope(layer, z, a):
    n, p = layer.activation.name, dict(layer.activation.parameters)
    if n == "sigmoid":
        return a * sigma(-z)
    if n == "tanh":
        return 1 - a * a
    if n == "relu":
        return (z > 0).astype(z.dtype)
    if n == "leaky_relu":
        return np.where(z > 0, 1, p["slope"]).astype(z.dtype)
    if n == "elu":
        return np.where(z > 0, 1, p["alpha"] * np.exp(np.minimum(z, 0))).astype(z.dtype)
    return np.ones_like(z)


def forward(layers, W, B, x):
    z, a = [], [x]
    for layer, w, b in zip(layers, W, B):
        z.append(einsum("nj,ij->ni", a[-1], w) + (0 if b is None else b))
        a.append(act(layer, z[-1]))
    return z, a


def output_delta(case, z, o, y):
    if case.loss != "squared":
        return o - y
    g = 2 * (o - y)
    if case.layers[-1].activation.name == "softmax":
        return o * g - o * einsum("ni,ni->n", o, g)[:, None]
    return g * slope(case.layers[-1], z, o)


def update(case, W, B, rows):
    lr = case.x.dtype.type(case.learning_rate)
    y = case.y[rows]
    z, a = forward(case.layers, W, B, case.x[rows])
    d = output_delta(case, z[-1], a[-1], y)
    GW, GB = [], []
    for l in range(len(W) - 1, -1, -1):
        gw = racy(einsum("ni,nj->ij", d, a[l]))
        if case.layers[l].mask is not None:
            gw = np.where(case.layers[l].mask, gw, gw.dtype.type(0))
        GW.append(gw)
        GB.append(None if B[l] is None else racy(einsum("ni->i", d)))
        if l > 0:
            d = einsum("ni,ij->nj", d, W[l]) * slope(case.layers[l - 1], z[l - 1], a[l])
    GW.reverse()
    GB.reverse()
    W = [w - lr * g for w, g in zip(W, GW)]
    B = [None if b is None else b - lr * g for b, g in zip(B, GB)]
    return W, B, GW, GB


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softmax"],
                   losses=["squared", "log", "cross_entropy"], loss_at="none")
def net(case):
    W = [l.weights.copy() for l in case.layers]
    B = [None if l.biases is None else l.biases.copy() for l in case.layers]
    out = []
    for rows in case.batches:
        W, B, GW, GB = update(case, W, B, list(rows))
        out.append({"weight_gradients": GW, "bias_gradients": GB, "weights": W, "biases": B})
    return out
