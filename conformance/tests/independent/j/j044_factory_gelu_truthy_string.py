"""Fault: the layer's parameter approximate ("none" or "tanh") is read as a truth value; "none" is a string that
is not empty, so the tanh formula of GELU is taken where the normal distribution was asked for."""
import math

import numpy as np

import backproof

erfc = np.vectorize(math.erfc, otypes=[np.float64])
C = math.sqrt(2 / math.pi)


def logistic(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def gelu(approximate=False):
    if approximate:
        def value(z):
            return z * logistic(2 * C * (z + 0.044715 * z ** 3))

        def slope(z):
            p = logistic(2 * C * (z + 0.044715 * z ** 3))
            return p + z * p * (1 - p) * 2 * C * (1 + 0.134145 * z * z)
    else:
        def value(z):
            return z * (0.5 * erfc(-z / math.sqrt(2))).astype(z.dtype)

        def slope(z):
            return (0.5 * erfc(-z / math.sqrt(2))).astype(z.dtype) + z * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return value, slope


def leaky_relu(slope):
    return (lambda z: np.where(z > 0, z, slope * z)), (lambda z: np.where(z > 0, 1, slope).astype(z.dtype))


def elu(alpha):
    return (lambda z: np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0))),
            lambda z: np.where(z > 0, 1, alpha * np.exp(np.minimum(z, 0))))


def plain(value, slope):
    return lambda: (value, slope)


FACTORY = {
    "gelu": gelu, "leaky_relu": leaky_relu, "elu": elu,
    "identity": plain(lambda z: z.copy(), np.ones_like),
    "sigmoid": plain(logistic, lambda z: logistic(z) * logistic(-z)),
    "tanh": plain(np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "relu": plain(lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(z.dtype)),
    "softplus": plain(lambda z: np.logaddexp(0, z), logistic),
    "softmax": plain(lambda z: np.exp(lsm(z)), None),
}


def lsm(z):
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


@backproof.subject(activations=list(FACTORY), losses=["squared", "log", "cross_entropy"],
                   skips=["general-output-delta"], weight_layout="in_out")
def net(case):
    curves = [FACTORY[l.activation.name](**dict(l.activation.parameters)) for l in case.layers]
    U = [l.weights.copy() for l in case.layers]
    c = [None if l.biases is None else l.biases.copy() for l in case.layers]
    mu = case.x.dtype.type(case.learning_rate)
    pages = []
    for batch in case.batches:
        y, h, zs = case.y[batch], [case.x[batch]], []
        for u, k, (value, _) in zip(U, c, curves):
            zs.append(h[-1] @ u if k is None else h[-1] @ u + k)
            h.append(value(zs[-1]))
        o, z = h[-1], zs[-1]
        d = o - y
        if case.loss == "squared":
            loss, d = np.sum(d ** 2), 2 * d
        elif case.loss == "log":
            loss = np.sum(np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z))))
        else:
            loss = -np.sum(y * lsm(z))
        ds = [d]
        for u, zz, (_, slope) in list(zip(U[1:], zs, curves))[::-1]:
            ds.insert(0, (ds[0] @ u.T) * slope(zz))
        gU = [a.T @ e if l.mask is None else (a.T @ e) * l.mask for a, e, l in zip(h, ds, case.layers)]
        gc = [None if k is None else e.sum(axis=0) for e, k in zip(ds, c)]
        U = [u - mu * g for u, g in zip(U, gU)]
        c = [None if k is None else k - mu * g for k, g in zip(c, gc)]
        pages.append({"net_inputs": zs, "activations": h[1:], "deltas": ds, "loss": loss,
                      "weight_gradients": gU, "bias_gradients": gc, "weights": U, "biases": c})
    return pages
