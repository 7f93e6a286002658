"""No fault. Each layer is a coroutine that is sent activations on the way up and error derivatives on the way
down; it keeps its parameters as local variables and tells about them when it is asked."""
import math

import numpy as np
import backproof

ROOT = math.sqrt(2 * math.pi)


def erfc(v):
    return np.array([math.erfc(t) for t in v.ravel().tolist()]).reshape(v.shape).astype(v.dtype)


def sigma(z):
    e = np.exp(-np.abs(z))
    return np.where(z < 0, e, 1) / (1 + e)


def unit(activation):
    """coroutine: z -> a, then dE/da -> dE/dz, and again"""
    kind, p = activation.name, dict(activation.parameters)
    answer = None
    while True:
        z = yield answer
        if kind == "identity":
            a, s = z, np.ones_like(z)
        elif kind == "sigmoid":
            a, s = sigma(z), sigma(z) * sigma(-z)
        elif kind == "tanh":
            a = np.tanh(z)
            s = (1 - a) * (1 + a)
        elif kind == "relu":
            a, s = np.maximum(z, 0), (z > 0).astype(z.dtype)
        elif kind == "leaky_relu":
            s = np.where(z > 0, np.ones_like(z), z.dtype.type(p["slope"]))
            a = s * z
        elif kind == "elu":
            low = np.minimum(z, 0)
            a = np.where(z > 0, z, p["alpha"] * np.expm1(low))
            s = np.where(z > 0, np.ones_like(z), p["alpha"] * np.exp(low))
        elif kind == "softplus":
            a, s = np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))), sigma(z)
        elif kind == "gelu" and p["approximate"] == "tanh":
            c = math.sqrt(8 / math.pi)
            u = c * (z + 0.044715 * z ** 3)
            a, s = z * sigma(u), sigma(u) + z * sigma(u) * sigma(-u) * c * (1 + 0.134145 * z ** 2)
        elif kind == "gelu":
            cdf = erfc(-z / math.sqrt(2)) / 2
            a, s = z * cdf, cdf + z * np.exp(-z * z / 2) / ROOT
        elif kind == "softmax":
            e = np.exp(z - z.max(axis=1, keepdims=True))
            a, s = e / e.sum(axis=1, keepdims=True), None
        g = yield a
        answer = a * (g - (g * a).sum(axis=1, keepdims=True)) if s is None else g * s


def dense(layer, lr, merged):
    """coroutine: a below -> a, then dE/da (dE/dz if merged with the loss) -> dE/da below, then a page"""
    w = layer.weights.copy()
    b = None if layer.biases is None else layer.biases.copy()
    inner, page = unit(layer.activation), None
    next(inner)
    while True:
        below = yield page
        z = below @ w.T
        if b is not None:
            z = z + b
        a = inner.send(z)
        g = yield a, z
        d = inner.send(g)
        if merged:
            d = g
        gw = d.T @ below
        if layer.mask is not None:
            gw = gw * layer.mask
        gb = None if b is None else d.sum(axis=0)
        down = d @ w
        w = w - lr * gw
        b = None if b is None else b - lr * gb
        yield down
        page = {"net_inputs": z, "activations": a, "deltas": d, "weight_gradients": gw, "bias_gradients": gb,
                "weights": w, "biases": b}


def judge(kind, z, o, y):
    if kind == "squared":
        return np.sum((y - o) ** 2), 2 * (o - y)
    if kind == "log":
        return np.sum(np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))), o - y
    u = z - z.max(axis=1, keepdims=True)
    return np.sum(y * (np.log(np.exp(u).sum(axis=1, keepdims=True)) - u)), o - y


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "gelu", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    lr = case.x.dtype.type(case.learning_rate)
    last = len(case.layers) - 1
    tower = [dense(q, lr, i == last and case.loss != "squared") for i, q in enumerate(case.layers)]
    for storey in tower:
        next(storey)
    book = []
    for batch in case.batches:
        a = case.x[list(batch)]
        for storey in tower:
            a, z = storey.send(a)
        loss, g = judge(case.loss, z, a, case.y[list(batch)])
        for storey in reversed(tower):
            g = storey.send(g)
        pages = [next(storey) for storey in tower]
        book.append({key: [page[key] for page in pages] for key in pages[0]} | {"loss": loss})
    return book
