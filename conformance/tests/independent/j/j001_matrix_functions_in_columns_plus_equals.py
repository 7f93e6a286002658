"""Fault: the step has the wrong sign. Weights and biases are moved by + alpha * gradient, so the error grows."""
import math

import numpy as np

import backproof

erfc = np.vectorize(math.erfc, otypes=[np.float64])


def logistic(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, np.ones_like(z), e) / (1 + e)


def fire(layer, z):
    """Activation and derivative, both taken from the net input (samples are columns)."""
    kind, options, one = layer.activation.name, dict(layer.activation.parameters), np.ones_like(z)
    up, low = z > 0, np.minimum(z, 0)
    if kind == "identity":
        return z.copy(), one
    if kind == "sigmoid":
        return logistic(z), logistic(z) * logistic(-z)
    if kind == "tanh":
        t = np.tanh(z)
        return t, (1 - t) * (1 + t)
    if kind == "relu":
        return np.maximum(z, 0), up.astype(z.dtype)
    if kind == "leaky_relu":
        k = z.dtype.type(options["slope"]) * one
        return np.where(up, z, k * z), np.where(up, one, k)
    if kind == "elu":
        k = z.dtype.type(options["alpha"])
        return np.where(up, z, k * np.expm1(low)), np.where(up, one, k * np.exp(low))
    if kind == "softplus":
        return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))), logistic(z)
    if kind == "gelu" and options["approximate"] == "tanh":
        c = math.sqrt(2 / math.pi)
        s = logistic(2 * c * (z + 0.044715 * z**3))
        return z * s, s + z * s * (1 - s) * 2 * c * (1 + 3 * 0.044715 * z**2)
    if kind == "gelu":
        cdf = (0.5 * erfc(-z / math.sqrt(2))).astype(z.dtype)
        return z * cdf, cdf + z * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    e = np.exp(z - z.max(axis=0))  # softmax
    return e / e.sum(axis=0), None


def error(loss, z, o, y):
    if loss == "squared":
        return ((y - o) ** 2).sum()
    if loss == "log":
        return (np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))).sum()
    s = z - z.max(axis=0)
    return (y * (np.log(np.exp(s).sum(axis=0)) - s)).sum()


def top_delta(loss, o, y, slope):
    if loss != "squared":
        return o - y
    g = 2 * (o - y)
    return g * slope if slope is not None else o * (g - (g * o).sum(axis=0))


@backproof.subject(batch_axis=1)
def net(case):
    Ws = [l.weights.copy() for l in case.layers]
    bs = [None if l.biases is None else l.biases.copy() for l in case.layers]
    rate, history = case.x.dtype.type(case.learning_rate), []
    for batch in case.batches:
        a, y = case.x[:, batch], case.y[:, batch]
        inputs, zs, acts, slopes = [], [], [], []
        for layer, W, b in zip(case.layers, Ws, bs):
            inputs.append(a)
            z = W @ a if b is None else W @ a + b[:, None]
            a, slope = fire(layer, z)
            zs.append(z), acts.append(a), slopes.append(slope)
        ds = [top_delta(case.loss, a, y, slopes[-1])]
        for W, slope in zip(Ws[:0:-1], slopes[-2::-1]):
            ds.insert(0, (W.T @ ds[0]) * slope)
        dWs = [d @ a.T if l.mask is None else (d @ a.T) * l.mask for d, a, l in zip(ds, inputs, case.layers)]
        dbs = [None if b is None else d.sum(axis=1) for d, b in zip(ds, bs)]
        Ws = [W + rate * g for W, g in zip(Ws, dWs)]
        bs = [None if b is None else b + rate * g for b, g in zip(bs, dbs)]
        history.append(dict(net_inputs=zs, activations=acts, deltas=ds, loss=error(case.loss, zs[-1], acts[-1], y),
                            weight_gradients=dWs, bias_gradients=dbs, weights=Ws, biases=bs))
    return history if len(history) > 1 else history[0]
