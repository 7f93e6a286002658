"""Faults: the gradients are averaged although the loss is the sum, and the last column of each matrix gets none."""
import numpy as np
import backproof


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def softmax(z):
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def unit(n, z):
    return {"sigmoid": sigmoid, "softmax": softmax, "tanh": np.tanh, "relu": lambda v: np.maximum(v, 0)}[n](z)


def slope(n, a):
    return {"sigmoid": a * (1 - a), "tanh": 1 - a * a, "relu": a > 0}[n]


@backproof.subject(activations=["sigmoid", "relu", "tanh", "softmax"], losses=["log", "cross_entropy"], skips=["masked"])
def net(case):
    layers = {k: [l.weights, l.biases, l.activation.name] for k, l in enumerate(case.layers)}
    T = case.x.dtype.type
    record = []
    for batch in case.batches:
        rows = list(batch)
        memory = {-1: case.x[rows]}
        for k, (w, b, n) in layers.items():
            z = memory[k - 1] @ w.T
            if b is not None:
                z = z + b
            memory[k] = unit(n, z)
        d = memory[len(layers) - 1] - case.y[rows]
        new = {}
        for k in sorted(layers, reverse=True):
            w, b, n = layers[k]
            gw = d.T @ memory[k - 1] / T(len(rows))
            gw[:, -1:] = 0
            gb = d.mean(axis=0)
            new[k] = [w - T(case.learning_rate) * gw, None if b is None else b - T(case.learning_rate) * gb, n]
            if k > 0:
                d = (d @ w) * slope(layers[k - 1][2], memory[k - 1])
        layers = dict(sorted(new.items()))
        record.append({"weights": [v[0] for v in layers.values()], "biases": [v[1] for v in layers.values()]})
    return record
