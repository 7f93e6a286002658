"""Style: recursion, the deltas come back as the calls return; fault: tanh's derivative is 1 - a instead of 1 - a^2."""

import numpy as np

import backproof


def logistic(z):
    return np.exp(np.minimum(z, 0)) / (1 + np.exp(-np.abs(z)))


def bend(name, z):
    """activation and its derivative"""
    if name == "tanh":
        a = np.tanh(z)
        return a, 1 - a
    if name == "sigmoid":
        return logistic(z), logistic(z) * logistic(-z)
    return z * 1, z * 0 + 1


def finish(kind, z, a, slope, y):
    """loss and output delta"""
    if kind == "squared":
        return ((a - y) ** 2).sum(), 2 * (a - y) * slope
    if kind == "log":
        loss = (y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)).sum()
        return loss, (1 - y) * a - y * logistic(-z)
    top = z.max(axis=1, keepdims=True)
    lse = top + np.log(np.exp(z - top).sum(axis=1, keepdims=True))
    return (y * (lse - z)).sum(), np.exp(z - lse) * y.sum(axis=1, keepdims=True) - y


def softmax_rows(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def descend(layers, a_in, y, kind, rate):
    """train the layers given; return (the loss, dE/da_in, one record for each layer)"""
    (w, b, mask, name), rest = layers[0], layers[1:]
    z = a_in @ w.T if b is None else a_in @ w.T + b
    a, slope = (softmax_rows(z), None) if name == "softmax" else bend(name, z)
    if rest:
        loss, wish, records = descend(rest, a, y, kind, rate)
        delta = wish * slope
    else:
        records = []
        loss, delta = finish(kind, z, a, slope, y)
    back = delta @ w
    gw = delta.T @ a_in
    gw = gw if mask is None else gw * mask
    gb = None if b is None else delta.sum(axis=0)
    record = {
        "net_inputs": z,
        "activations": a,
        "deltas": delta,
        "weight_gradients": gw,
        "bias_gradients": gb,
        "weights": w - rate * gw,
        "biases": None if b is None else b - rate * gb,
    }
    return loss, back, [record] + records


@backproof.subject(
    activations=["identity", "sigmoid", "tanh", "softmax"],
    losses=["squared", "log", "cross_entropy"],
    skips=["general-output-delta"],
)
def net(case):
    def walk(layers, batches):
        if not batches:
            return []
        rows = list(batches[0])
        loss, _, records = descend(layers, case.x[rows], case.y[rows], case.loss, float(case.learning_rate))
        shown = {key: [r[key] for r in records] for key in records[0]}
        shown["loss"] = loss
        after = [(r["weights"], r["biases"], old[2], old[3]) for r, old in zip(records, layers)]
        return [shown] + walk(after, batches[1:])

    return walk([(l.weights, l.biases, l.mask, l.activation.name) for l in case.layers], case.batches)
