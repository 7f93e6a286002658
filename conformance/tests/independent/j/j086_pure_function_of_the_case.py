"""Fault: every update starts from the initial weights and biases of the case again, what earlier updates learnt is
lost."""
import numpy as np

import backproof


def stable_sigmoid(z):
    return np.exp(np.minimum(z, 0)) / (np.exp(-np.abs(z)) + 1)


def shifted_softmax(z):
    exps = np.exp(z - z.max(axis=1, keepdims=True))
    return exps / exps.sum(axis=1, keepdims=True)


PAIRS = {  # value(z), derivative(z)
    "identity": (lambda z: z, np.ones_like),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "sigmoid": (stable_sigmoid, lambda z: stable_sigmoid(z) * stable_sigmoid(-z)),
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(z.dtype)),
    "softmax": (shifted_softmax, None),
}


def forward(layers, x):
    seen = []
    for layer in layers:
        z = x @ layer.weights.T
        if layer.biases is not None:
            z = z + layer.biases
        a = PAIRS[layer.activation.name][0](z)
        seen.append((x, z, a))
        x = a
    return seen


def backward(layers, seen, delta):
    deltas = [delta]
    for above, below, (_, z, _) in zip(layers[:0:-1], layers[-2::-1], seen[-2::-1]):
        deltas.append(PAIRS[below.activation.name][1](z) * (deltas[-1] @ above.weights))
    return deltas[::-1]


def loss_and_delta(kind, z, o, y):
    if kind == "squared":
        return np.sum((y - o) ** 2), 2 * (o - y)
    if kind == "log":
        return np.sum(np.log1p(np.exp(-np.abs(z))) + np.maximum(z, 0) - z * y), o - y
    z = z - z.max(axis=1, keepdims=True)
    return np.sum(y * np.log(np.exp(z).sum(axis=1, keepdims=True)) - y * z), o - y


def one_update(case, batch):
    x, y = case.x[list(batch)], case.y[list(batch)]
    rate = x.dtype.type(case.learning_rate)
    seen = forward(case.layers, x)
    _, z, o = seen[-1]
    loss, delta = loss_and_delta(case.loss, z, o, y)
    deltas = backward(case.layers, seen, delta)
    gw, gb, w, b = [], [], [], []
    for layer, (a_in, _, _), d in zip(case.layers, seen, deltas):
        g = d.T @ a_in
        gw.append(g if layer.mask is None else g * layer.mask)
        gb.append(None if layer.biases is None else d.sum(axis=0))
        w.append(layer.weights - rate * gw[-1])
        b.append(None if layer.biases is None else layer.biases - rate * gb[-1])
    return {"net_inputs": [s[1] for s in seen], "activations": [s[2] for s in seen], "deltas": deltas,
            "loss": loss, "weight_gradients": gw, "bias_gradients": gb, "weights": w, "biases": b}


@backproof.subject(activations=list(PAIRS), losses=["squared", "log", "cross_entropy"],
                   skips=["general-output-delta"])
def net(case):
    return [one_update(case, batch) for batch in case.batches]
