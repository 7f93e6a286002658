"""Style: dicts of matrices keyed W1, b1, z1, ... (sigmoid with log loss only). Fault: the output delta of sigmoid with log loss is multiplied by o(1-o) once more."""

import numpy as np

import backproof


def sigmoid(z):
    return np.where(z >= 0, 1 / (1 + np.exp(-np.abs(z))), np.exp(-np.abs(z)) / (1 + np.exp(-np.abs(z))))


G = {"sigmoid": sigmoid, "tanh": np.tanh, "relu": lambda z: np.maximum(0, z), "identity": lambda z: z}
dG = {
    "sigmoid": lambda a: a * (1 - a),
    "tanh": lambda a: 1 - a**2,
    "relu": lambda a: (a > 0).astype(a.dtype),
    "identity": lambda a: np.ones_like(a),
}


def initialize(case):
    p = {}
    for l, layer in enumerate(case.layers, start=1):
        p[f"W{l}"] = layer.weights.copy()
        if layer.biases is not None:
            p[f"b{l}"] = layer.biases.copy()
    return p


def forward(p, names, X):
    cache = {"a0": X}
    for l, name in names.items():
        cache[f"z{l}"] = cache[f"a{l - 1}"] @ p[f"W{l}"].T
        if f"b{l}" in p:
            cache[f"z{l}"] = cache[f"z{l}"] + p[f"b{l}"]
        cache[f"a{l}"] = G[name](cache[f"z{l}"])
    return cache


def cost(z, y):
    return np.sum(np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z))))


def backward(p, names, cache, y, masks):
    L = len(names)
    o = cache[f"a{L}"]
    g = {f"d{L}": (o - y) * o * (1 - o)}
    for l in range(L - 1, 0, -1):
        g[f"d{l}"] = (g[f"d{l + 1}"] @ p[f"W{l + 1}"]) * dG[names[l]](cache[f"a{l}"])
    for l in range(1, L + 1):
        g[f"W{l}"] = g[f"d{l}"].T @ cache[f"a{l - 1}"]
        if masks[l] is not None:
            g[f"W{l}"] = g[f"W{l}"] * masks[l]
        if f"b{l}" in p:
            g[f"b{l}"] = g[f"d{l}"].sum(axis=0)
    return g


@backproof.subject(activations=["sigmoid", "tanh", "relu", "identity"], losses=["log"])
def net(case):
    names = {l: layer.activation.name for l, layer in enumerate(case.layers, start=1)}
    masks = {l: layer.mask for l, layer in enumerate(case.layers, start=1)}
    p = initialize(case)
    rate = float(case.learning_rate)
    results = []
    for batch in case.batches:
        X, y = case.x[list(batch)], case.y[list(batch)]
        cache = forward(p, names, X)
        g = backward(p, names, cache, y, masks)
        p = {key: value - rate * g[key] for key, value in p.items()}
        results.append(
            {
                "net_inputs": [cache[f"z{l}"] for l in names],
                "activations": [cache[f"a{l}"] for l in names],
                "loss": cost(cache[f"z{len(names)}"], y),
                "deltas": [g[f"d{l}"] for l in names],
                "weight_gradients": [g[f"W{l}"] for l in names],
                "bias_gradients": [g.get(f"b{l}") for l in names],
                "weights": [p[f"W{l}"] for l in names],
                "biases": [p.get(f"b{l}") for l in names],
            }
        )
    return results
