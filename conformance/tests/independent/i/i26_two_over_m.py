"""The gradients are averaged with 2/m instead of 1/m ("the 2 comes from the square"), although the output delta of the
squared loss has its 2 already and the other losses have none: every gradient is twice what it should be."""
import numpy as np

import backproof


def initialize(layers):
    params = {}
    for l, layer in enumerate(layers, start=1):
        params["W%d" % l] = layer.weights.copy()
        if layer.biases is not None:
            params["b%d" % l] = layer.biases.reshape(-1, 1).copy()
    return params


def activation(Z, name):
    if name == "sigmoid":
        E = np.exp(-np.abs(Z))
        return np.where(Z >= 0, 1 / (1 + E), E / (1 + E))
    if name == "softmax":
        E = np.exp(Z - Z.max(axis=0, keepdims=True))
        return E / E.sum(axis=0, keepdims=True)
    return {"tanh": np.tanh, "relu": lambda Z: np.maximum(0, Z), "identity": np.array}[name](Z)


def activation_backward(dA, cache, name):
    Z, A = cache
    if name == "sigmoid":
        return dA * A * (1 - A)
    if name == "tanh":
        return dA * (1 - A * A)
    if name == "relu":
        dZ = np.array(dA)
        dZ[Z <= 0] = 0
        return dZ
    return dA


def model_forward(X, params, names):
    caches = {"A0": X}
    for l, name in enumerate(names, start=1):
        Z = params["W%d" % l] @ caches["A%d" % (l - 1)]
        if "b%d" % l in params:
            Z = Z + params["b%d" % l]
        caches["Z%d" % l], caches["A%d" % l] = Z, activation(Z, name)
    return caches


def compute_cost(caches, Y, L, loss):
    m = Y.shape[1]
    Z, A = caches["Z%d" % L], caches["A%d" % L]
    if loss == "squared":
        return np.sum((Y - A) ** 2) / m
    if loss == "log":
        return np.sum(Y * np.logaddexp(0, -Z) + (1 - Y) * np.logaddexp(0, Z)) / m
    S = Z - Z.max(axis=0, keepdims=True)
    return np.sum(Y * (np.log(np.exp(S).sum(axis=0, keepdims=True)) - S)) / m


def model_backward(params, caches, Y, names, masks, loss):
    L, m, grads = len(names), Y.shape[1], {}
    dZ = caches["A%d" % L] - Y
    if loss == "squared":
        dZ = 2 * dZ
    for l in range(L, 0, -1):
        if l < L:
            dA = params["W%d" % (l + 1)].T @ grads["dZ%d" % (l + 1)]
            dZ = activation_backward(dA, (caches["Z%d" % l], caches["A%d" % l]), names[l - 1])
        grads["dZ%d" % l] = dZ
        grads["dW%d" % l] = (2 / m) * (dZ @ caches["A%d" % (l - 1)].T)
        if masks[l - 1] is not None:
            grads["dW%d" % l] *= masks[l - 1]
        if "b%d" % l in params:
            grads["db%d" % l] = (2 / m) * dZ.sum(axis=1, keepdims=True)
    return grads


@backproof.subject(activations=["sigmoid", "softmax", "tanh", "relu", "identity"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"],
                   reduction="mean", delta_of="sample", batch_axis=1)
def net(case):
    names = [layer.activation.name for layer in case.layers]
    masks = [layer.mask for layer in case.layers]
    params, L, history = initialize(case.layers), len(names), []

    def collect(source, key):
        return [source.get("%s%d" % (key, l)) for l in range(1, L + 1)]

    def flat(columns):
        return [None if c is None else c.ravel().copy() for c in columns]

    for batch in case.batches:
        X, Y = case.x[:, list(batch)], case.y[:, list(batch)]
        caches = model_forward(X, params, names)
        grads = model_backward(params, caches, Y, names, masks, case.loss)
        for key in params:
            params[key] = params[key] - case.learning_rate * grads["d" + key]
        history.append({"net_inputs": collect(caches, "Z"), "activations": collect(caches, "A"),
                        "deltas": collect(grads, "dZ"), "loss": compute_cost(caches, Y, L, case.loss),
                        "weight_gradients": collect(grads, "dW"), "bias_gradients": flat(collect(grads, "db")),
                        "weights": [w.copy() for w in collect(params, "W")], "biases": flat(collect(params, "b"))})
    return history
