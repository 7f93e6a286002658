"""Fault: for the logarithm of the loss the outputs are clipped to [1e-7, 1 - 1e-7], so the loss of
saturated outputs is wrong (it cannot exceed about 16.1); the gradients do not know of it."""
from functools import reduce

import numpy as np
import backproof

EPS = 1e-7


def sigmoid(z):
    return np.where(z >= 0, 1 / (1 + np.exp(-np.abs(z))), np.exp(-np.abs(z)) / (1 + np.exp(-np.abs(z))))


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


FORWARD = {"identity": lambda z: z, "sigmoid": sigmoid, "tanh": np.tanh,
           "relu": lambda z: np.maximum(z, 0), "softmax": softmax,
           "softplus": lambda z: np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))}
SLOPE = {"identity": lambda z, a: np.ones_like(z), "sigmoid": lambda z, a: a * (1 - a),
         "tanh": lambda z, a: 1 - a * a, "relu": lambda z, a: (z > 0).astype(z.dtype),
         "softplus": lambda z, a: sigmoid(z)}


def squared(o, y):
    return 0.5 * ((o - y) ** 2).sum()


def log_loss(o, y):
    o = np.clip(o, EPS, 1 - EPS)
    return -(y * np.log(o) + (1 - y) * np.log(1 - o)).sum()


def cross_entropy(o, y):
    o = np.clip(o, EPS, 1 - EPS)
    return -(y * np.log(o)).sum()


LOSS = {"squared": squared, "log": log_loss, "cross_entropy": cross_entropy}


def feed(state, wbf):
    a = state[-1][1]
    w, b, name = wbf
    z = a @ w.T + (0 if b is None else b)
    return state + [(z, FORWARD[name](z))]


def output_delta(loss, name, z, o, y):
    err = o - y
    if loss != "squared":
        return err
    if name == "softmax":
        return o * (err - (err * o).sum(axis=1, keepdims=True))
    return err * SLOPE[name](z, o)


def update(layers, params, x, y, loss, lr):
    names = [l.activation.name for l in layers]
    state = reduce(feed, [(*p, n) for p, n in zip(params, names)], [(None, x)])
    z, o = state[-1]
    deltas = [output_delta(loss, names[-1], z, o, y)]
    for (w, _), (z, a), n in reversed(list(zip(params[1:], state[1:], names))):
        deltas = [(deltas[0] @ w) * SLOPE[n](z, a)] + deltas
    gw = [d.T @ s[1] for d, s in zip(deltas, state)]
    gw = [g if l.mask is None else g * l.mask for g, l in zip(gw, layers)]
    gb = [None if b is None else d.sum(axis=0) for d, (_, b) in zip(deltas, params)]
    new = [(w - lr * g, None if b is None else b - lr * h) for (w, b), g, h in zip(params, gw, gb)]
    return new, {"net_inputs": [s[0] for s in state[1:]], "activations": [s[1] for s in state[1:]],
                 "deltas": deltas, "loss": LOSS[loss](state[-1][1], y),
                 "weight_gradients": gw, "bias_gradients": gb,
                 "weights": [p[0] for p in new], "biases": [p[1] for p in new]}


@backproof.subject(activations=list(FORWARD), losses=list(LOSS), loss_factor=0.5)
def net(case):
    params = [(l.weights.copy(), None if l.biases is None else l.biases.copy()) for l in case.layers]
    lr = case.x.dtype.type(case.learning_rate)
    out = []
    for batch in case.batches:
        rows = list(batch)
        params, seen = update(case.layers, params, case.x[rows], case.y[rows], case.loss, lr)
        out.append(seen)
    return out
