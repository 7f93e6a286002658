"""Fault: GELU's derivative is Phi(z) alone; the term z phi(z) of the product rule is missing (and its counterpart in
the tanh form)."""
import math

import numpy as np

import backproof

erfc = np.frompyfunc(math.erfc, 1, 1)


def gelu_gate(z, approximate):
    if approximate == "tanh":
        u = math.sqrt(2 / math.pi) * (z + 0.044715 * z ** 3)
        return logistic(2 * u)
    return (erfc(-z.astype(float) / math.sqrt(2)).astype(float) / 2).astype(z.dtype)


def logistic(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, np.ones_like(e), e) / (1 + e)


def nonlinearity(activation, z):
    """Returns a and a closure that turns dE/da into dE/dz."""
    options = dict(activation.parameters)
    if activation.name == "gelu":
        gate = gelu_gate(z, options["approximate"])
        return z * gate, lambda g: g * gate
    if activation.name == "elu":
        alpha = z.dtype.type(options["alpha"])
        e = np.exp(np.minimum(z, 0))
        a = np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0)))
        return a, lambda g: np.where(z > 0, g, g * alpha * e)
    if activation.name == "leaky_relu":
        k = np.where(z > 0, z.dtype.type(1), z.dtype.type(options["slope"]))
        return z * k, lambda g: g * k
    if activation.name == "relu":
        live = z > 0
        return np.where(live, z, z.dtype.type(0)), lambda g: g * live
    if activation.name == "tanh":
        t = np.tanh(z)
        return t, lambda g: g * (1 - t * t)
    if activation.name == "sigmoid":
        s = logistic(z)
        return s, lambda g: g * s * (1 - s)
    if activation.name == "softmax":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        s = e / e.sum(axis=1, keepdims=True)
        return s, lambda g: s * (g - (g * s).sum(axis=1, keepdims=True))
    return z, lambda g: g


def affine(w, b, mask, a):
    z = a @ w.T if b is None else a @ w.T + b

    def back(delta):
        gw = delta.T @ a
        if mask is not None:
            gw = np.where(mask, gw, np.zeros_like(gw))
        return delta @ w, gw, None if b is None else delta.sum(axis=0)

    return z, back


def criterion(kind, z, o, y):
    """Returns the loss, dE/do or dE/dz, and whether it is already dE/dz."""
    if kind == "squared":
        return ((o - y) ** 2).sum(), 2 * (o - y), False
    if kind == "log":
        return (y * (np.maximum(-z, 0)) + (1 - y) * np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))).sum(), o - y, True
    s = z - z.max(axis=1, keepdims=True)
    return (y * (np.log(np.exp(s).sum(axis=1, keepdims=True)) - s)).sum(), o - y, True


@backproof.subject(
    activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "gelu", "softmax"],
    losses=["squared", "log", "cross_entropy"])
def net(case):
    ws = [np.copy(l.weights) for l in case.layers]
    bs = [None if l.biases is None else np.copy(l.biases) for l in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    steps = []
    for batch in case.batches:
        a, y = np.take(case.x, batch, axis=0), np.take(case.y, batch, axis=0)
        tape, zs, acts = [], [], []
        for layer, w, b in zip(case.layers, ws, bs):
            z, back_affine = affine(w, b, layer.mask, a)
            a, back_f = nonlinearity(layer.activation, z)
            tape.append((back_f, back_affine))
            zs.append(z)
            acts.append(a)
        loss, g, is_delta = criterion(case.loss, zs[-1], a, y)
        deltas, gws, gbs = [], [], []
        while tape:
            back_f, back_affine = tape.pop()
            delta = g if is_delta else back_f(g)
            is_delta = False
            g, gw, gb = back_affine(delta)
            deltas.insert(0, delta)
            gws.insert(0, gw)
            gbs.insert(0, gb)
        ws = [w - rate * gw for w, gw in zip(ws, gws)]
        bs = [None if b is None else b - rate * gb for b, gb in zip(bs, gbs)]
        steps.append({"net_inputs": zs, "activations": acts, "deltas": deltas, "loss": loss,
                      "weight_gradients": gws, "bias_gradients": gbs, "weights": ws, "biases": bs})
    return steps
