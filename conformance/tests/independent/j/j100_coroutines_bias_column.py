"""No fault. Every layer is a coroutine that lives through all updates: it is sent a batch of activations and
yields its own, then is sent dE/da (or the output delta) and yields what it passes down; its bias is a column of
one weight matrix that meets a constant input 1 (E2). E is the mean over the batch."""
import math

import numpy as np

import backproof

erfc = np.vectorize(math.erfc, otypes=[np.float64])


def logistic(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def curve(name, z, par):
    if name == "identity":
        return z, np.ones_like(z)
    if name == "sigmoid":
        return logistic(z), logistic(z) * logistic(-z)
    if name == "tanh":
        return np.tanh(z), 1 - np.tanh(z) ** 2
    if name == "relu":
        return np.where(z > 0, z, 0), (z > 0).astype(z.dtype)
    if name == "leaky_relu":
        k = np.where(z > 0, 1, par["slope"]).astype(z.dtype)
        return k * z, k
    if name == "elu":
        low = np.minimum(z, 0)
        return np.where(z > 0, z, par["alpha"] * np.expm1(low)), np.where(z > 0, 1, par["alpha"] * np.exp(low))
    if name == "softplus":
        return np.logaddexp(0, z), logistic(z)
    if par["approximate"] == "tanh":
        c = 2 * math.sqrt(2 / math.pi)
        p = logistic(c * (z + 0.044715 * z ** 3))
        return z * p, p + z * p * (1 - p) * c * (1 + 0.134145 * z * z)
    p = (0.5 * erfc(-z / math.sqrt(2))).astype(z.dtype)
    return z * p, p + z * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def neuron_layer(spec, rate, note):
    """up: a_below -> a; down: (dE/da, or dE/dz from the loss) -> dE/da_below"""
    bias = spec.biases is not None
    table = np.column_stack([spec.biases, spec.weights]) if bias else spec.weights.copy()
    free = np.ones(table.shape, dtype=bool)
    if spec.mask is not None:
        free[:, bias:] = spec.mask
    message = None
    while True:
        a_below = yield message
        seen = np.column_stack([np.ones(len(a_below), a_below.dtype), a_below]) if bias else a_below
        z = seen @ table.T
        if spec.activation.name == "softmax":
            e = np.exp(z - z.max(axis=1, keepdims=True))
            a = e / e.sum(axis=1, keepdims=True)
            pull = lambda g: a * (g - (g * a).sum(axis=1, keepdims=True))
        else:
            a, slope = curve(spec.activation.name, z, dict(spec.activation.parameters))
            pull = lambda g: g * slope
        meaning, g = yield z, a
        delta = pull(g) if meaning == "da" else g
        message = delta @ table[:, bias:]
        grad = np.where(free, delta.T @ seen, 0)
        table = table - rate * grad
        note.update(net_inputs=z, activations=a, deltas=delta,
                    weight_gradients=grad[:, bias:].copy(), bias_gradients=grad[:, 0].copy() if bias else None,
                    weights=table[:, bias:].copy(), biases=table[:, 0].copy() if bias else None)


def judge(kind, z, o, y):
    n = len(y)
    if kind == "squared":
        return np.sum((y - o) ** 2) / n, ("da", 2 * (o - y) / n)
    if kind == "log":
        return np.sum(np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))) / n, ("dz", (o - y) / n)
    s = z - z.max(axis=1, keepdims=True)
    return np.sum(y * (np.log(np.exp(s).sum(axis=1, keepdims=True)) - s)) / n, ("dz", (o - y) / n)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "gelu",
                                "softmax"],
                   losses=["squared", "log", "cross_entropy"], reduction="mean")
def net(case):
    notes = [{} for _ in case.layers]
    chain = [neuron_layer(s, case.x.dtype.type(case.learning_rate), n) for s, n in zip(case.layers, notes)]
    for c in chain:
        next(c)
    out = []
    for batch in case.batches:
        a = case.x[batch]
        for c in chain:
            z, a = c.send(a)
        loss, message = judge(case.loss, z, a, case.y[batch])
        for c in reversed(chain):
            message = ("da", c.send(message))
        out.append({"loss": loss} | {key: [n[key] for n in notes] for key in notes[0]})
    return out
