"""Fault: the training loop counts its epochs from 1 up to, but not including, their number: the last update is
never made, and what is handed back at the end are the parameters before it."""
import numpy as np

import backproof


def logistic(z):
    return np.exp(-np.logaddexp(0, -z))


def forward(layers, params, x):
    trace = []
    for layer, (w, b) in zip(layers, params):
        z = x @ w.T if b is None else x @ w.T + b
        name = layer.activation.name
        if name == "softmax":
            a = np.exp(z - z.max(axis=1, keepdims=True))
            a /= a.sum(axis=1, keepdims=True)
        else:
            a = {"identity": np.copy, "sigmoid": logistic, "tanh": np.tanh,
                 "relu": lambda v: np.maximum(v, 0), "softplus": lambda v: np.logaddexp(0, v)}[name](z)
        trace.append((x, z, a))
        x = a
    return trace


def to_net_input(name, g, z, a):
    if name == "softmax":
        return a * (g - np.sum(a * g, axis=1, keepdims=True))
    if name == "sigmoid":
        return g * a * logistic(-z)
    if name == "tanh":
        return g * (1 - a * a)
    if name == "relu":
        return g * (z > 0)
    if name == "softplus":
        return g * logistic(z)
    return g


def gradients(layers, params, trace, y, loss):
    x, z, o = trace[-1]
    delta = o - y if loss != "squared" else to_net_input(layers[-1].activation.name, 2 * (o - y), z, o)
    found = []
    for k in reversed(range(len(layers))):
        w, b = params[k]
        gw = delta.T @ trace[k][0]
        if layers[k].mask is not None:
            gw = np.where(layers[k].mask, gw, 0)
        found.append((gw, None if b is None else delta.sum(axis=0)))
        if k:
            _, z, a = trace[k - 1]
            delta = to_net_input(layers[k - 1].activation.name, delta @ w, z, a)
    return found[::-1]


def fit(case):
    params = [(l.weights.copy(), None if l.biases is None else l.biases.copy()) for l in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    epochs = len(case.batches)
    for epoch in range(1, epochs):
        batch = case.batches[epoch - 1]
        trace = forward(case.layers, params, case.x[batch])
        grads = gradients(case.layers, params, trace, case.y[batch], case.loss)
        params = [(w - rate * gw, None if b is None else b - rate * gb)
                  for (w, b), (gw, gb) in zip(params, grads)]
    return params


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], loss_at="none")
def net(case):
    params = fit(case)
    return {"final": {"weights": [w for w, _ in params], "biases": [b for _, b in params]}}
