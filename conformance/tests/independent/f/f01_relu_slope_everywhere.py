"""Fault: the backward pass multiplies by ReLU's step (z > 0) whatever the layer's activation is."""
import math

import numpy as np
import backproof


def logistic(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def log_softmax(z):
    shifted = z - z.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def activate(name, z, par):
    if name == "identity":
        return z.copy()
    if name == "sigmoid":
        return logistic(z)
    if name == "tanh":
        return np.tanh(z)
    if name == "relu":
        return np.maximum(z, 0)
    if name == "leaky_relu":
        return np.where(z > 0, z, par["slope"] * z)
    if name == "elu":
        return np.where(z > 0, z, par["alpha"] * np.expm1(np.minimum(z, 0)))
    if name == "softplus":
        return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
    if name == "gelu":
        if par["approximate"] == "tanh":
            u = math.sqrt(2 / math.pi) * (z + 0.044715 * z ** 3)
            return z * logistic(2 * u)
        phi = np.array([math.erfc(-v / math.sqrt(2)) / 2 for v in z.ravel()], z.dtype)
        return z * phi.reshape(z.shape)
    return np.exp(log_softmax(z))


def derivative(z):
    return (z > 0).astype(z.dtype)


def loss_of(kind, y, z, o):
    if kind == "squared":
        return ((y - o) ** 2).sum()
    if kind == "log":
        sp = lambda t: np.maximum(t, 0) + np.log1p(np.exp(-np.abs(t)))
        return (y * sp(-z) + (1 - y) * sp(z)).sum()
    return -(y * log_softmax(z)).sum()


def forward(Ws, bs, acts, x):
    zs, outs = [], [x]
    for W, b, act in zip(Ws, bs, acts):
        z = outs[-1] @ W.T
        if b is not None:
            z = z + b
        zs.append(z)
        outs.append(activate(act.name, z, dict(act.parameters)))
    return zs, outs


def output_delta(kind, act, z, o, y):
    if kind != "squared":
        return o - y
    if act.name == "identity":
        return 2 * (o - y)
    if act.name == "softmax":
        g = 2 * (o - y)
        return o * (g - (g * o).sum(axis=1, keepdims=True))
    return 2 * (o - y) * derivative(z)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "gelu",
                                "softmax"], losses=["squared", "log", "cross_entropy"])
def net(case):
    Ws = [l.weights.copy() for l in case.layers]
    bs = [None if l.biases is None else l.biases.copy() for l in case.layers]
    acts = [l.activation for l in case.layers]
    lr = case.x.dtype.type(case.learning_rate)
    steps = []
    for batch in case.batches:
        x, y = case.x[list(batch)], case.y[list(batch)]
        zs, outs = forward(Ws, bs, acts, x)
        deltas = [output_delta(case.loss, acts[-1], zs[-1], outs[-1], y)]
        for l in range(len(Ws) - 1, 0, -1):
            deltas.insert(0, (deltas[0] @ Ws[l]) * derivative(zs[l - 1]))
        gW = [d.T @ a for d, a in zip(deltas, outs)]
        gW = [g if l.mask is None else g * l.mask for g, l in zip(gW, case.layers)]
        gb = [None if b is None else d.sum(axis=0) for d, b in zip(deltas, bs)]
        Ws = [W - lr * g for W, g in zip(Ws, gW)]
        bs = [None if b is None else b - lr * g for b, g in zip(bs, gb)]
        steps.append(dict(net_inputs=zs, activations=outs[1:], deltas=deltas,
                          loss=loss_of(case.loss, y, zs[-1], outs[-1]),
                          weight_gradients=gW, bias_gradients=gb, weights=Ws, biases=bs))
    return steps
