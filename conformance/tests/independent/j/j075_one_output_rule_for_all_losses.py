"""Fault: softmax is differentiated like an element-wise function: only the diagonal o_i (1 - o_i) of its Jacobian
enters the output delta, the terms -o_i o_j between classes are missing."""
import numpy as np

import backproof


def sigmoid(z):
    t = np.exp(-np.abs(z))
    return np.where(z < 0, t, 1) / (1 + t)


def softmax(z):
    t = np.exp(z - np.amax(z, axis=-1, keepdims=True))
    return t / np.sum(t, axis=-1, keepdims=True)


FUNCTION = {
    "identity": lambda z: +z,
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "relu": lambda z: z * (z > 0),
    "softplus": lambda z: np.logaddexp(z, 0).astype(z.dtype),
    "softmax": softmax,
}
SLOPE = {
    "identity": lambda z, a: np.ones_like(z),
    "sigmoid": lambda z, a: a * (1 - a),
    "tanh": lambda z, a: (1 - a) * (1 + a),
    "relu": lambda z, a: (z > 0).astype(z.dtype),
    "softplus": lambda z, a: sigmoid(z),
    "softmax": lambda z, a: a * (1 - a),
}


def loss_value(kind, z, o, y):
    if kind == "squared":
        return np.sum(np.square(y - o))
    if kind == "log":
        return np.sum(y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)).astype(z.dtype)
    top = np.amax(z, axis=-1, keepdims=True)
    return np.sum(y * (top + np.log(np.sum(np.exp(z - top), axis=-1, keepdims=True)) - z))


def loss_slope(kind, o, y):
    """dJ/do, element by element."""
    if kind == "squared":
        return 2 * (o - y)
    if kind == "cross_entropy":
        return -y / o
    return (o - y) / (o * (1 - o))


@backproof.subject(activations=list(FUNCTION), losses=["squared", "log", "cross_entropy"],
                   skips=["saturated-output"])
def net(case):
    net_ = [{"W": np.array(l.weights), "b": None if l.biases is None else np.array(l.biases),
             "mask": l.mask, "f": l.activation.name} for l in case.layers]
    eta = case.x.dtype.type(case.learning_rate)
    log = []
    for batch in case.batches:
        rows = np.array(batch)
        a, y = case.x[rows], case.y[rows]
        for p in net_:
            p["in"] = a
            p["z"] = a @ p["W"].T if p["b"] is None else a @ p["W"].T + p["b"]
            a = p["a"] = FUNCTION[p["f"]](p["z"])
        loss = loss_value(case.loss, net_[-1]["z"], a, y)
        error = loss_slope(case.loss, a, y)
        for p in reversed(net_):
            p["delta"] = SLOPE[p["f"]](p["z"], p["a"]) * error
            error = p["delta"] @ p["W"]
        for p in net_:
            p["gW"] = p["delta"].T @ p["in"]
            if p["mask"] is not None:
                p["gW"][~p["mask"]] = 0
            p["W"] = p["W"] - eta * p["gW"]
            p["gb"] = None
            if p["b"] is not None:
                p["gb"] = p["delta"].sum(axis=0)
                p["b"] = p["b"] - eta * p["gb"]
        show = {"net_inputs": "z", "activations": "a", "deltas": "delta", "weight_gradients": "gW",
                "bias_gradients": "gb", "weights": "W", "biases": "b"}
        log.append({name: [p[key] for p in net_] for name, key in show.items()} | {"loss": loss})
    return log
