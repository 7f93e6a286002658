"""Faults: weight decay (0.01) is left on in the update of the weights; the delta rule takes the mean over the next layer's
neurons where it should take the sum."""
from collections import namedtuple
from functools import reduce

import numpy as np

import backproof

DECAY = 0.01
Param = namedtuple("Param", "w b")
Seen = namedtuple("Seen", "a_in z a")
Grad = namedtuple("Grad", "delta w b")


def sigmoid(z):
    t = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, t) / (1 + t)


def fn(act, z):
    n, p = act.name, dict(act.parameters)
    if n == "softmax":
        t = np.exp(z - z.max(axis=1, keepdims=True))
        return t / t.sum(axis=1, keepdims=True)
    neg, pos = np.minimum(z, 0), np.maximum(z, 0)
    if n == "sigmoid":
        return sigmoid(z)
    if n == "tanh":
        return np.tanh(z)
    if n == "softplus":
        return pos + np.log1p(np.exp(neg - pos))
    return pos + {"identity": lambda: neg, "relu": lambda: 0, "leaky_relu": lambda: p["slope"] * neg,
                  "elu": lambda: p["alpha"] * np.expm1(neg)}[n]()


def dfn(act, z):
    n, p = act.name, dict(act.parameters)
    if n == "sigmoid":
        return sigmoid(z) * sigmoid(-z)
    if n == "tanh":
        return 1 - np.tanh(z) ** 2
    if n == "softplus":
        return sigmoid(z)
    low = {"identity": lambda: 1, "relu": lambda: 0, "leaky_relu": lambda: p["slope"],
           "elu": lambda: p["alpha"] * np.exp(np.minimum(z, 0))}[n]()
    return np.where(z > 0, 1, low).astype(z.dtype)


def run(x, layers, params):
    def grow(seen, lp):
        layer, p = lp
        a_in = seen[-1].a if seen else x
        z = a_in @ p.w.T + (0 if p.b is None else p.b)
        return seen + (Seen(a_in, z, fn(layer.activation, z)),)
    return reduce(grow, zip(layers, params), ())


def first_delta(case, s, y):
    if case.loss != "squared":
        return s.a - y
    g, act = 2 * (s.a - y), case.layers[-1].activation
    return s.a * (g - (s.a * g).sum(1, keepdims=True)) if act.name == "softmax" else g * dfn(act, s.z)


def spread(case, params, seen, y):
    def shrink(ds, k):
        n_next = params[k + 1].w.shape[0]
        return (ds[0] @ params[k + 1].w / n_next * dfn(case.layers[k].activation, seen[k].z),) + ds
    return reduce(shrink, range(len(params) - 2, -1, -1), (first_delta(case, seen[-1], y),))


def loss_of(kind, s, y):
    if kind == "squared":
        return np.sum((s.a - y) ** 2)
    if kind == "log":
        tail = np.log1p(np.exp(-np.abs(s.z)))
        return np.sum(y * (tail - np.minimum(s.z, 0)) + (1 - y) * (tail + np.maximum(s.z, 0)))
    r = s.z - s.z.max(1, keepdims=True)
    return np.sum(y * (np.log(np.exp(r).sum(1, keepdims=True)) - r))


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    lr = case.x.dtype.type(case.learning_rate)

    def one(state, batch):
        params, told = state
        x, y = case.x[list(batch)], case.y[list(batch)]
        seen = run(x, case.layers, params)
        grads = [Grad(d, d.T @ s.a_in * (1 if l.mask is None else l.mask), None if l.biases is None else d.sum(0))
                 for d, s, l in zip(spread(case, params, seen, y), seen, case.layers)]
        new = tuple(Param(p.w - lr * (g.w + DECAY * p.w), None if p.b is None else p.b - lr * g.b)
                    for p, g in zip(params, grads))
        record = dict(net_inputs=[s.z for s in seen], activations=[s.a for s in seen], deltas=[g.delta for g in grads],
                      loss=loss_of(case.loss, seen[-1], y), weight_gradients=[g.w for g in grads],
                      bias_gradients=[g.b for g in grads], weights=[p.w for p in new], biases=[p.b for p in new])
        return new, told + [record]

    start = tuple(Param(l.weights, l.biases) for l in case.layers)
    return reduce(one, case.batches, (start, []))[1]
