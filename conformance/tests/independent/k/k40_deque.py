"""Fault: an output error of exactly 0 is replaced by 1e-8 ("to keep the network alive"), so a
network that is right everywhere still moves."""
from collections import deque

import numpy as np
import backproof

TINY = 1e-8


def logistic(z):
    e = np.exp(-np.abs(z))
    return np.where(z > 0, 1 / (1 + e), e / (1 + e))


ACT = {"identity": lambda z: z,
       "tanh": np.tanh,
       "sigmoid": logistic,
       "softplus": lambda z: np.log1p(np.exp(-np.abs(z))) + np.maximum(z, 0),
       "relu": lambda z: np.maximum(z, 0),
       "softmax": lambda z: (lambda e: e / e.sum(1, keepdims=True))(np.exp(z - z.max(1, keepdims=True)))}
DER = {"identity": lambda z: np.ones_like(z),
       "tanh": lambda z: 1 - np.square(np.tanh(z)),
       "sigmoid": lambda z: logistic(z) * logistic(-z),
       "softplus": logistic,
       "relu": lambda z: np.greater(z, 0).astype(z.dtype)}


def alive(error):
    return np.where(error == 0, error.dtype.type(TINY), error)


@backproof.subject(activations=list(ACT), losses=["squared", "log", "cross_entropy"], loss_at="none")
def net(case):
    p = deque((np.array(l.weights), None if l.biases is None else np.array(l.biases)) for l in case.layers)
    eta = case.x.dtype.type(case.learning_rate)
    out = []
    for batch in case.batches:
        a, y = case.x[list(batch)], case.y[list(batch)]
        below, zs = deque(), deque()
        for (w, b), l in zip(p, case.layers):
            below.append(a)
            z = a @ w.T
            if b is not None:
                z = z + b
            zs.append(z)
            a = ACT[l.activation.name](z)
        name = case.layers[-1].activation.name
        delta = alive(a - y)
        if case.loss == "squared":
            delta = 2 * delta
            if name == "softmax":
                delta = a * (delta - (a * delta).sum(1, keepdims=True))
            else:
                delta = delta * DER[name](zs[-1])
        deltas, gws, gbs, new = deque(), deque(), deque(), deque()
        specs = deque(case.layers)
        zs.pop()
        while p:
            w, b = p.pop()
            spec = specs.pop()
            gw = delta.T @ below.pop()
            if spec.mask is not None:
                gw = gw * spec.mask
            gb = None if b is None else delta.sum(0)
            deltas.appendleft(delta)
            gws.appendleft(gw)
            gbs.appendleft(gb)
            new.appendleft((w - eta * gw, None if b is None else b - eta * gb))
            if p:
                delta = (delta @ w) * DER[specs[-1].activation.name](zs.pop())
        p = new
        out.append({"deltas": list(deltas), "weight_gradients": list(gws), "bias_gradients": list(gbs),
                    "weights": [w for w, _ in p], "biases": [b for _, b in p]})
    return out
