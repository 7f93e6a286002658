"""Fault: every hidden delta is disturbed by a random relative error of about 1e-5, another one in every run,
as if threads raced for it."""
from dataclasses import dataclass, field
from typing import Optional

import numpy as np
import backproof

dice = np.random.default_rng()


@dataclass
class Stage:
    w: np.ndarray
    b: Optional[np.ndarray]
    mask: Optional[np.ndarray]
    kind: str
    opts: dict = field(default_factory=dict)
    z: np.ndarray = None
    a: np.ndarray = None
    d: np.ndarray = None

    def fire(self, below):
        self.below = below
        self.z = below @ self.w.T if self.b is None else below @ self.w.T + self.b
        self.a = getattr(self, self.kind)(self.z)[0]
        return self.a

    def slope(self):
        return getattr(self, self.kind)(self.z)[1]

    def identity(self, z):
        return z.copy(), np.ones_like(z)

    def sigmoid(self, z):
        e = np.exp(-np.abs(z))
        return np.where(z >= 0, 1, e) / (1 + e), e / (1 + e) ** 2

    def tanh(self, z):
        return np.tanh(z), 4 * self.sigmoid(2 * z)[1]

    def relu(self, z):
        return np.maximum(z, 0), (z > 0).astype(z.dtype)

    def leaky_relu(self, z):
        k = z.dtype.type(self.opts["slope"])
        g = np.where(z > 0, z.dtype.type(1), k)
        return z * g, g

    def elu(self, z):
        alpha, m = self.opts["alpha"], np.minimum(z, 0)
        return np.where(z > 0, z, alpha * np.expm1(m)), np.where(z > 0, 1, alpha * np.exp(m)).astype(z.dtype)

    def softplus(self, z):
        return np.logaddexp(0, z).astype(z.dtype), self.sigmoid(z)[0]

    def softmax(self, z):
        e = np.exp(z - z.max(axis=1)[:, None])
        return e / e.sum(axis=1)[:, None], None


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    stages = [Stage(l.weights.copy(), None if l.biases is None else l.biases.copy(), l.mask, l.activation.name,
                    dict(l.activation.parameters)) for l in case.layers]
    dt = case.x.dtype.type
    log = []
    for rows in case.batches:
        signal, y = case.x[list(rows)], case.y[list(rows)]
        for s in stages:
            signal = s.fire(signal)
        top = stages[-1]
        top.d = top.a - y
        if case.loss == "squared":
            g = 2 * top.d
            top.d = top.a * (g - (g * top.a).sum(1, keepdims=True)) if top.kind == "softmax" else g * top.slope()
        for upper, s in zip(stages[:0:-1], stages[-2::-1]):
            s.d = (upper.d @ upper.w) * s.slope()
            s.d *= 1 + dt(1e-5) * dice.standard_normal(s.d.shape).astype(dt)
        gws = [s.d.T @ s.below * (1 if s.mask is None else s.mask) for s in stages]
        gbs = [None if s.b is None else s.d.sum(axis=0) for s in stages]
        for s, gw, gb in zip(stages, gws, gbs):
            s.w = s.w - dt(case.learning_rate) * gw
            if gb is not None:
                s.b = s.b - dt(case.learning_rate) * gb
        log.append(dict(net_inputs=[s.z for s in stages], activations=[s.a for s in stages],
                        deltas=[s.d for s in stages], weight_gradients=gws, bias_gradients=gbs,
                        weights=[s.w for s in stages], biases=[s.b for s in stages]))
    return log
