"""Fault: the loader of the inputs makes an integer table of them, so everything behind the point is cut off
(0.93 becomes 0, -1.4 becomes -1). The labels are read as they are."""
import numpy as np

import backproof


class Data:
    def __init__(self, x, y):
        self.type = x.dtype
        self.inputs = np.zeros(x.shape, dtype=int)
        self.inputs[:] = x
        self.labels = y.copy()

    def __getitem__(self, rows):
        return self.inputs[rows].astype(self.type), self.labels[rows]


def squash(name, z):
    if name == "sigmoid":
        e = np.exp(-np.abs(z))
        a = np.where(z > 0, 1 / (1 + e), e / (1 + e))
        return a, a * (1 - a)
    if name == "tanh":
        a = np.tanh(z)
        return a, 1 - a * a
    if name == "relu":
        return np.maximum(z, 0), np.where(z > 0, 1, 0).astype(z.dtype)
    if name == "softplus":
        return np.logaddexp(0, z), np.exp(-np.logaddexp(0, -z))
    if name == "softmax":
        e = np.exp(z - z.max(1, keepdims=True))
        return e / e.sum(1, keepdims=True), None
    return z.copy(), np.ones_like(z)


class Net:
    def __init__(self, case):
        self.spec = case.layers
        self.W = [l.weights.copy() for l in case.layers]
        self.b = [None if l.biases is None else l.biases.copy() for l in case.layers]
        self.kind = case.loss

    def run(self, x):
        self.z, self.a, self.k = [], [x], []
        for l, w, c in zip(self.spec, self.W, self.b):
            z = self.a[-1] @ w.T
            z = z if c is None else z + c
            a, k = squash(l.activation.name, z)
            self.z.append(z)
            self.a.append(a)
            self.k.append(k)

    def learn(self, y, rate):
        o = self.a[-1]
        if self.kind != "squared":
            d = o - y
        elif self.k[-1] is None:
            g = 2 * (o - y)
            d = o * (g - (g * o).sum(1, keepdims=True))
        else:
            d = 2 * (o - y) * self.k[-1]
        self.d = [d]
        for w, k in zip(self.W[:0:-1], self.k[-2::-1]):
            self.d.insert(0, k * (self.d[0] @ w))
        self.gW = [d.T @ a for d, a in zip(self.d, self.a)]
        self.gW = [g if l.mask is None else g * l.mask for g, l in zip(self.gW, self.spec)]
        self.gb = [None if c is None else d.sum(0) for d, c in zip(self.d, self.b)]
        self.W = [w - rate * g for w, g in zip(self.W, self.gW)]
        self.b = [None if c is None else c - rate * g for c, g in zip(self.b, self.gb)]


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], loss_at="none")
def net(case):
    data, model = Data(case.x, case.y), Net(case)
    rate = case.x.dtype.type(case.learning_rate)
    pages = []
    for rows in case.batches:
        x, y = data[rows]
        model.run(x)
        model.learn(y, rate)
        pages.append({"net_inputs": model.z, "activations": model.a[1:], "deltas": model.d,
                      "weight_gradients": model.gW, "bias_gradients": model.gb,
                      "weights": model.W, "biases": model.b})
    return pages
