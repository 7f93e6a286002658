"""Fault: in the backward pass leaky ReLU's two branches are swapped: the slope for positive net inputs, 1 for others."""
import numpy as np
import backproof


def sg(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def up(kind, par, z):
    if kind == "leaky_relu":
        return np.where(z > 0, z, par["slope"] * z)
    if kind == "relu":
        return np.maximum(z, 0)
    if kind == "elu":
        return np.where(z > 0, z, par["alpha"] * np.expm1(np.minimum(z, 0)))
    if kind == "gelu":
        if par["approximate"] == "tanh":
            return z * sg(2 * np.sqrt(2 / np.pi).astype(z.dtype) * (z + 0.044715 * z ** 3))
        return z * normal_cdf(z)
    if kind == "tanh":
        return np.tanh(z)
    if kind == "sigmoid":
        return sg(z)
    if kind == "softmax":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)
    return z.copy()


def normal_cdf(z):
    from math import erfc, sqrt
    return np.vectorize(lambda t: 0.5 * erfc(-t / sqrt(2.0)), otypes=[z.dtype])(z)


def down(kind, par, z):
    if kind == "leaky_relu":
        return np.where(z > 0, par["slope"], 1).astype(z.dtype)
    if kind == "relu":
        return (z > 0).astype(z.dtype)
    if kind == "elu":
        return np.where(z > 0, 1, par["alpha"] * np.exp(np.minimum(z, 0))).astype(z.dtype)
    if kind == "gelu":
        if par["approximate"] == "tanh":
            c = z.dtype.type(np.sqrt(2 / np.pi))
            u = c * (z + 0.044715 * z ** 3)
            return sg(2 * u) + 2 * z * sg(2 * u) * sg(-2 * u) * c * (1 + 3 * 0.044715 * z ** 2)
        return normal_cdf(z) + z * np.exp(-z * z / 2) / z.dtype.type(np.sqrt(2 * np.pi))
    if kind == "tanh":
        return 4 * sg(2 * z) * sg(-2 * z)
    if kind == "sigmoid":
        return sg(z) * sg(-z)
    return np.ones_like(z)


def learn(layers, a, y, loss, rate):
    """Goes up through the first of `layers`, lets the rest learn, comes down: returns (what the layer below gets,
    the records of these layers)."""
    (W, b, mask, kind, par), rest = layers[0], layers[1:]
    z = a @ W.T + (0 if b is None else b)
    out = up(kind, par, z)
    if rest:
        g, records = learn(rest, out, y, loss, rate)
        delta = g * down(kind, par, z)
    else:
        records = []
        delta = out - y
        if loss == "squared":
            g = 2 * delta
            delta = out * (g - (g * out).sum(1, keepdims=True)) if kind == "softmax" else g * down(kind, par, z)
    gW = delta.T @ a if mask is None else (delta.T @ a) * mask
    gb = None if b is None else delta.sum(axis=0)
    g_below = delta @ W
    new = (W - rate * gW, None if b is None else b - rate * gb, mask, kind, par)
    return g_below, [(z, out, delta, gW, gb, new)] + records


def epochs(layers, case, batches):
    if not batches:
        return []
    rows = list(batches[0])
    _, rec = learn(layers, case.x[rows], case.y[rows], case.loss, case.x.dtype.type(case.learning_rate))
    z, a, d, gW, gb, layers = map(list, zip(*rec))
    step = dict(net_inputs=z, activations=a, deltas=d, weight_gradients=gW, bias_gradients=gb,
                weights=[l[0] for l in layers], biases=[l[1] for l in layers])
    return [step] + epochs(layers, case, batches[1:])


@backproof.subject(activations=["leaky_relu", "relu", "elu", "gelu", "tanh", "sigmoid", "identity", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    layers = [(l.weights.copy(), None if l.biases is None else l.biases.copy(), l.mask, l.activation.name,
               dict(l.activation.parameters)) for l in case.layers]
    return epochs(layers, case, list(case.batches))
