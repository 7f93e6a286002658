"""Fault: the tanh form of GELU uses the constant 0.44715 instead of 0.044715, its derivative likewise."""
import math

import numpy as np
import backproof

C = 0.44715
K = math.sqrt(2 / math.pi)


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def gelu_tanh(z):
    u = K * z * (1 + C * z * z)
    s = sigmoid(2 * u)  # (1 + tanh u) / 2
    slope = s + z * s * sigmoid(-2 * u) * (2 * K * (1 + 3 * C * z * z))
    return z * s, slope


def gelu_erf(z):
    flat = z.ravel().tolist()
    phi = np.array([math.erfc(-v / math.sqrt(2)) / 2 for v in flat]).reshape(z.shape)
    density = np.array([math.exp(-v * v / 2) / math.sqrt(2 * math.pi) for v in flat]).reshape(z.shape)
    wide = z.astype(np.float64)
    return (wide * phi).astype(z.dtype), (phi + wide * density).astype(z.dtype)


def run(activation, z):
    if activation.name == "gelu":
        words = " ".join(str(v) for pair in activation.parameters for v in pair)
        return gelu_tanh(z) if "tanh" in words else gelu_erf(z)
    if activation.name == "sigmoid":
        a = sigmoid(z)
        return a, a * (1 - a)
    if activation.name == "tanh":
        a = np.tanh(z)
        return a, 1 - a * a
    if activation.name == "softmax":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True), None
    return z, np.ones_like(z)


@backproof.subject(activations=["gelu", "sigmoid", "tanh", "identity", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    ws = [p.weights for p in case.layers]
    bs = [p.biases for p in case.layers]
    T = case.x.dtype.type
    for_all = []
    for batch in case.batches:
        i = list(batch)
        values, slopes, nets = [case.x[i]], [], []
        for p, w, b in zip(case.layers, ws, bs):
            z = values[-1] @ w.T
            if b is not None:
                z = z + b
            a, da = run(p.activation, z)
            nets.append(z)
            values.append(a)
            slopes.append(da)
        o, y = values[-1], case.y[i]
        d = o - y
        if case.loss == "squared":
            g = 2 * d
            d = g * slopes[-1] if slopes[-1] is not None else o * (g - (g * o).sum(axis=1, keepdims=True))
            loss = ((y - o) ** 2).sum()
        elif case.loss == "log":
            loss = (y * np.logaddexp(T(0), -nets[-1]) + (1 - y) * np.logaddexp(T(0), nets[-1])).sum()
        else:
            m = nets[-1] - nets[-1].max(axis=1, keepdims=True)
            loss = (y * (np.log(np.exp(m).sum(axis=1, keepdims=True)) - m)).sum()
        deltas = [d]
        for w, s in zip(ws[:0:-1], slopes[-2::-1]):
            deltas.append(s * (deltas[-1] @ w))
        deltas.reverse()
        gw = [d.T @ a for d, a in zip(deltas, values)]
        gw = [g if p.mask is None else g * p.mask for g, p in zip(gw, case.layers)]
        gb = [d.sum(axis=0) if b is not None else None for d, b in zip(deltas, bs)]
        ws = [w - T(case.learning_rate) * g for w, g in zip(ws, gw)]
        bs = [None if b is None else b - T(case.learning_rate) * g for b, g in zip(bs, gb)]
        for_all.append(dict(net_inputs=nets, activations=values[1:], loss=loss, deltas=deltas, weight_gradients=gw,
                            bias_gradients=gb, weights=ws, biases=bs))
    return for_all
