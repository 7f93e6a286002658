"""Style: functional (functools.reduce over immutable tuples, closures for the layers); shows weights and biases only. Fault: the learning rate is applied twice."""

from collections import namedtuple
from functools import reduce

import numpy as np

import backproof

Param = namedtuple("Param", "W b keep name")
Seen = namedtuple("Seen", "inp z out")


def fn(name):
    def logistic(z):
        return np.exp(-np.logaddexp(0, -z))

    def soft(z):
        e = np.exp(z - z.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True)

    table = {
        "identity": (lambda z: z, lambda s: lambda g: g),
        "sigmoid": (logistic, lambda s: lambda g: g * logistic(s.z) * logistic(-s.z)),
        "tanh": (np.tanh, lambda s: lambda g: g * (1 - s.out**2)),
        "relu": (lambda z: np.maximum(z, 0), lambda s: lambda g: np.where(s.z > 0, g, np.zeros_like(g))),
        "softmax": (soft, lambda s: lambda g: s.out * (g - (g * s.out).sum(axis=-1, keepdims=True))),
    }
    return table[name]


def see(trail, p):
    inp = trail[-1].out
    z = inp @ p.W.T if p.b is None else inp @ p.W.T + p.b
    return trail + (Seen(inp, z, fn(p.name)[0](z)),)


def start(loss, p, seen, y):
    return {
        "squared": lambda: fn(p.name)[1](seen)(2 * (seen.out - y)),
        "log": lambda: seen.out - y,
        "cross_entropy": lambda: seen.out * y.sum(axis=1, keepdims=True) - y,
    }[loss]()


def pull(deltas, pair):
    upper, (p, seen) = pair
    return (fn(p.name)[1](seen)(deltas[0] @ upper.W),) + deltas


def update(loss, alpha):
    def shrink(g):
        return alpha * g

    def once(params, xy):
        x, y = xy
        trail = reduce(see, params, (Seen(None, None, x),))[1:]
        steps = zip(params[:0:-1], tuple(zip(params, trail))[-2::-1])
        deltas = reduce(pull, steps, (start(loss, params[-1], trail[-1], y),))
        grads = tuple((d.T @ s.inp * p.keep, d.sum(axis=0)) for p, s, d in zip(params, trail, deltas))
        scaled = tuple((shrink(gW), shrink(gb)) for gW, gb in grads)
        return tuple(
            p._replace(W=p.W - alpha * gW, b=None if p.b is None else p.b - alpha * gb)
            for p, (gW, gb) in zip(params, scaled)
        )

    return once


@backproof.subject(
    activations=["sigmoid", "tanh", "relu", "identity", "softmax"], losses=["squared", "log", "cross_entropy"]
)
def net(case):
    params = tuple(
        Param(
            c.weights,
            c.biases,
            np.ones_like(c.weights) if c.mask is None else c.mask.astype(case.dtype),
            c.activation.name,
        )
        for c in case.layers
    )
    once = update(case.loss, float(case.learning_rate))
    data = ((case.x[list(rows)], case.y[list(rows)]) for rows in case.batches)
    states = reduce(lambda all_, xy: all_ + (once(all_[-1], xy),), data, (params,))[1:]
    return [{"weights": [p.W for p in s], "biases": [p.b for p in s]} for s in states]
