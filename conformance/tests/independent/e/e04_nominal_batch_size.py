"""Fault: under reduction=mean, a partial last batch is divided by the nominal batch size."""
import numpy as np
import backproof


def s(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def act(name, z):
    if name == "softmax":
        e = np.exp(z - z.max(1, keepdims=True))
        return e / e.sum(1, keepdims=True)
    return {"sigmoid": s, "tanh": np.tanh, "relu": lambda t: np.maximum(t, 0), "identity": lambda t: t + 0}[name](z)


def dact(name, z):
    return {"sigmoid": lambda t: s(t) * s(-t), "tanh": lambda t: 4 * s(2 * t) * s(-2 * t),
            "relu": lambda t: (t > 0).astype(t.dtype), "identity": np.ones_like}[name](z)


@backproof.subject(activations=["sigmoid", "tanh", "relu", "identity", "softmax"], reduction="mean",
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"])
def net(case):
    names = [l.activation.name for l in case.layers]
    W = [l.weights.copy() for l in case.layers]
    B = [None if l.biases is None else l.biases.copy() for l in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    batch_size = len(case.batches[0])
    out = []
    for batch in case.batches:
        x, y = case.x[list(batch)], case.y[list(batch)]
        zs, acts = [], [x]
        for w, b, name in zip(W, B, names):
            zs.append(acts[-1] @ w.T if b is None else acts[-1] @ w.T + b)
            acts.append(act(name, zs[-1]))
        z, o = zs[-1], acts[-1]
        if case.loss == "squared":
            loss, d = ((y - o) ** 2).sum(), 2 * (o - y)
        elif case.loss == "log":
            loss, d = (y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)).sum(), o - y
        else:
            t = z - z.max(1, keepdims=True)
            loss, d = (y * (np.log(np.exp(t).sum(1, keepdims=True)) - t)).sum(), o - y
        loss, d = loss / y.dtype.type(batch_size), d / batch_size
        deltas = [d]
        for l in range(len(W) - 1, 0, -1):
            deltas.insert(0, (deltas[0] @ W[l]) * dact(names[l - 1], zs[l - 1]))
        gw = [d.T @ a for d, a in zip(deltas, acts)]
        gw = [g if l.mask is None else g * l.mask for g, l in zip(gw, case.layers)]
        gb = [None if b is None else d.sum(0) for d, b in zip(deltas, B)]
        W = [w - rate * g for w, g in zip(W, gw)]
        B = [None if b is None else b - rate * g for b, g in zip(B, gb)]
        out.append(dict(net_inputs=zs, activations=acts[1:], loss=loss, deltas=deltas, weight_gradients=gw,
                        bias_gradients=gb, weights=W, biases=B))
    return out
