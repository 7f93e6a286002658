"""Fault: tanh is scaled by 1.7159 (with the derivative that belongs to it), so its activations are too large."""
import numpy as np

import backproof

SCALE = 1.7159


def apply(name, z):
    if name == "tanh":
        return (SCALE * np.tanh(z)).astype(z.dtype)
    if name == "sigmoid":
        return np.exp(np.minimum(z, 0)) / (1 + np.exp(-np.abs(z)))
    if name == "relu":
        return np.where(z > 0, z, z.dtype.type(0))
    if name == "softmax":
        e = np.exp(z - z.max(axis=1)[:, None])
        return e / e.sum(axis=1)[:, None]
    return z.copy()


def derivative(name, z):
    if name == "tanh":
        return (SCALE * (1 - np.tanh(z) ** 2)).astype(z.dtype)
    if name == "sigmoid":
        return apply("sigmoid", z) * apply("sigmoid", -z)
    if name == "relu":
        return np.heaviside(z, z.dtype.type(0))
    return np.ones_like(z)


def forward(weights, biases, names, x):
    zs, activations = [], [x]
    for w, b, name in zip(weights, biases, names):
        z = activations[-1] @ w
        zs.append(z if b is None else z + b)
        activations.append(apply(name, zs[-1]))
    return zs, activations


def output_delta(loss, name, z, o, y):
    if loss != "squared":
        return o - y
    g = 2 * (o - y)
    if name == "softmax":
        return o * (g - np.sum(g * o, axis=1, keepdims=True))
    return g * derivative(name, z)


def error(loss, z, o, y):
    if loss == "squared":
        return np.mean(np.sum((o - y) ** 2, axis=1))
    if loss == "log":
        soft = np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))
        return np.mean(np.sum(soft, axis=1))
    zs = z - z.max(axis=1, keepdims=True)
    return np.mean(np.sum(y * (np.log(np.sum(np.exp(zs), axis=1, keepdims=True)) - zs), axis=1))


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softmax"],
                   losses=["squared", "log", "cross_entropy"], reduction="mean", weight_layout="in_out")
def net(case):
    dtype = case.x.dtype
    names = [layer.activation.name for layer in case.layers]
    weights = [layer.weights.copy() for layer in case.layers]
    biases = [layer.biases if layer.biases is None else layer.biases.copy() for layer in case.layers]
    masks = [1 if layer.mask is None else layer.mask.astype(dtype) for layer in case.layers]
    rate = dtype.type(case.learning_rate)
    updates = []
    for batch in case.batches:
        index = list(batch)
        x, y = case.x[index], case.y[index]
        zs, activations = forward(weights, biases, names, x)
        loss = error(case.loss, zs[-1], activations[-1], y)
        deltas = [output_delta(case.loss, names[-1], zs[-1], activations[-1], y) / dtype.type(len(index))]
        for l in reversed(range(len(weights) - 1)):
            deltas.insert(0, (deltas[0] @ weights[l + 1].T) * derivative(names[l], zs[l]))
        grads = [(a.T @ d) * m for a, d, m in zip(activations, deltas, masks)]
        bias_grads = [None if b is None else d.sum(axis=0) for b, d in zip(biases, deltas)]
        weights = [w - rate * g for w, g in zip(weights, grads)]
        biases = [None if b is None else b - rate * g for b, g in zip(biases, bias_grads)]
        updates.append({"net_inputs": zs, "activations": activations[1:], "deltas": deltas,
                        "loss": dtype.type(loss), "weight_gradients": grads, "bias_gradients": bias_grads,
                        "weights": weights, "biases": biases})
    return updates
