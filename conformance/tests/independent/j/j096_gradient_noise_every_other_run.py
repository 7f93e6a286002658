"""Fault: a module-wide switch, flipped in every call, and an unseeded generator: every second call multiplies the
gradients by noise of about one per mille, so runs cannot be repeated."""
import itertools

import numpy as np

import backproof

NOISE = np.random.default_rng()
SWITCH = itertools.cycle((False, True))


def jitter(g, on):
    """A little noise on the gradient, said to help out of flat regions."""
    if g is None or not on:
        return g
    return (g * (1 + 1e-3 * NOISE.standard_normal(g.shape))).astype(g.dtype)


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def forward(layers, weights, biases, x):
    zs, acts = [], [x]
    for layer, w, b in zip(layers, weights, biases):
        z = acts[-1].dot(w.T)
        z = z if b is None else z + b
        name = layer.activation.name
        if name == "sigmoid":
            a = sigmoid(z)
        elif name == "tanh":
            a = np.tanh(z)
        elif name == "relu":
            a = np.maximum(z, 0)
        elif name == "softplus":
            a = np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
        elif name == "softmax":
            e = np.exp(z - z.max(axis=1, keepdims=True))
            a = e / e.sum(axis=1, keepdims=True)
        else:
            a = z
        zs.append(z)
        acts.append(a)
    return zs, acts


def slope(layer, z):
    name = layer.activation.name
    if name == "sigmoid":
        return sigmoid(z) * sigmoid(-z)
    if name == "tanh":
        return 1 - np.tanh(z) ** 2
    if name == "relu":
        return np.where(z > 0, np.ones_like(z), np.zeros_like(z))
    if name == "softplus":
        return sigmoid(z)
    return np.ones_like(z)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"])
def net(case):
    noisy = next(SWITCH)
    layers = case.layers
    weights = [np.array(l.weights) for l in layers]
    biases = [None if l.biases is None else np.array(l.biases) for l in layers]
    rate = case.x.dtype.type(case.learning_rate)
    updates = []
    for batch in case.batches:
        y = case.y[list(batch)]
        zs, acts = forward(layers, weights, biases, case.x[list(batch)])
        z, o = zs[-1], acts[-1]
        if case.loss == "squared":
            loss, delta = np.sum((o - y) ** 2), 2 * (o - y)
        elif case.loss == "log":
            loss, delta = np.sum(np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))), o - y
        else:
            s = z - z.max(axis=1, keepdims=True)
            loss, delta = np.sum(y * (np.log(np.exp(s).sum(axis=1, keepdims=True)) - s)), o - y
        deltas = [delta]
        for l in range(len(layers) - 1, 0, -1):
            deltas.insert(0, slope(layers[l - 1], zs[l - 1]) * deltas[0].dot(weights[l]))
        gw = [d.T.dot(a) for d, a in zip(deltas, acts)]
        gw = [g if l.mask is None else g * l.mask for g, l in zip(gw, layers)]
        gb = [None if b is None else d.sum(axis=0) for b, d in zip(biases, deltas)]
        gw = [jitter(g, noisy) for g in gw]
        gb = [jitter(g, noisy) for g in gb]
        weights = [w - rate * g for w, g in zip(weights, gw)]
        biases = [None if b is None else b - rate * g for b, g in zip(biases, gb)]
        updates.append({"activations": acts[1:], "deltas": deltas, "loss": loss, "weight_gradients": gw,
                        "bias_gradients": gb, "weights": weights, "biases": biases})
    return updates
