"""Fault: the net inputs are written to a workspace that was allocated as float32, whatever the dtype of the data,
so that in float64 only about 7 digits of them are left."""
import numpy as np
import backproof


def half(z):
    """exp(-|z|) and the logistic function."""
    e = np.exp(-np.abs(z))
    return e, np.where(z < 0, e, 1) / (1 + e)


class Workspace:
    """Columns are samples; buffers are as wide as the largest batch and are used again in every update."""

    def __init__(self, case):
        self.dtype = case.x.dtype
        self.width = max(len(b) for b in case.batches)
        self.W = [np.array(l.weights, copy=True) for l in case.layers]
        self.b = [None if l.biases is None else np.array(l.biases).reshape(-1, 1) for l in case.layers]
        self.mask = [l.mask for l in case.layers]
        self.kind = [l.activation.name for l in case.layers]
        self.z_buf = [np.empty((len(w), self.width), dtype="f4") for w in self.W]

    def up(self, x):
        n = x.shape[1]
        self.a, self.z = [x], []
        for l, w in enumerate(self.W):
            z = self.z_buf[l][:, :n]
            z[:] = w @ self.a[-1] if self.b[l] is None else w @ self.a[-1] + self.b[l]
            self.z.append(z.astype(self.dtype))
            self.a.append(self.f(self.kind[l], self.z[-1]))
        return self.a[-1]

    def f(self, kind, z):
        if kind == "sigmoid":
            return half(z)[1]
        if kind == "tanh":
            return np.tanh(z)
        if kind == "relu":
            return np.maximum(z, 0)
        if kind == "softplus":
            return np.maximum(z, 0) + np.log1p(half(z)[0])
        if kind == "softmax":
            e = np.exp(z - z.max(axis=0))
            return e / e.sum(axis=0)
        return z.copy()

    def multiply_slope(self, kind, z, d):
        if kind == "sigmoid":
            d *= half(z)[1] * half(-z)[1]
        elif kind == "tanh":
            d *= 4 * half(2 * z)[1] * half(-2 * z)[1]
        elif kind == "relu":
            d *= z > 0
        elif kind == "softplus":
            d *= half(z)[1]

    def down(self, y, loss):
        o = self.a[-1]
        d = o - y
        if loss == "squared":
            d *= 2
            if self.kind[-1] == "softmax":
                d -= (d * o).sum(axis=0)
                d *= o
            else:
                self.multiply_slope(self.kind[-1], self.z[-1], d)
        self.d = [d]
        for l in range(len(self.W) - 1, 0, -1):
            d = self.W[l].T @ d
            self.multiply_slope(self.kind[l - 1], self.z[l - 1], d)
            self.d.insert(0, d)

    def change(self, rate):
        self.gW = [d @ a.T for d, a in zip(self.d, self.a)]
        self.gb = [None if b is None else d.sum(axis=1, keepdims=True) for d, b in zip(self.d, self.b)]
        for l in range(len(self.W)):
            if self.mask[l] is not None:
                self.gW[l][~self.mask[l]] = 0
            self.W[l] -= rate * self.gW[l]
            if self.b[l] is not None:
                self.b[l] -= rate * self.gb[l]


def flat(columns):
    return [None if c is None else c[:, 0].copy() for c in columns]


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], batch_axis=1)
def net(case):
    ws = Workspace(case)
    seen = []
    for batch in case.batches:
        ws.up(case.x[:, list(batch)])
        ws.down(case.y[:, list(batch)], case.loss)
        ws.change(case.x.dtype.type(case.learning_rate))
        seen.append(dict(net_inputs=ws.z, activations=ws.a[1:], deltas=ws.d, weight_gradients=ws.gW,
                         bias_gradients=flat(ws.gb), weights=[w.copy() for w in ws.W], biases=flat(ws.b)))
    return seen
