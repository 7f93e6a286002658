"""Fault: in the update, the step of a neuron's j-th incoming weight (j = 1, 2, ...) is divided by j, so that later edges
learn ever more slowly. Biases take full steps; the gradients themselves are right."""
from functools import reduce
from typing import NamedTuple
import numpy as np
import backproof


class Par(NamedTuple):
    w: np.ndarray
    b: np.ndarray | None


class Passed(NamedTuple):
    given: np.ndarray
    z: np.ndarray
    a: np.ndarray


def sigmoid(z):
    return np.exp(np.minimum(z, 0)) / (1 + np.exp(-np.abs(z)))


def fun(name, z):
    match name:
        case "sigmoid": return sigmoid(z)
        case "tanh": return np.tanh(z)
        case "relu": return np.maximum(z, 0)
        case "softplus": return np.logaddexp(0, z)
        case "softmax":
            e = np.exp(z - z.max(1, keepdims=True))
            return e / e.sum(1, keepdims=True)
        case _: return z


def jac(name, p, g):
    """sensitivity to the activation -> sensitivity to the net input"""
    match name:
        case "sigmoid": return g * sigmoid(p.z) * sigmoid(-p.z)
        case "tanh": return g * (1 - p.a * p.a)
        case "relu": return g * (p.z > 0)
        case "softplus": return g * sigmoid(p.z)
        case "softmax": return p.a * (g - (p.a * g).sum(1, keepdims=True))
        case _: return g


def forward(pars, names, x):
    def more(seen, q):
        par, name = q
        given = seen[-1].a if seen else x
        z = given @ par.w.T if par.b is None else given @ par.w.T + par.b
        return seen + (Passed(given, z, fun(name, z)),)
    return reduce(more, zip(pars, names), ())


def output_side(loss, name, p, y):
    if loss == "squared":
        return np.sum((y - p.a) ** 2), jac(name, p, 2 * (p.a - y))
    if loss == "log":
        return np.sum(np.logaddexp(0, p.z) - y * p.z), p.a - y
    s = p.z - p.z.max(1, keepdims=True)
    return np.sum(y * (np.log(np.exp(s).sum(1, keepdims=True)) - s)), p.a - y


def backward(pars, names, seen, d):
    def more(ds, q):
        above, name, p = q
        return (jac(name, p, ds[0] @ above.w),) + ds
    return reduce(more, zip(pars[:0:-1], names[-2::-1], seen[-2::-1]), (d,))


def updated(par, gw, gb, rate):
    rank = np.arange(1, par.w.shape[1] + 1, dtype=par.w.dtype)
    return Par(par.w - rate * gw / rank, None if par.b is None else par.b - rate * gb)


def one_update(pars, batch, case, names, masks):
    seen = forward(pars, names, case.x[batch])
    loss, d = output_side(case.loss, names[-1], seen[-1], case.y[batch])
    ds = backward(pars, names, seen, d)
    gw = [d.T @ p.given if m is None else d.T @ p.given * m for d, p, m in zip(ds, seen, masks)]
    gb = [None if q.b is None else d.sum(0) for q, d in zip(pars, ds)]
    new = [updated(q, g, h, case.x.dtype.type(case.learning_rate)) for q, g, h in zip(pars, gw, gb)]
    return new, {"loss": loss, "deltas": list(ds), "weight_gradients": gw, "bias_gradients": gb,
                 "weights": [q.w for q in new], "biases": [q.b for q in new]}


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    names, masks = [l.activation.name for l in case.layers], [l.mask for l in case.layers]
    pars = [Par(l.weights.copy(), None if l.biases is None else l.biases.copy()) for l in case.layers]
    told = []
    for batch in case.batches:
        pars, seen = one_update(pars, batch, case, names, masks)
        told.append(seen)
    return told
