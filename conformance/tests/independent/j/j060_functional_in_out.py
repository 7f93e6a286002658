"""Fault: where the gradient of the biases should be (the sum of the deltas), the biases themselves are handed
back, so every update only shrinks them by the learning rate. Weights are kept as (in, out)."""
from functools import reduce

import numpy as np
import backproof

LOGISTIC = lambda z: np.where(z < 0, np.exp(np.minimum(z, 0)), 1) / (1 + np.exp(-np.abs(z)))

TABLE = {
    "identity": (lambda z: z, lambda z: np.ones_like(z)),
    "sigmoid": (LOGISTIC, lambda z: LOGISTIC(z) * LOGISTIC(-z)),
    "tanh": (np.tanh, lambda z: (1 - np.tanh(z)) * (1 + np.tanh(z))),
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(z.dtype)),
    "softplus": (lambda z: np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))), LOGISTIC),
}


def forward(trace, layer):
    a = trace[-1][1]
    w, b, name = layer
    z = a @ w if b is None else a @ w + b
    return trace + [(z, TABLE[name][0](z))]


def gradients(layers, trace, delta):
    found = []
    for (w, b, _), (z_below, a_below), below in zip(layers[::-1], trace[-2::-1], [*layers[-2::-1], None]):
        found.append((a_below.T @ delta, b))
        if below is not None:
            delta = TABLE[below[2]][1](z_below) * (delta @ w.T)
    return found[::-1]


@backproof.subject(activations=list(TABLE), losses=["squared", "log"], weight_layout="in_out", loss_factor=0.5)
def net(case):
    rate = case.x.dtype.type(case.learning_rate)
    layers = [(l.weights.copy(), None if l.biases is None else l.biases.copy(), l.activation.name) for l in case.layers]
    masks = [np.ones_like(l.weights) if l.mask is None else l.mask.astype(l.weights.dtype) for l in case.layers]
    shown = []
    for rows in map(list, case.batches):
        x, y = case.x[rows], case.y[rows]
        trace = reduce(forward, layers, [(None, x)])
        z, o = trace[-1]
        if case.loss == "log":
            loss = np.sum(np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z))))
            delta = o - y
        else:
            loss = np.sum((o - y) ** 2) / 2
            delta = (o - y) * TABLE[layers[-1][2]][1](z)
        found = [(gw * m, gb) for (gw, gb), m in zip(gradients(layers, trace, delta), masks)]
        layers = [(w - rate * gw, None if b is None else b - rate * gb, name)
                  for (w, b, name), (gw, gb) in zip(layers, found)]
        shown.append({
            "loss": loss,
            "weight_gradients": [gw for gw, _ in found],
            "bias_gradients": [gb for _, gb in found],
            "weights": [w for w, _, _ in layers],
            "biases": [b for _, b, _ in layers],
        })
    return shown
