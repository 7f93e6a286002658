"""Fault: the optimiser keeps a momentum of 0.9, so from the second update on former steps are added to the new one."""
from collections import namedtuple
import numpy as np
import backproof

Pass = namedtuple("Pass", "z a delta loss dW db")


class Optimiser:
    def __init__(self, rate, momentum=0.9):
        self.rate, self.momentum, self.velocity = rate, momentum, {}

    def __call__(self, key, value, gradient):
        if value is None:
            return None
        v = self.velocity.get(key, np.zeros_like(value))
        v = v.dtype.type(self.momentum) * v - self.rate * gradient
        self.velocity[key] = v
        return value + v


def gate(z):
    u = np.exp(-np.abs(z))
    return np.where(z < 0, u, np.ones_like(u)) / (1 + u)


def curve(act, z):
    n, k = act.name, {p: z.dtype.type(v) for p, v in dict(act.parameters).items()}
    if n == "sigmoid":
        return gate(z), gate(z) * gate(-z)
    if n == "tanh":
        return np.tanh(z), 1 - np.tanh(z) ** 2
    if n == "relu":
        return np.maximum(z, 0), (z > 0).astype(z.dtype)
    if n == "leaky_relu":
        m = np.where(z > 0, z.dtype.type(1), k["slope"])
        return m * z, m
    if n == "elu":
        neg = np.minimum(z, 0)
        return np.where(z > 0, z, k["alpha"] * np.expm1(neg)), np.where(z > 0, z.dtype.type(1), k["alpha"] * np.exp(neg))
    if n == "softplus":
        return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))), gate(z)
    if n == "softmax":
        w = np.exp(z - z.max(1)[:, None])
        return w / w.sum(1)[:, None], None
    return z + 0, np.ones_like(z)


def run(case, W, b, x, y):
    z, a, slopes = [], [x], []
    for l, w, c in zip(case.layers, W, b):
        z.append(a[-1] @ w.T if c is None else a[-1] @ w.T + c)
        out, m = curve(l.activation, z[-1])
        a.append(out), slopes.append(m)
    o, top = a[-1], z[-1]
    if case.loss == "squared":
        loss, g = ((y - o) ** 2).sum(), 2 * (o - y)
        delta = [g * slopes[-1] if slopes[-1] is not None else o * (g - (g * o).sum(1)[:, None])]
    else:
        delta = [o - y]
        if case.loss == "log":
            loss = (y * np.logaddexp(0, -top) + (1 - y) * np.logaddexp(0, top)).sum()
        else:
            s = top - top.max(1)[:, None]
            loss = (y * (np.log(np.exp(s).sum(1))[:, None] - s)).sum()
    for w, m in zip(W[:0:-1], slopes[-2::-1]):
        delta.insert(0, delta[0] @ w * m)
    dW = [d.T @ v for d, v in zip(delta, a)]
    dW = [g if l.mask is None else np.where(l.mask, g, np.zeros_like(g)) for g, l in zip(dW, case.layers)]
    db = [None if c is None else d.sum(0) for d, c in zip(delta, b)]
    return Pass(z, a[1:], delta, x.dtype.type(loss), dW, db)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=[])
def net(case):
    W = [l.weights.copy() for l in case.layers]
    b = [None if l.biases is None else l.biases.copy() for l in case.layers]
    move = Optimiser(case.x.dtype.type(case.learning_rate))
    out = []
    for batch in case.batches:
        p = run(case, W, b, case.x[batch], case.y[batch])
        W = [move(("W", i), w, g) for i, (w, g) in enumerate(zip(W, p.dW))]
        b = [move(("b", i), c, g) for i, (c, g) in enumerate(zip(b, p.db))]
        out.append({"net_inputs": p.z, "activations": p.a, "deltas": p.delta, "loss": p.loss,
                    "weight_gradients": p.dW, "bias_gradients": p.db, "weights": W, "biases": b})
    return out
