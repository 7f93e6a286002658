"""Fault: the gradient vector, into which every sample adds its part, is not set to zero between updates, so from the
second update on gradients add up."""
import numpy as np

import backproof


class Flat:
    """Views of weights and biases into one vector."""

    def __init__(self, layers, dtype):
        sizes = [(l.weights.shape, l.biases is not None) for l in layers]
        self.vector = np.zeros(sum(o * i + o * has for (o, i), has in sizes), dtype=dtype)
        self.W, self.b, start = [], [], 0
        for (o, i), has in sizes:
            self.W.append(self.vector[start:start + o * i].reshape(o, i))
            start += o * i
            self.b.append(self.vector[start:start + o] if has else None)
            start += o * has

    def copies(self):
        return [w.copy() for w in self.W], [None if b is None else b.copy() for b in self.b]


def value(name, z):
    if name == "sigmoid":
        e = np.exp(-np.abs(z))
        return np.where(z >= 0, 1 / (1 + e), e / (1 + e)).astype(z.dtype)
    if name == "tanh":
        return np.tanh(z)
    if name == "relu":
        return np.maximum(z, 0)
    if name == "softplus":
        return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
    if name == "softmax":
        e = np.exp(z - z.max())
        return e / e.sum()
    return z.copy()


def slope(name, z, a):
    if name == "sigmoid":
        return a * (1 - a)
    if name == "tanh":
        return 1 - a * a
    if name == "relu":
        return (z > 0).astype(z.dtype)
    if name == "softplus":
        return value("sigmoid", z)
    return np.ones_like(z)


def add_sample(p, g, layers, loss, x, y):
    """Adds the gradient of one sample to g; returns its z, a, delta and loss."""
    z, a = [], [x]
    for l, layer in enumerate(layers):
        z.append(p.W[l] @ a[-1] if p.b[l] is None else p.W[l] @ a[-1] + p.b[l])
        a.append(value(layer.activation.name, z[-1]))
    o, top, name = a[-1], z[-1], layers[-1].activation.name
    if loss == "squared":
        J, d = ((y - o) ** 2).sum(), 2 * (o - y)
        d = o * (d - d @ o) if name == "softmax" else d * slope(name, top, o)
    elif loss == "log":
        J, d = (y * value("softplus", -top) + (1 - y) * value("softplus", top)).sum(), o - y
    else:
        J, d = (y * (top.max() + np.log(np.exp(top - top.max()).sum()) - top)).sum(), o - y
    deltas = [d]
    for l in range(len(layers) - 1, 0, -1):
        d = slope(layers[l - 1].activation.name, z[l - 1], a[l]) * (p.W[l].T @ d)
        deltas.insert(0, d)
    for l, layer in enumerate(layers):
        part = np.outer(deltas[l], a[l])
        g.W[l] += part if layer.mask is None else part * layer.mask
        if g.b[l] is not None:
            g.b[l] += deltas[l]
    return z, a[1:], deltas, J


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    dtype = case.x.dtype
    p, g = Flat(case.layers, dtype), Flat(case.layers, dtype)
    for l, layer in enumerate(case.layers):
        p.W[l][:] = layer.weights
        if layer.biases is not None:
            p.b[l][:] = layer.biases
    answer = []
    for batch in case.batches:
        samples = [add_sample(p, g, case.layers, case.loss, case.x[s], case.y[s]) for s in batch]
        gW, gb = g.copies()
        p.vector -= dtype.type(case.learning_rate) * g.vector
        W, b = p.copies()
        stack = lambda k: [np.stack([s[k][l] for s in samples]) for l in range(len(case.layers))]
        answer.append({"net_inputs": stack(0), "activations": stack(1), "deltas": stack(2),
                       "loss": dtype.type(sum(s[3] for s in samples)), "weight_gradients": gW,
                       "bias_gradients": gb, "weights": W, "biases": b})
    return answer
