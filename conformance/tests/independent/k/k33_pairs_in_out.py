"""Fault: GELU's derivative is taken to be Phi(z) alone; the term z phi(z) of the product rule is
missing (likewise for the tanh form: only 0.5 (1 + tanh u) is left)."""
import math

import numpy as np
import backproof

C = math.sqrt(2 / math.pi)


def elementwise(function):
    def run(z):
        flat = [function(float(t)) for t in z.ravel()]
        return np.array(flat, dtype=z.dtype).reshape(z.shape)
    return run


Phi = elementwise(lambda t: 0.5 * math.erfc(-t / math.sqrt(2)))


def sigma(z):
    e = np.exp(-abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def pair(act):
    """(f, f') of an activation."""
    p = dict(act.parameters)
    if act.name == "gelu":
        if p["approximate"] == "tanh":
            gate = lambda z: sigma(2 * C * (z + 0.044715 * z * z * z))  # 0.5 (1 + tanh u)
        else:
            gate = Phi
        return lambda z: z * gate(z), gate
    if act.name == "relu":
        return lambda z: np.maximum(z, 0), lambda z: np.heaviside(z, np.zeros_like(z))
    if act.name == "leaky_relu":
        s = p["slope"]
        return (lambda z: np.where(z > 0, z, s * z),
                lambda z: np.where(z > 0, 1, s).astype(z.dtype))
    if act.name == "elu":
        k = p["alpha"]
        return (lambda z: np.where(z > 0, z, k * np.expm1(np.minimum(z, 0))),
                lambda z: np.where(z > 0, np.ones_like(z), k * np.exp(np.minimum(z, 0))))
    if act.name == "tanh":
        return np.tanh, lambda z: 1 - np.tanh(z) ** 2
    if act.name == "sigmoid":
        return sigma, lambda z: sigma(z) * sigma(-z)
    if act.name == "softplus":
        return lambda z: np.logaddexp(np.zeros_like(z), z), sigma
    if act.name == "identity":
        return lambda z: z, np.ones_like

    def softmax(z):
        e = np.exp(z - z.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True)
    return softmax, None


@backproof.subject(
    activations=["gelu", "relu", "leaky_relu", "elu", "tanh", "sigmoid", "softplus", "identity", "softmax"],
    losses=["squared", "log", "cross_entropy"], weight_layout="in_out")
def net(case):
    fs, primes = zip(*(pair(layer.activation) for layer in case.layers))
    masks = [1 if layer.mask is None else layer.mask.astype(case.x.dtype) for layer in case.layers]
    W = [layer.weights.copy() for layer in case.layers]
    B = [None if layer.biases is None else layer.biases.copy() for layer in case.layers]
    eta = case.x.dtype.type(case.learning_rate)
    told = []
    for batch in case.batches:
        take = np.array(batch, dtype=int)
        y = case.y.take(take, axis=0)
        a, z = [case.x.take(take, axis=0)], []
        for w, b, f in zip(W, B, fs):
            z.append(a[-1] @ w if b is None else a[-1] @ w + b)
            a.append(f(z[-1]))
        o = a[-1]
        if case.loss == "squared":
            loss = ((y - o) ** 2).sum()
            g = 2 * (o - y)
            if primes[-1] is None:
                delta = o * (g - (g * o).sum(axis=-1, keepdims=True))
            else:
                delta = g * primes[-1](z[-1])
        elif case.loss == "log":
            nil = np.zeros_like(o)
            loss = (y * np.logaddexp(nil, -z[-1]) + (1 - y) * np.logaddexp(nil, z[-1])).sum()
            delta = o - y
        else:
            s = z[-1] - z[-1].max(axis=-1, keepdims=True)
            loss = (y * (np.log(np.exp(s).sum(axis=-1, keepdims=True)) - s)).sum()
            delta = o - y
        deltas = [delta]
        for w, prime, zl in list(zip(W[1:], primes, z))[::-1]:
            deltas.insert(0, (deltas[0] @ w.T) * prime(zl))
        GW = [m * (a_in.T @ d) for m, a_in, d in zip(masks, a, deltas)]
        GB = [None if b is None else d.sum(axis=0) for b, d in zip(B, deltas)]
        W = [w - eta * g for w, g in zip(W, GW)]
        B = [None if b is None else b - eta * g for b, g in zip(B, GB)]
        told.append({"net_inputs": z, "activations": a[1:], "deltas": deltas, "loss": loss,
                     "weight_gradients": GW, "bias_gradients": GB, "weights": W, "biases": B})
    return told
