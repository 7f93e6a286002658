"""Fault: softplus has a sharpness parameter, softplus(z) = log(1 + exp(beta z)) / beta, whose default here is
beta = 2 and not 1 (value and derivative belong together, but it is another function, smaller everywhere)."""
from dataclasses import dataclass, field

import numpy as np

import backproof


def stable_sigmoid(z):
    out = np.empty_like(z)
    pos = z >= 0
    out[pos] = 1 / (1 + np.exp(-z[pos]))
    e = np.exp(z[~pos])
    out[~pos] = e / (1 + e)
    return out


@dataclass
class Identity:
    def value(self, z):
        return z.copy()

    def slope(self, z):
        return np.ones_like(z)


@dataclass
class Sigmoid:
    def value(self, z):
        return stable_sigmoid(z)

    def slope(self, z):
        return stable_sigmoid(z) * stable_sigmoid(-z)


@dataclass
class Tanh:
    def value(self, z):
        return np.tanh(z)

    def slope(self, z):
        return 1 - np.tanh(z) ** 2


@dataclass
class Relu:
    def value(self, z):
        return np.maximum(z, 0)

    def slope(self, z):
        return (z > 0).astype(z.dtype)


@dataclass
class Softplus:
    beta: int = 2

    def value(self, z):
        return np.logaddexp(0, self.beta * z) / self.beta

    def slope(self, z):
        return stable_sigmoid(self.beta * z)


KINDS = {"identity": Identity, "sigmoid": Sigmoid, "tanh": Tanh, "relu": Relu, "softplus": Softplus}


@dataclass
class Layer:
    w: np.ndarray
    b: np.ndarray | None
    f: object
    mask: np.ndarray | None = None
    z: np.ndarray = field(default=None, repr=False)
    a: np.ndarray = field(default=None, repr=False)
    d: np.ndarray = field(default=None, repr=False)

    def gradients(self, below):
        g = self.d.T @ below
        return (g if self.mask is None else g * self.mask), (None if self.b is None else self.d.sum(axis=0))


@backproof.subject(activations=list(KINDS), losses=["squared", "log"])
def net(case):
    layers = [Layer(s.weights.copy(), None if s.biases is None else s.biases.copy(), KINDS[s.activation.name](),
                    s.mask) for s in case.layers]
    eta = case.x.dtype.type(case.learning_rate)
    out = []
    for batch in case.batches:
        x, y = case.x[batch], case.y[batch]
        a = x
        for layer in layers:
            layer.z = a @ layer.w.T + (0 if layer.b is None else layer.b)
            layer.a = a = layer.f.value(layer.z)
        top = layers[-1]
        if case.loss == "log":
            loss = np.sum(y * np.logaddexp(0, -top.z) + (1 - y) * np.logaddexp(0, top.z))
            top.d = top.a - y
        else:
            loss = np.sum((y - top.a) ** 2)
            top.d = 2 * (top.a - y) * top.f.slope(top.z)
        for upper, lower in zip(layers[:0:-1], layers[-2::-1]):
            lower.d = lower.f.slope(lower.z) * (upper.d @ upper.w)
        grads = [layer.gradients(below) for layer, below in zip(layers, [x] + [l.a for l in layers])]
        for layer, (gw, gb) in zip(layers, grads):
            layer.w = layer.w - eta * gw
            layer.b = None if gb is None else layer.b - eta * gb
        out.append(dict(net_inputs=[l.z for l in layers], activations=[l.a for l in layers],
                        deltas=[l.d for l in layers], loss=loss,
                        weight_gradients=[g for g, _ in grads], bias_gradients=[g for _, g in grads],
                        weights=[l.w for l in layers], biases=[l.b for l in layers]))
    return out
