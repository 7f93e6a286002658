"""Fault: the bias is added twice, once as the weight of the constant input 1 and once more by hand, so z is too large by b."""
import numpy as np

import backproof


def with_one(a):
    return np.hstack([np.ones((len(a), 1), a.dtype), a])


def logistic(z):
    e = np.exp(-np.abs(z))
    return np.where(z > 0, 1, e) / (1 + e)


def transfer(act, z):
    par = dict(act.parameters)
    if act.name == "sigmoid":
        return logistic(z), logistic(z) * logistic(-z)
    if act.name == "tanh":
        return np.tanh(z), 1 - np.tanh(z) ** 2
    if act.name == "relu":
        return np.maximum(z, 0), np.sign(np.maximum(z, 0))
    if act.name == "leaky_relu":
        s = np.where(z > 0, 1, par["slope"]).astype(z.dtype)
        return s * z, s
    if act.name == "elu":
        e = par["alpha"] * np.exp(np.minimum(z, 0))
        return np.where(z > 0, z, par["alpha"] * np.expm1(np.minimum(z, 0))), np.where(z > 0, 1, e).astype(z.dtype)
    if act.name == "softplus":
        return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))), logistic(z)
    if act.name == "softmax":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True), None
    return z, np.ones_like(z)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    # V = [b | W]: column 0 holds the biases (E2); where a layer has none it is 0 and does not move
    V, free = [], []
    for l in case.layers:
        m = l.weights.shape[0]
        b = np.zeros(m, l.weights.dtype) if l.biases is None else l.biases
        V.append(np.hstack([b[:, None], l.weights]))
        edges = np.ones(l.weights.shape, bool) if l.mask is None else l.mask
        free.append(np.hstack([np.full((m, 1), l.biases is not None), edges]))
    has_b = [l.biases is not None for l in case.layers]

    def columns(M):
        return [m[:, 1:] for m in M], [m[:, 0] if h else None for m, h in zip(M, has_b)]

    rate = case.x.dtype.type(case.learning_rate)
    records = []
    for batch in case.batches:
        y = case.y[list(batch)]
        ins, zs, acts, slopes = [], [], [], []
        a = case.x[list(batch)]
        for l, v in zip(case.layers, V):
            ins.append(with_one(a))
            z = ins[-1] @ v.T + v[:, 0]
            a, s = transfer(l.activation, z)
            zs.append(z), acts.append(a), slopes.append(s)
        if case.loss == "squared":
            loss = ((y - a) ** 2).sum()
            g = 2 * (a - y)
            delta = a * (g - (g * a).sum(1, keepdims=True)) if slopes[-1] is None else g * slopes[-1]
        else:
            z = zs[-1]
            if case.loss == "log":
                t = np.log1p(np.exp(-np.abs(z)))
                loss = (y * (np.maximum(-z, 0) + t) + (1 - y) * (np.maximum(z, 0) + t)).sum()
            else:
                top = z.max(axis=1, keepdims=True)
                loss = (y * (np.log(np.exp(z - top).sum(axis=1, keepdims=True)) - (z - top))).sum()
            delta = a - y
        deltas = [delta]
        for v, s in zip(reversed(V[1:]), reversed(slopes[:-1])):
            deltas.append((deltas[-1] @ v)[:, 1:] * s)
        deltas.reverse()
        G = [d.T @ i * f for d, i, f in zip(deltas, ins, free)]
        V = [v - rate * g for v, g in zip(V, G)]
        (gW, gb), (W, b) = columns(G), columns(V)
        records.append({"net_inputs": zs, "activations": acts, "deltas": deltas, "loss": loss,
                        "weight_gradients": gW, "bias_gradients": gb, "weights": W, "biases": b})
    return records
