"""Fault: every layer keeps its net inputs in a buffer that was allocated in single precision, so z is rounded
to float32 on its way to the activation (no matter in float32, 7 digits in float64)."""
import numpy as np

import backproof


class Dense:
    def __init__(self, spec):
        self.w = np.array(spec.weights)
        self.b = None if spec.biases is None else np.array(spec.biases)
        self.keep = spec.mask
        self.kind = spec.activation.name
        self.par = dict(spec.activation.parameters)

    def forward(self, a):
        self.inp = a
        self.buffer = np.empty((len(a), len(self.w)), dtype=np.float32)
        self.buffer[...] = a @ self.w.T
        if self.b is not None:
            self.buffer[...] = a @ self.w.T + self.b
        self.z = self.buffer.astype(a.dtype)
        self.a = self.squash(self.z)
        return self.a

    def squash(self, z):
        if self.kind == "identity":
            return z.copy()
        if self.kind == "sigmoid":
            t = np.exp(-np.abs(z))
            return np.where(z < 0, t, 1) / (1 + t)
        if self.kind == "tanh":
            return np.tanh(z)
        if self.kind == "relu":
            return np.where(z > 0, z, 0)
        if self.kind == "leaky_relu":
            return np.where(z > 0, z, self.par["slope"] * z)
        if self.kind == "elu":
            return np.where(z > 0, z, self.par["alpha"] * np.expm1(np.minimum(z, 0)))
        if self.kind == "softplus":
            return np.logaddexp(0, z)
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def chain(self, up):
        """dE/da -> dE/dz"""
        z, a = self.z, self.a
        if self.kind == "sigmoid":
            return up * a * (1 - a)
        if self.kind == "tanh":
            return up * (1 - a * a)
        if self.kind == "relu":
            return np.where(z > 0, up, 0)
        if self.kind == "leaky_relu":
            return np.where(z > 0, up, self.par["slope"] * up)
        if self.kind == "elu":
            return np.where(z > 0, up, up * self.par["alpha"] * np.exp(np.minimum(z, 0)))
        if self.kind == "softplus":
            t = np.exp(-np.abs(z))
            return up * np.where(z < 0, t, 1) / (1 + t)
        if self.kind == "softmax":
            return a * (up - (up * a).sum(axis=1, keepdims=True))
        return up.copy()

    def backward(self, delta):
        self.delta = delta
        self.gw = delta.T @ self.inp
        if self.keep is not None:
            self.gw = np.where(self.keep, self.gw, 0)
        self.gb = None if self.b is None else delta.sum(axis=0)
        return delta @ self.w

    def step(self, rate):
        self.w = self.w - rate * self.gw
        if self.b is not None:
            self.b = self.b - rate * self.gb


def loss_and_delta(kind, top, y):
    z, o = top.z, top.a
    if kind == "squared":
        return ((o - y) ** 2).sum(), top.chain(2 * (o - y))
    if kind == "log":
        return (np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))).sum(), o - y
    s = z - z.max(axis=1, keepdims=True)
    s = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    return -(y * s).sum(), o - y


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    stack = [Dense(spec) for spec in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    out = []
    for rows in case.batches:
        a = case.x[list(rows)]
        for layer in stack:
            a = layer.forward(a)
        loss, delta = loss_and_delta(case.loss, stack[-1], case.y[list(rows)])
        for i in reversed(range(len(stack))):
            up = stack[i].backward(delta)
            if i:
                delta = stack[i - 1].chain(up)
        for layer in stack:
            layer.step(rate)
        out.append({"net_inputs": [s.z for s in stack], "activations": [s.a for s in stack],
                    "deltas": [s.delta for s in stack], "loss": loss,
                    "weight_gradients": [s.gw for s in stack], "bias_gradients": [s.gb for s in stack],
                    "weights": [s.w for s in stack], "biases": [s.b for s in stack]})
    return out
