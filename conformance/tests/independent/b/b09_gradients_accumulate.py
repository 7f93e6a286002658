"""Style: dictionaries keyed "W1", "b1", ..., in-place arithmetic, shows only gradients; fault: gradients are never zeroed between updates."""

import numpy as np

import backproof


def sigm(z):
    out = np.empty_like(z)
    up = z >= 0
    out[up] = 1 / (1 + np.exp(-z[up]))
    e = np.exp(z[~up])
    out[~up] = e / (1 + e)
    return out


def forward(p, names, x):
    cache = {"A0": x}
    for l, name in enumerate(names, 1):
        z = cache[f"A{l - 1}"].dot(p[f"W{l}"].T)
        if f"b{l}" in p:
            z += p[f"b{l}"]
        cache[f"Z{l}"] = z
        if name == "sigmoid":
            cache[f"A{l}"] = sigm(z)
        elif name == "tanh":
            cache[f"A{l}"] = np.tanh(z)
        elif name == "relu":
            cache[f"A{l}"] = np.where(z > 0, z, np.zeros_like(z))
        elif name == "softmax":
            e = np.exp(z - z.max(axis=-1, keepdims=True))
            e /= e.sum(axis=-1, keepdims=True)
            cache[f"A{l}"] = e
        else:
            cache[f"A{l}"] = z
    return cache


def times_slope(d, name, z):
    if name == "sigmoid":
        d = d * sigm(z) * sigm(-z)
    elif name == "tanh":
        d = d * (4 * sigm(2 * z) * sigm(-2 * z))
    elif name == "relu":
        d = d * (z > 0)
    return d


def backward(p, grads, names, masks, cache, y, loss):
    last = len(names)
    o, z = cache[f"A{last}"], cache[f"Z{last}"]
    if loss == "cross_entropy":
        d = o * y.sum(axis=-1, keepdims=True) - y
    elif loss == "log":
        d = o * (1 - y) - sigm(-z) * y
    else:
        d = 2 * (o - y)
        if names[-1] == "softmax":
            d = o * (d - (d * o).sum(axis=-1, keepdims=True))
        else:
            d = times_slope(d, names[-1], z)
    for l in range(last, 0, -1):
        g = d.T.dot(cache[f"A{l - 1}"])
        if masks[l - 1] is not None:
            g[~masks[l - 1]] = 0
        grads[f"W{l}"] += g
        if f"b{l}" in grads:
            grads[f"b{l}"] += d.sum(axis=0)
        if l > 1:
            d = times_slope(d.dot(p[f"W{l}"]), names[l - 2], cache[f"Z{l - 1}"])


@backproof.subject(
    activations=["identity", "sigmoid", "tanh", "relu", "softmax"],
    losses=["squared", "log", "cross_entropy"],
)
def net(case):
    p = {}
    for l, layer in enumerate(case.layers, 1):
        p[f"W{l}"] = layer.weights.copy()
        if layer.biases is not None:
            p[f"b{l}"] = layer.biases.copy()
    grads = {key: np.zeros_like(value) for key, value in p.items()}
    names = [layer.activation.name for layer in case.layers]
    masks = [layer.mask for layer in case.layers]
    rate = float(case.learning_rate)
    shown = []
    for batch in case.batches:
        rows = list(batch)
        cache = forward(p, names, case.x[rows])
        backward(p, grads, names, masks, cache, case.y[rows], case.loss)
        for key in p:
            p[key] -= rate * grads[key]
        shown.append(
            {
                "weight_gradients": [grads[f"W{l}"].copy() for l in range(1, len(names) + 1)],
                "bias_gradients": [
                    grads[f"b{l}"].copy() if f"b{l}" in grads else None for l in range(1, len(names) + 1)
                ],
            }
        )
    return shown
