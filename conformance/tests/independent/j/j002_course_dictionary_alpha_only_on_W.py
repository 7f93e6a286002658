"""Fault: alpha is in the update of W only; the biases move by their whole gradient."""
import numpy as np

import backproof


def sigmoid(Z):
    return np.exp(-np.logaddexp(Z.dtype.type(0), -Z))


def softmax(Z):
    E = np.exp(Z - Z.max(axis=0, keepdims=True))
    return E / E.sum(axis=0, keepdims=True)


g = {"identity": lambda Z: Z + 0, "sigmoid": sigmoid, "tanh": np.tanh, "relu": lambda Z: Z * (Z > 0),
     "softmax": softmax, "softplus": lambda Z: np.logaddexp(Z.dtype.type(0), Z)}
g_prime = {"identity": np.ones_like, "sigmoid": lambda Z: sigmoid(Z) * sigmoid(-Z),
           "tanh": lambda Z: 1 - np.tanh(Z) ** 2, "relu": lambda Z: (Z > 0) * np.ones_like(Z), "softplus": sigmoid}


def initialize_parameters(case):
    parameters = {}
    for l, layer in enumerate(case.layers, start=1):
        parameters[f"W{l}"] = np.array(layer.weights)
        if layer.biases is not None:
            parameters[f"b{l}"] = np.array(layer.biases).reshape(-1, 1)
    return parameters


def forward(X, parameters, names):
    cache = {"A0": X}
    for l, name in enumerate(names, start=1):
        Z = np.dot(parameters[f"W{l}"], cache[f"A{l - 1}"])
        if f"b{l}" in parameters:
            Z = Z + parameters[f"b{l}"]
        cache[f"Z{l}"], cache[f"A{l}"] = Z, g[name](Z)
    return cache


def compute_cost(cache, Y, L, loss):
    Z, A = cache[f"Z{L}"], cache[f"A{L}"]
    if loss == "squared":
        return np.sum(np.square(Y - A))
    if loss == "log":
        return np.sum(Y * np.logaddexp(Z.dtype.type(0), -Z) + (1 - Y) * np.logaddexp(Z.dtype.type(0), Z))
    S = Z - Z.max(axis=0, keepdims=True)
    return np.sum(Y * (np.log(np.exp(S).sum(axis=0, keepdims=True)) - S))


def backward(cache, parameters, Y, names, loss, masks):
    L, grads = len(names), {}
    A = cache[f"A{L}"]
    if loss != "squared":
        dZ = A - Y
    elif names[-1] == "softmax":
        dA = 2 * (A - Y)
        dZ = A * (dA - np.sum(dA * A, axis=0, keepdims=True))
    else:
        dZ = 2 * (A - Y) * g_prime[names[-1]](cache[f"Z{L}"])
    for l in range(L, 0, -1):
        grads[f"dZ{l}"] = dZ
        grads[f"dW{l}"] = np.dot(dZ, cache[f"A{l - 1}"].T)
        if masks[l - 1] is not None:
            grads[f"dW{l}"][~masks[l - 1]] = 0
        if f"b{l}" in parameters:
            grads[f"db{l}"] = np.sum(dZ, axis=1, keepdims=True)
        if l > 1:
            dZ = np.dot(parameters[f"W{l}"].T, dZ) * g_prime[names[l - 2]](cache[f"Z{l - 1}"])
    return grads


def update_parameters(parameters, grads, alpha, L):
    for l in range(1, L + 1):
        parameters[f"W{l}"] = parameters[f"W{l}"] - alpha * grads[f"dW{l}"]
        if f"b{l}" in parameters:
            parameters[f"b{l}"] = parameters[f"b{l}"] - grads[f"db{l}"]
    return parameters


@backproof.subject(activations=list(g), losses=["squared", "log", "cross_entropy"], batch_axis=1)
def net(case):
    names = [layer.activation.name for layer in case.layers]
    masks = [layer.mask for layer in case.layers]
    parameters, L, results = initialize_parameters(case), len(names), []
    alpha = case.x.dtype.type(case.learning_rate)
    flat = lambda d, k: d[k].ravel().copy() if k in d else None
    for batch in case.batches:
        cache = forward(case.x[:, batch], parameters, names)
        cost = compute_cost(cache, case.y[:, batch], L, case.loss)
        grads = backward(cache, parameters, case.y[:, batch], names, case.loss, masks)
        parameters = update_parameters(parameters, grads, alpha, L)
        ls = range(1, L + 1)
        results.append({
            "net_inputs": [cache[f"Z{l}"] for l in ls], "activations": [cache[f"A{l}"] for l in ls],
            "deltas": [grads[f"dZ{l}"] for l in ls], "loss": cost,
            "weight_gradients": [grads[f"dW{l}"] for l in ls], "bias_gradients": [flat(grads, f"db{l}") for l in ls],
            "weights": [parameters[f"W{l}"] for l in ls], "biases": [flat(parameters, f"b{l}") for l in ls]})
    return results[0] if len(results) == 1 else results
