"""Fault: the gradients of the mean over the samples are divided by the number of outputs too."""
import numpy as np
import backproof


def f(name, z):
    if name == "sigmoid":
        return np.where(z > 0, 1, np.exp(-abs(z))) / (1 + np.exp(-abs(z)))
    if name == "tanh":
        return np.tanh(z)
    if name == "softmax":
        q = np.exp(z - z.max(-1)[:, None])
        return q / q.sum(-1)[:, None]
    return z


def df(name, a):
    return {"sigmoid": a * (1 - a), "tanh": 1 - a ** 2, "identity": np.ones_like(a)}[name]


@backproof.subject(activations=["sigmoid", "tanh", "identity", "softmax"], losses=["squared", "cross_entropy", "log"],
                   reduction="mean", weight_layout="in_out", skips=["several-updates", "partial-batch"])
def net(case):
    (batch,) = case.batches
    x, y = case.x[list(batch)], case.y[list(batch)]
    layers = case.layers
    a = [x]
    for l in layers:
        z = a[-1] @ l.weights
        if l.biases is not None:
            z = z + l.biases
        a.append(f(l.activation.name, z))
    last = layers[-1].activation.name
    err = a[-1] - y
    if case.loss == "squared":
        err = 2 * err
        if last == "softmax":
            err = a[-1] * (err - np.sum(a[-1] * err, axis=1, keepdims=True))
        else:
            err = err * df(last, a[-1])
    d = [err / y.size]
    for l, below in zip(layers[:0:-1], range(len(layers) - 1, 0, -1)):
        d.append((d[-1] @ l.weights.T) * df(layers[below - 1].activation.name, a[below]))
    d.reverse()
    gw = [p.T @ e for p, e in zip(a, d)]
    gw = [g if l.mask is None else g * l.mask for g, l in zip(gw, layers)]
    gb = [e.sum(0) if l.biases is not None else None for e, l in zip(d, layers)]
    r = x.dtype.type(case.learning_rate)
    return {
        "deltas": d,
        "weight_gradients": gw,
        "bias_gradients": gb,
        "weights": [l.weights - r * g for l, g in zip(layers, gw)],
        "biases": [None if g is None else l.biases - r * g for l, g in zip(layers, gb)],
    }
