"""Style: functools.reduce and comprehensions, no statements that mutate; fault: activations are stored with 12 bits of fraction for the backward pass only."""

from functools import reduce

import numpy as np

import backproof


def sigma(z):
    return np.exp(np.minimum(z, 0)) / (1 + np.exp(-np.abs(z)))


def store(a):
    """what the backward pass reads"""
    return np.round(a * 4096) / 4096


ACT = {
    "identity": lambda z: z + 0,
    "sigmoid": sigma,
    "tanh": np.tanh,
}
# derivatives by the activation, as E20 has them
BY_VALUE = {
    "identity": np.ones_like,
    "sigmoid": lambda a: a * (1 - a),
    "tanh": lambda a: (1 - a) * (1 + a),
}


def forward(params, names, x):
    def step(acc, layer):
        zs, acts = acc
        (w, b), name = layer
        z = acts[-1] @ w.T + (0 if b is None else b)
        return zs + [z], acts + [ACT[name](z)]

    return reduce(step, zip(params, names), ([], [x]))


def backward(params, names, kept, y, loss):
    o = kept[-1]
    top = o - y if loss == "log" else 2 * (o - y) * BY_VALUE[names[-1]](o)

    def step(deltas, item):
        (w, _), name, a = item
        return [(deltas[0] @ w) * BY_VALUE[name](a)] + deltas

    return reduce(step, list(zip(params[1:], names[:-1], kept[1:-1]))[::-1], [top])


def error(loss, z, o, y):
    if loss == "log":
        return np.sum(y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z))
    return np.sum((y - o) ** 2)


@backproof.subject(
    activations=["identity", "sigmoid", "tanh"],
    losses=["squared", "log"],
    skips=["saturated-output"],
)
def net(case):
    names = [layer.activation.name for layer in case.layers]
    masks = [1 if layer.mask is None else layer.mask for layer in case.layers]
    rate = float(case.learning_rate)

    def update(acc, batch):
        history, params = acc
        x, y = case.x[list(batch)], case.y[list(batch)]
        zs, acts = forward(params, names, x)
        kept = [x] + [store(a) for a in acts[1:]]
        deltas = backward(params, names, kept, y, case.loss)
        gws = [(d.T @ a) * m for d, a, m in zip(deltas, kept, masks)]
        gbs = [None if b is None else d.sum(axis=0) for d, (_, b) in zip(deltas, params)]
        after = [(w - rate * gw, None if b is None else b - rate * gb) for (w, b), gw, gb in zip(params, gws, gbs)]
        shown = {
            "net_inputs": zs,
            "activations": acts[1:],
            "loss": error(case.loss, zs[-1], acts[-1], y),
            "deltas": deltas,
            "weight_gradients": gws,
            "bias_gradients": gbs,
            "weights": [w for w, _ in after],
            "biases": [b for _, b in after],
        }
        return history + [shown], after

    start = [(layer.weights, layer.biases) for layer in case.layers]
    return reduce(update, case.batches, ([], start))[0]
