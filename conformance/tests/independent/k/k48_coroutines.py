"""No fault. Every layer is a coroutine that is sent its input, yields its output, is sent dE/d(output)
from above, yields dE/d(input), and updates itself when it is sent the learning rate."""
import math

import numpy as np
import backproof


def sigmoid(z):
    return np.exp(np.minimum(z, 0)) / (1 + np.exp(-np.abs(z)))


def normal(z):
    t = z.astype(np.float64)
    cdf = np.array([0.5 * math.erfc(-v / math.sqrt(2)) for v in t.flat]).reshape(t.shape)
    return cdf.astype(z.dtype), (np.exp(-t * t / 2) / math.sqrt(2 * math.pi)).astype(z.dtype)


def vjp(act, z):
    """The activation's value, and a function that carries a gradient back through it."""
    p = dict(act.parameters)
    if act.name == "softmax":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        a = e / e.sum(axis=1, keepdims=True)
        return a, lambda g: a * (g - (a * g).sum(axis=1, keepdims=True))
    if act.name == "sigmoid":
        a = sigmoid(z)
        d = a * sigmoid(-z)
    elif act.name == "tanh":
        a = np.tanh(z)
        d = (1 + a) * (1 - a)
    elif act.name in ("relu", "leaky_relu"):
        d = np.where(z > 0, 1, p.get("slope", 0)).astype(z.dtype)
        a = z * d
    elif act.name == "elu":
        low = np.minimum(z, 0)
        a = np.maximum(z, 0) + p["alpha"] * np.expm1(low)
        d = np.where(z > 0, 1, p["alpha"] * np.exp(low)).astype(z.dtype)
    elif act.name == "softplus":
        a, d = np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))), sigmoid(z)
    elif act.name == "gelu" and p["approximate"] == "tanh":
        c = math.sqrt(2 / math.pi)
        s = sigmoid(2 * c * (z + 0.044715 * z ** 3))
        a, d = z * s, s * (1 + 2 * c * z * (1 - s) * (1 + 0.134145 * z ** 2))
    elif act.name == "gelu":
        cdf, pdf = normal(z)
        a, d = z * cdf, cdf + z * pdf
    else:
        a, d = z.copy(), np.ones_like(z)
    return a, lambda g: g * d


def layer(spec, fused):
    """fused: the gradient that is sent down is already the one by the net input."""
    w = spec.weights.copy()
    b = None if spec.biases is None else spec.biases.copy()
    report = None
    while True:
        x = yield report
        z = x @ w.T if b is None else x @ w.T + b
        a, carry = vjp(spec.activation, z)
        g = yield a, z
        delta = g if fused else carry(g)
        gw = delta.T @ x
        if spec.mask is not None:
            gw[~spec.mask] = 0
        gb = None if b is None else delta.sum(axis=0)
        rate = yield delta @ w
        w = w - rate * gw
        b = None if b is None else b - rate * gb
        report = {"net_inputs": z, "activations": a, "deltas": delta, "weight_gradients": gw,
                  "bias_gradients": gb, "weights": w, "biases": b}


def criterion(kind, z, o, y):
    if kind == "squared":
        return np.mean(np.sum((o - y) ** 2, axis=1)), 2 * (o - y)
    if kind == "log":
        rest = np.log1p(np.exp(-np.abs(z)))
        terms = y * (np.maximum(-z, 0) + rest) + (1 - y) * (np.maximum(z, 0) + rest)
    else:
        c = z - z.max(axis=1, keepdims=True)
        terms = y * (np.log(np.exp(c).sum(axis=1, keepdims=True)) - c)
    return np.mean(np.sum(terms, axis=1)), o - y


@backproof.subject(
    activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "gelu", "softmax"],
    losses=["squared", "log", "cross_entropy"], reduction="mean", delta_of="error")
def net(case):
    tower = [layer(spec, fused=case.loss != "squared" and spec is case.layers[-1]) for spec in case.layers]
    for co in tower:
        next(co)
    rate = case.x.dtype.type(case.learning_rate)
    story = []
    for batch in case.batches:
        signal, y = case.x[list(batch)], case.y[list(batch)]
        for co in tower:
            signal, z = co.send(signal)
        loss, g = criterion(case.loss, z, signal, y)
        g = g / len(batch)
        for co in reversed(tower):
            g = co.send(g)
        reports = [co.send(rate) for co in tower]
        story.append({key: [r[key] for r in reports] for key in reports[0]} | {"loss": loss})
    return story
