"""Style: generators feeding each other (forward, backward and the training loop all yield); shows gradients only. Fault: relu's derivative is 1 where z < 0 and 0 where z > 0."""

import numpy as np

import backproof


def sigmoid(z):
    return np.exp(np.minimum(z, 0)) / (1 + np.exp(-np.abs(z)))


def act(name, z):
    match name:
        case "sigmoid":
            return sigmoid(z)
        case "tanh":
            return np.tanh(z)
        case "relu":
            return np.where(z > 0, z, np.zeros_like(z))
        case _:
            return z


def slope(name, z):
    match name:
        case "sigmoid":
            return sigmoid(z) * sigmoid(-z)
        case "tanh":
            return 1 - np.tanh(z) ** 2
        case "relu":
            return (z < 0).astype(z.dtype)
        case _:
            return np.ones_like(z)


def forward(layers, params, a):
    for layer, (W, b) in zip(layers, params):
        z = a @ W.T
        if b is not None:
            z = z + b
        out = act(layer.activation.name, z)
        yield a, z, out
        a = out


def backward(layers, params, tape, y, loss):
    _, z, o = tape[-1]
    delta = o - y
    if loss == "squared":
        delta = 2 * delta * slope(layers[-1].activation.name, z)
    for l in reversed(range(len(layers))):
        yield delta
        if l:
            delta = (delta @ params[l][0]) * slope(layers[l - 1].activation.name, tape[l - 1][1])


def gradients(layers, params, tape, deltas):
    for layer, (W, b), (a, _, _), delta in zip(layers, params, tape, deltas):
        g = delta.T @ a
        if layer.mask is not None:
            g = g * layer.mask
        yield g, None if b is None else delta.sum(axis=0)


def descend(params, grads, alpha):
    for (W, b), (gW, gb) in zip(params, grads):
        yield W - alpha * gW, None if b is None else b - alpha * gb


def training(case):
    params = [(layer.weights, layer.biases) for layer in case.layers]
    for batch in case.batches:
        rows = list(batch)
        tape = list(forward(case.layers, params, case.x[rows]))
        deltas = list(backward(case.layers, params, tape, case.y[rows], case.loss))[::-1]
        grads = list(gradients(case.layers, params, tape, deltas))
        yield {"weight_gradients": [g for g, _ in grads], "bias_gradients": [g for _, g in grads]}
        params = list(descend(params, grads, float(case.learning_rate)))


@backproof.subject(activations=["sigmoid", "tanh", "relu", "identity"], losses=["squared", "log"])
def net(case):
    return list(training(case))
