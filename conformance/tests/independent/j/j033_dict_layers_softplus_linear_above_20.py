"""Fault: to be on the safe side of an overflow, softplus is replaced by the identity above a threshold of 20
(value z, slope 1), so that exp(-z) is missing from it there: 2e-9 and less."""
import numpy as np

import backproof

THRESHOLD = 20


def logistic(z):
    e = np.exp(-np.abs(z))
    return np.where(z < 0, e / (1 + e), 1 / (1 + e))


def softplus(z):
    small = np.minimum(z, THRESHOLD)
    return np.where(z > THRESHOLD, z, np.log1p(np.exp(small)))


def softplus_prime(z):
    return np.where(z > THRESHOLD, 1, logistic(z))


def make(spec):
    return {"w": spec.weights.copy(), "b": None if spec.biases is None else spec.biases.copy(),
            "mask": spec.mask, "kind": spec.activation.name}


def forward(layer, a):
    layer["in"] = a
    z = np.dot(a, layer["w"].T)
    if layer["b"] is not None:
        z = z + layer["b"]
    kind = layer["kind"]
    if kind == "softplus":
        out, slope = softplus(z), softplus_prime(z)
    elif kind == "sigmoid":
        out = logistic(z)
        slope = out * (1 - out)
    elif kind == "tanh":
        out = np.tanh(z)
        slope = 1 - out * out
    elif kind == "relu":
        out, slope = z * (z > 0), 1 * (z > 0)
    else:
        out, slope = z, np.ones(z.shape)
    layer["z"], layer["a"], layer["slope"] = z, out, slope.astype(z.dtype)
    return out


def backward(layer, g):
    d = layer["d"] = g * layer["slope"]
    layer["gw"] = np.dot(d.T, layer["in"])
    if layer["mask"] is not None:
        layer["gw"] = layer["gw"] * layer["mask"]
    layer["gb"] = None if layer["b"] is None else d.sum(axis=0)
    return np.dot(d, layer["w"])


def update(layer, rate):
    layer["w"] = layer["w"] - rate * layer["gw"]
    if layer["b"] is not None:
        layer["b"] = layer["b"] - rate * layer["gb"]


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus"], losses=["squared", "log"])
def net(case):
    layers = [make(spec) for spec in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    steps = []
    for batch in case.batches:
        y = case.y[batch]
        o = case.x[batch]
        for layer in layers:
            o = forward(layer, o)
        if case.loss == "log":
            z = layers[-1]["z"]
            loss = np.sum(np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z))))
            layers[-1]["slope"] = np.ones_like(z)
            g = o - y
        else:
            loss = np.sum((y - o) ** 2)
            g = 2 * (o - y)
        for layer in layers[::-1]:
            g = backward(layer, g)
        for layer in layers:
            update(layer, rate)
        pick = {"net_inputs": "z", "activations": "a", "deltas": "d", "weight_gradients": "gw",
                "bias_gradients": "gb", "weights": "w", "biases": "b"}
        steps.append({"loss": loss} | {key: [layer[k] for layer in layers] for key, k in pick.items()})
    return steps
