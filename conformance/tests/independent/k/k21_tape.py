"""Fault: the delta of every hidden layer is squeezed through float32 before it is used
(in double precision only about seven digits are left; output deltas are untouched)."""
import math

import numpy as np
import backproof

_erfc = np.vectorize(math.erfc, otypes=[np.float64])


def sig(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


class Tape:
    def __init__(self):
        self.steps = []

    def record(self, step):
        self.steps.append(step)

    def rewind(self, seed):
        g = seed
        while self.steps:
            g = self.steps.pop()(g)
        return g


def squash(tape, act, z):
    """Apply an activation; record a closure that multiplies by its derivative."""
    par = dict(act.parameters)
    if act.name == "identity":
        a, d = z.copy(), np.ones_like(z)
    elif act.name == "sigmoid":
        a = sig(z)
        d = a * sig(-z)
    elif act.name == "tanh":
        a = np.tanh(z)
        d = (1 - a) * (1 + a)
    elif act.name == "relu":
        a, d = np.maximum(z, 0), (z > 0).astype(z.dtype)
    elif act.name == "leaky_relu":
        d = np.where(z > 0, 1, par["slope"]).astype(z.dtype)
        a = d * z
    elif act.name == "elu":
        low = np.minimum(z, 0)
        a = np.where(z > 0, z, par["alpha"] * np.expm1(low)).astype(z.dtype)
        d = np.where(z > 0, 1, par["alpha"] * np.exp(low)).astype(z.dtype)
    elif act.name == "softplus":
        a, d = np.logaddexp(0, z).astype(z.dtype), sig(z)
    elif act.name == "gelu":
        if par["approximate"] == "tanh":
            c = math.sqrt(2 / math.pi)
            s = sig(2 * c * (z + 0.044715 * z ** 3))
            a, d = z * s, s + z * s * (1 - s) * 2 * c * (1 + 3 * 0.044715 * z * z)
        else:
            w = z.astype(np.float64)
            cdf = 0.5 * _erfc(-w / math.sqrt(2))
            pdf = np.exp(-w * w / 2) / math.sqrt(2 * math.pi)
            a, d = (w * cdf).astype(z.dtype), (cdf + w * pdf).astype(z.dtype)
    else:  # softmax
        e = np.exp(z - z.max(axis=1, keepdims=True))
        a = e / e.sum(axis=1, keepdims=True)
        tape.record(lambda g: a * (g - (g * a).sum(axis=1, keepdims=True)))
        return a
    tape.record(lambda g: g * d)
    return a


def cost(kind, z, o, y):
    if kind == "squared":
        return ((o - y) ** 2).sum()
    if kind == "log":
        return (y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)).sum()
    s = z - z.max(axis=1, keepdims=True)
    return -(y * (s - np.log(np.exp(s).sum(axis=1, keepdims=True)))).sum()


@backproof.subject(
    activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "gelu", "softmax"],
    losses=["squared", "log", "cross_entropy"])
def net(case):
    W = [l.weights.copy() for l in case.layers]
    B = [None if l.biases is None else l.biases.copy() for l in case.layers]
    lr = case.x.dtype.type(case.learning_rate)
    last = len(W) - 1
    shown = []
    for batch in case.batches:
        x, y = case.x[list(batch)], case.y[list(batch)]
        tape = Tape()
        zs, acts = [], []
        deltas, gw, gb = [None] * len(W), [None] * len(W), [None] * len(W)
        a = x
        for l, layer in enumerate(case.layers):
            def affine_back(delta, l=l, below=a):
                if l < last:
                    delta = delta.astype(np.float32).astype(delta.dtype)
                deltas[l] = delta
                gw[l] = delta.T @ below
                if case.layers[l].mask is not None:
                    gw[l] = gw[l] * case.layers[l].mask
                if B[l] is not None:
                    gb[l] = delta.sum(axis=0)
                return delta @ W[l]
            z = a @ W[l].T
            if B[l] is not None:
                z = z + B[l]
            tape.record(affine_back)
            a = squash(tape, layer.activation, z)
            zs.append(z)
            acts.append(a)
        loss = cost(case.loss, zs[-1], a, y)
        if case.loss == "squared":
            seed = 2 * (a - y)
        else:
            tape.steps.pop()  # the loss and the last activation are taken together
            seed = a - y
        tape.rewind(seed)
        for l in range(len(W)):
            W[l] = W[l] - lr * gw[l]
            if B[l] is not None:
                B[l] = B[l] - lr * gb[l]
        shown.append(dict(net_inputs=zs, activations=acts, deltas=list(deltas), loss=loss,
                          weight_gradients=list(gw), bias_gradients=list(gb),
                          weights=list(W), biases=list(B)))
    return shown
