"""Fault: the loop that adds up the samples' gradients stops one sample short, so a batch's last sample never counts (a batch of one has no gradient at all)."""
import numpy as np
from math import erfc, sqrt, pi
import backproof


def expit(t):
    return np.where(t > 0, 1, np.exp(np.minimum(t, 0))) / (1 + np.exp(-np.abs(t)))


def phi_big(z):
    return np.array([0.5 * erfc(-v / sqrt(2)) for v in z], dtype=z.dtype)


def forward_one(layers, params, x):
    """One sample (a vector) through the net: returns net inputs and activations."""
    zs, hs = [], [x]
    for layer, (w, b) in zip(layers, params):
        z = w.dot(hs[-1])
        if b is not None:
            z = z + b
        name, opt = layer.activation.name, dict(layer.activation.parameters)
        if name == "softmax":
            h = np.exp(z - z.max())
            h /= h.sum()
        elif name == "gelu" and opt["approximate"] == "none":
            h = z * phi_big(z)
        elif name == "gelu":
            h = z * expit(2 * sqrt(2 / pi) * (z + 0.044715 * z ** 3))
        elif name == "elu":
            h = np.where(z > 0, z, opt["alpha"] * np.expm1(np.minimum(z, 0)))
        elif name == "leaky_relu":
            h = np.where(z > 0, z, opt["slope"] * z)
        else:
            h = {"identity": lambda v: v + 0, "tanh": np.tanh, "sigmoid": expit,
                 "relu": lambda v: np.maximum(v, 0), "softplus": lambda v: np.logaddexp(0, v)}[name](z)
        zs.append(z)
        hs.append(h.astype(x.dtype))
    return zs, hs


def pull(layer, z, h, g):
    """dE/da -> dE/dz of one layer."""
    name, opt = layer.activation.name, dict(layer.activation.parameters)
    if name == "softmax":
        return h * (g - g.dot(h))
    if name == "identity":
        return g
    if name == "sigmoid":
        return g * expit(z) * expit(-z)
    if name == "tanh":
        return g * (1 - h ** 2)
    if name == "relu":
        return np.where(z > 0, g, 0 * g)
    if name == "leaky_relu":
        return np.where(z > 0, g, opt["slope"] * g)
    if name == "elu":
        return g * np.where(z > 0, 1, opt["alpha"] * np.exp(np.minimum(z, 0)))
    if name == "softplus":
        return g * expit(z)
    if opt["approximate"] == "none":
        return g * (phi_big(z) + z * np.exp(-z * z / 2) / sqrt(2 * pi))
    u, du = 2 * sqrt(2 / pi) * (z + 0.044715 * z ** 3), 2 * sqrt(2 / pi) * (1 + 0.134145 * z ** 2)
    return g * (expit(u) + z * expit(u) * expit(-u) * du)


def sample_loss(kind, z, o, y):
    if kind == "squared":
        return ((y - o) ** 2).sum()
    if kind == "log":
        return (np.logaddexp(0, z) - y * z).sum()
    return (y * (z.max() + np.log(np.exp(z - z.max()).sum()) - z)).sum()


@backproof.subject(losses=["squared", "log", "cross_entropy"],
                   activations="identity sigmoid tanh relu leaky_relu elu softplus gelu softmax".split())
def net(case):
    params = [(l.weights.copy(), None if l.biases is None else l.biases.copy()) for l in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    depth = len(params)
    history = []
    for batch in case.batches:
        gw = [np.zeros_like(w) for w, _ in params]
        gb = [None if b is None else np.zeros_like(b) for _, b in params]
        passes = [forward_one(case.layers, params, case.x[s]) for s in batch]
        loss = sum(sample_loss(case.loss, zs[-1], hs[-1], case.y[s]) for s, (zs, hs) in zip(batch, passes))
        for k in range(len(batch) - 1):
            zs, hs = passes[k]
            y = case.y[batch[k]]
            if case.loss == "squared":
                d = pull(case.layers[-1], zs[-1], hs[-1], 2 * (hs[-1] - y))
            else:
                d = hs[-1] - y
            for l in range(depth - 1, -1, -1):
                gw[l] += np.outer(d, hs[l])
                if gb[l] is not None:
                    gb[l] += d
                if l > 0:
                    d = pull(case.layers[l - 1], zs[l - 1], hs[l], params[l][0].T.dot(d)).astype(d.dtype)
        for l, layer in enumerate(case.layers):
            if layer.mask is not None:
                gw[l] *= layer.mask
        params = [(w - rate * g, None if b is None else b - rate * c) for (w, b), g, c in zip(params, gw, gb)]
        history.append({"loss": loss, "weight_gradients": gw, "bias_gradients": gb,
                        "weights": [w for w, _ in params], "biases": [b for _, b in params]})
    return history
