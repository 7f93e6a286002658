"""The delta rule sums the old and the new weights of the next layer."""

import numpy as np

import backproof


def sigmoid(z):
    t = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, t) / (1 + t)


def prime(layer, z, a):
    kind = layer.activation.name
    if kind == "leaky_relu":
        return np.where(z > 0, 1, z.dtype.type(dict(layer.activation.parameters)["slope"]))
    return {"sigmoid": a * (1 - a), "tanh": 1 - a * a, "identity": np.ones_like(a)}[kind]


def apply(layer, z):
    kind = layer.activation.name
    if kind == "leaky_relu":
        return np.where(z > 0, z, z * z.dtype.type(dict(layer.activation.parameters)["slope"]))
    return {"sigmoid": sigmoid, "tanh": np.tanh, "identity": np.array}[kind](z)


def one_update(case, weights, biases, rows):
    lr = case.x.dtype.type(case.learning_rate)
    old = [w.copy() for w in weights]
    zs, acts = [], [case.x[rows]]
    for layer, w, b in zip(case.layers, weights, biases):
        zs.append(acts[-1] @ w.T if b is None else acts[-1] @ w.T + b)
        acts.append(apply(layer, zs[-1]))
    deltas = {}
    for l in reversed(range(len(weights))):
        if l == len(weights) - 1:
            diff = acts[-1] - case.y[rows]
            delta = diff if case.loss == "log" else 2 * diff * prime(case.layers[l], zs[l], acts[-1])
        else:
            both = old[l + 1] + weights[l + 1]
            delta = (deltas[l + 1] @ both) * prime(case.layers[l], zs[l], acts[l + 1])
        deltas[l] = delta
        step = lr * (delta.T @ acts[l])
        if case.layers[l].mask is not None:
            step[~case.layers[l].mask] = 0
        weights[l] = weights[l] - step
        if biases[l] is not None:
            biases[l] = biases[l] - lr * delta.sum(axis=0)
    return {"deltas": [deltas[l] for l in range(len(weights))], "weights": list(weights), "biases": list(biases)}


@backproof.subject(activations=["sigmoid", "tanh", "leaky_relu", "identity"], losses=["squared", "log"])
def net(case):
    weights, biases = [l.weights for l in case.layers], [l.biases for l in case.layers]
    return [one_update(case, weights, biases, list(rows)) for rows in case.batches]
