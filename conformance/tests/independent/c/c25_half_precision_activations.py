"""Fault: the activations are rounded through float16."""
import numpy as np
import backproof


def half(a):
    return a.astype(np.float16).astype(a.dtype)


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e).astype(z.dtype) / (1 + e)


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@backproof.subject(activations=["sigmoid", "tanh", "softmax"], losses=["log", "cross_entropy", "squared"],
                   skips=["masked", "saturated-output"])
def net(case):
    fs = {"sigmoid": sigmoid, "tanh": np.tanh, "softmax": softmax}
    names = [l.activation.name for l in case.layers]
    W, b = [l.weights for l in case.layers], [l.biases for l in case.layers]

    def back(name, a, g):
        if name == "softmax":
            return a * (g - (a * g).sum(axis=-1, keepdims=True))
        return g * (a * (1 - a) if name == "sigmoid" else 1 - a * a)

    records = []
    for batch in case.batches:
        rows = list(batch)
        z, a = [], [case.x[rows]]
        for w, c, n in zip(W, b, names):
            z.append(a[-1] @ w.T + c if c is not None else a[-1] @ w.T)
            a.append(half(fs[n](z[-1])))
        e = a[-1] - case.y[rows]
        d = [back(names[-1], a[-1], 2 * e) if case.loss == "squared" else e]
        for l in range(len(W) - 1, 0, -1):
            d.insert(0, back(names[l - 1], a[l], d[0] @ W[l]))
        gw = [p.T @ q for p, q in zip(d, a)]
        gb = [None if c is None else p.sum(axis=0) for p, c in zip(d, b)]
        r = case.x.dtype.type(case.learning_rate)
        W = [w - r * g for w, g in zip(W, gw)]
        b = [None if c is None else c - r * g for c, g in zip(b, gb)]
        records.append({"net_inputs": z, "activations": a[1:], "deltas": d, "weight_gradients": gw,
                        "bias_gradients": gb, "weights": W, "biases": b})
    return records
