"""Fault: a layer stores the activations that come into it one update too late, so from the second update on the
weight gradients are formed with the activations of the update before."""
import numpy as np

import backproof


class Activation:
    def __init__(self, kind):
        self.kind = kind

    def forward(self, z):
        if self.kind == "sigmoid":
            half = np.exp(-np.abs(z))
            self.a = np.where(z >= 0, 1 / (1 + half), half / (1 + half))
        elif self.kind == "tanh":
            self.a = np.tanh(z)
        elif self.kind == "relu":
            self.a = np.where(z > 0, z, 0).astype(z.dtype)
        elif self.kind == "softmax":
            e = np.exp(z - z.max(axis=1, keepdims=True))
            self.a = e / e.sum(axis=1, keepdims=True)
        else:
            self.a = z
        return self.a

    def backward(self, g):
        if self.kind == "sigmoid":
            return g * self.a * (1 - self.a)
        if self.kind == "tanh":
            return g * (1 - np.square(self.a))
        if self.kind == "relu":
            return g * (self.a > 0)
        if self.kind == "softmax":
            return self.a * (g - np.sum(g * self.a, axis=1, keepdims=True))
        return g


class Linear:
    def __init__(self, w, b, mask):
        self.w, self.mask = w.copy(), mask
        self.b = None if b is None else b.copy()
        self.seen = None

    def forward(self, a):
        self.coming = a
        if self.seen is None or self.seen.shape != a.shape:
            self.seen = a
        return a @ self.w.T if self.b is None else a @ self.w.T + self.b

    def backward(self, delta):
        self.gw = delta.T @ self.seen
        if self.mask is not None:
            self.gw *= self.mask
        self.gb = None if self.b is None else delta.sum(axis=0)
        self.seen = self.coming
        return delta @ self.w

    def update(self, rate):
        self.w = self.w - rate * self.gw
        self.b = None if self.b is None else self.b - rate * self.gb


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    linears = [Linear(l.weights, l.biases, l.mask) for l in case.layers]
    functions = [Activation(l.activation.name) for l in case.layers]
    rate, pages = case.x.dtype.type(case.learning_rate), []
    for batch in case.batches:
        a, y, zs, acts = case.x[list(batch)], case.y[list(batch)], [], []
        for linear, function in zip(linears, functions):
            z = linear.forward(a)
            a = function.forward(z)
            zs.append(z)
            acts.append(a)
        if case.loss == "squared":
            loss, delta = np.sum((y - a) ** 2), functions[-1].backward(2 * (a - y))
        elif case.loss == "log":
            loss = np.sum(np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z))))
            delta = a - y
        else:
            s = z - z.max(axis=1, keepdims=True)
            loss = np.sum(y * (np.log(np.exp(s).sum(axis=1, keepdims=True)) - s))
            delta = a - y
        deltas = []
        for k in range(len(linears) - 1, -1, -1):
            deltas.insert(0, delta)
            g = linears[k].backward(delta)
            if k:
                delta = functions[k - 1].backward(g)
        for linear in linears:
            linear.update(rate)
        pages.append({"net_inputs": zs, "activations": acts, "deltas": deltas, "loss": loss,
                      "weight_gradients": [n.gw for n in linears], "bias_gradients": [n.gb for n in linears],
                      "weights": [n.w for n in linears], "biases": [n.b for n in linears]})
    return pages
