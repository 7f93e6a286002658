"""Fault: GELU's derivative without the term z phi(z)."""
import math

import numpy as np
import backproof


def erfc(t):
    return np.vectorize(math.erfc, otypes=[t.dtype])(t)


def logistic(t):
    e = np.exp(-np.abs(t))
    return np.where(t >= 0, 1, e) / (1 + e)


def gate(z, approximate):
    if approximate == "tanh":
        return logistic(2 * math.sqrt(2 / math.pi) * (z + 0.044715 * z * z * z))
    return erfc(-z / math.sqrt(2)) / 2


def forward(act, z):
    if act.name == "gelu":
        return z * gate(z, dict(act.parameters)["approximate"])
    if act.name == "softmax":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)
    return {"identity": np.copy, "tanh": np.tanh, "sigmoid": logistic}[act.name](z)


def derivative(act, z):
    if act.name == "gelu":
        return gate(z, dict(act.parameters)["approximate"])
    if act.name == "tanh":
        return 4 * logistic(2 * z) * logistic(-2 * z)
    return np.ones_like(z) if act.name == "identity" else logistic(z) * logistic(-z)


@backproof.subject(activations=["gelu", "identity", "tanh", "sigmoid", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"])
def net(case):
    net = [{"act": l.activation, "w": np.array(l.weights), "mask": l.mask,
            "b": None if l.biases is None else np.array(l.biases)} for l in case.layers]
    rate, shown = case.x.dtype.type(case.learning_rate), []
    for batch in case.batches:
        a = case.x[list(batch)]
        for n in net:
            n["in"] = a
            n["z"] = a @ n["w"].T + (0 if n["b"] is None else n["b"])
            n["a"] = a = forward(n["act"], n["z"])
        delta = a - case.y[list(batch)]
        if case.loss == "squared":
            delta = 2 * delta
        for l in reversed(range(len(net))):
            n = net[l]
            if l < len(net) - 1:
                delta = (delta @ net[l + 1]["w"]) * derivative(n["act"], n["z"])
            n["d"] = delta
        for n in net:
            n["gw"] = n["d"].T @ n["in"] if n["mask"] is None else (n["d"].T @ n["in"]) * n["mask"]
            n["gb"] = None if n["b"] is None else n["d"].sum(axis=0)
            n["w"] = n["w"] - rate * n["gw"]
            n["b"] = None if n["b"] is None else n["b"] - rate * n["gb"]
        names = {"activations": "a", "deltas": "d", "weight_gradients": "gw", "bias_gradients": "gb", "weights": "w", "biases": "b"}
        shown.append({k: [n[v] for n in net] for k, v in names.items()})
    return shown
