"""Fault: softmax is exp(z) / sum(exp(z)) as in the textbook; a large net input overflows and gives NaN."""
from itertools import accumulate

import numpy as np

import backproof


def sigmoid(z):
    return np.exp(-np.logaddexp(np.zeros_like(z), -z))


def softmax(z):
    return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)


FORWARD = dict(identity=np.array, sigmoid=sigmoid, tanh=np.tanh, relu=lambda z: np.maximum(z, 0), softmax=softmax)
SLOPE = dict(identity=np.ones_like, sigmoid=lambda z: sigmoid(z) * sigmoid(-z),
             tanh=lambda z: (1 - np.tanh(z)) * (1 + np.tanh(z)), relu=lambda z: np.sign(np.maximum(z, 0)))


def affine(a, theta):
    W, b = theta
    return a @ W.T if b is None else a @ W.T + b


def loss_of(kind, z, o, y):
    if kind == "squared":
        return np.sum((y - o) ** 2)
    if kind == "log":
        return np.sum(np.logaddexp(np.zeros_like(z), z) - y * z)
    return np.sum(y * (np.logaddexp.reduce(z, axis=1, keepdims=True) - z))


def output_delta(kind, name, z, o, y):
    if kind != "squared":
        return o - y
    g = 2 * (o - y)
    return o * (g - np.sum(g * o, axis=1, keepdims=True)) if name == "softmax" else g * SLOPE[name](z)


def update(thetas, case, batch):
    names = [layer.activation.name for layer in case.layers]
    y = case.y[batch]

    def up(state, part):  # state: (net input, activation); part: (theta, name)
        z = affine(state[1], part[0])
        return z, FORWARD[part[1]](z)

    states = list(accumulate(zip(thetas, names), up, initial=(None, case.x[batch])))
    zs, acts = [s[0] for s in states[1:]], [s[1] for s in states]

    def down(delta, part):  # part: (theta of the layer above, name and net input of this one)
        (W, _), name, z = part
        return SLOPE[name](z) * (delta @ W)

    deltas = list(accumulate(zip(thetas[:0:-1], names[-2::-1], zs[-2::-1]), down,
                             initial=output_delta(case.loss, names[-1], zs[-1], acts[-1], y)))[::-1]
    gW = [d.T @ a for d, a in zip(deltas, acts)]
    gW = [g if l.mask is None else np.where(l.mask, g, np.zeros_like(g)) for g, l in zip(gW, case.layers)]
    gb = [None if b is None else d.sum(axis=0) for d, (_, b) in zip(deltas, thetas)]
    rate = case.x.dtype.type(case.learning_rate)
    new = [(W - rate * g, None if b is None else b - rate * h) for (W, b), g, h in zip(thetas, gW, gb)]
    return new, {"net_inputs": zs, "activations": acts[1:], "deltas": deltas,
                 "loss": loss_of(case.loss, zs[-1], acts[-1], y), "weight_gradients": gW, "bias_gradients": gb,
                 "weights": [W for W, _ in new], "biases": [b for _, b in new]}


@backproof.subject(activations=list(FORWARD), losses=["squared", "log", "cross_entropy"])
def net(case):
    start = [(l.weights.copy(), None if l.biases is None else l.biases.copy()) for l in case.layers]
    trail = accumulate(case.batches, lambda state, batch: update(state[0], case, batch), initial=(start, None))
    seen = [report for _, report in trail][1:]
    return seen if len(seen) > 1 else seen[0]
