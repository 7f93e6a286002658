"""Fault: ELU's derivative for negative net inputs is written as a instead of a + alpha (so it has the wrong sign)."""
import numpy as np

import backproof


def forward(state, kinds, x):
    cache = {"a0": x}
    for l, (name, options) in enumerate(kinds, start=1):
        z = cache[f"a{l-1}"] @ state[f"W{l}"].T
        if f"b{l}" in state:
            z = z + state[f"b{l}"]
        if name == "elu":
            a = np.where(z > 0, z, z.dtype.type(options["alpha"]) * np.expm1(np.minimum(z, 0)))
        elif name == "leaky_relu":
            a = np.where(z > 0, z, z.dtype.type(options["slope"]) * z)
        elif name == "relu":
            a = np.maximum(z, 0)
        elif name == "tanh":
            a = np.tanh(z)
        elif name == "sigmoid":
            e = np.exp(-np.abs(z))
            a = np.where(z >= 0, 1 / (1 + e), e / (1 + e))
        elif name == "softmax":
            e = np.exp(z - z.max(axis=1, keepdims=True))
            a = e / e.sum(axis=1, keepdims=True)
        else:
            a = z
        cache[f"z{l}"], cache[f"a{l}"] = z, a
    return cache


def derivative(kind, z, a):
    name, options = kind
    if name == "elu":
        return np.where(z > 0, np.ones_like(a), a)
    if name == "leaky_relu":
        return np.where(z > 0, z.dtype.type(1), z.dtype.type(options["slope"]))
    if name == "relu":
        return (z > 0).astype(z.dtype)
    if name == "tanh":
        return 1 - a * a
    if name == "sigmoid":
        return a * (1 - a)
    return np.ones_like(z)


def output_error(loss, z, o, y):
    if loss == "squared":
        return np.sum((y - o) ** 2) / 2, o - y
    if loss == "log":
        return np.sum(np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))), o - y
    s = z - z.max(axis=1, keepdims=True)
    return np.sum(y * (np.log(np.exp(s).sum(axis=1, keepdims=True)) - s)), o - y


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"], loss_factor=0.5)
def net(case):
    L = len(case.layers)
    kinds = [(l.activation.name, dict(l.activation.parameters)) for l in case.layers]
    state, masks = {}, {}
    for l, layer in enumerate(case.layers, start=1):
        state[f"W{l}"] = np.array(layer.weights)
        if layer.biases is not None:
            state[f"b{l}"] = np.array(layer.biases)
        if layer.mask is not None:
            masks[f"W{l}"] = layer.mask
    rate = case.x.dtype.type(case.learning_rate)
    episodes = []
    for batch in case.batches:
        rows = list(batch)
        cache = forward(state, kinds, case.x[rows])
        loss, cache[f"d{L}"] = output_error(case.loss, cache[f"z{L}"], cache[f"a{L}"], case.y[rows])
        for l in range(L - 1, 0, -1):
            slope = derivative(kinds[l - 1], cache[f"z{l}"], cache[f"a{l}"])
            cache[f"d{l}"] = slope * (cache[f"d{l+1}"] @ state[f"W{l+1}"])
        grads = {}
        for name in state:
            l = int(name[1:])
            if name[0] == "W":
                grads[name] = cache[f"d{l}"].T @ cache[f"a{l-1}"]
                if name in masks:
                    grads[name] = grads[name] * masks[name]
            else:
                grads[name] = np.sum(cache[f"d{l}"], axis=0)
        state = {name: value - rate * grads[name] for name, value in state.items()}
        listed = lambda table, letter: [table.get(f"{letter}{l}") for l in range(1, L + 1)]
        episodes.append({"net_inputs": listed(cache, "z"), "activations": listed(cache, "a"),
                         "deltas": listed(cache, "d"), "loss": loss, "weight_gradients": listed(grads, "W"),
                         "bias_gradients": listed(grads, "b"), "weights": listed(state, "W"),
                         "biases": listed(state, "b")})
    return episodes
