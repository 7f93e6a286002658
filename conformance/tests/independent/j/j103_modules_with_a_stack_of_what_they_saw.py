"""Fault (my own): each layer pushes what it sees of a sample (input and net input) on a stack; all samples of a batch
go forward first, then their errors go backward in the same order, first sample first, and every layer pops the newest
entry. So the error of sample s meets the inputs and slopes of sample n+1-s (E17, E11 with another sample's z and a)."""
import numpy as np

import backproof


class Module:
    def __init__(self, given):
        self.w = np.array(given.weights)
        self.b = None if given.biases is None else np.array(given.biases)
        self.mask, self.kind = given.mask, given.activation.name
        self.stack = []
        self.zero_grad()

    def zero_grad(self):
        self.gw = np.zeros_like(self.w)
        self.gb = None if self.b is None else np.zeros_like(self.b)

    def f(self, z):
        if self.kind == "sigmoid":
            e = np.exp(-np.abs(z))
            return np.where(z >= 0, 1 / (1 + e), e / (1 + e))
        if self.kind == "tanh":
            return np.tanh(z)
        if self.kind == "relu":
            return np.maximum(z, 0)
        if self.kind == "softmax":
            e = np.exp(z - z.max())
            return e / e.sum()
        return z

    def df(self, z):
        if self.kind == "sigmoid":
            return self.f(z) * self.f(-z)
        if self.kind == "tanh":
            return 1 - np.tanh(z) ** 2
        if self.kind == "relu":
            return (z > 0).astype(z.dtype)
        return np.ones_like(z)

    def forward(self, a):
        z = self.w @ a
        if self.b is not None:
            z = z + self.b
        self.stack.append((a, z))
        return z, self.f(z)

    def backward(self, g, is_delta=False):
        a, z = self.stack.pop()
        delta = g if is_delta else g * self.df(z)
        self.gw += np.outer(delta, a)
        if self.gb is not None:
            self.gb += delta
        return delta, self.w.T @ delta

    def step(self, rate):
        if self.mask is not None:
            self.gw[~self.mask] = 0
        self.w -= rate * self.gw
        if self.b is not None:
            self.b -= rate * self.gb


def loss(kind, z, o, y):
    if kind == "squared":
        return np.sum((o - y) ** 2)
    if kind == "log":
        return np.sum(np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z))))
    s = z - z.max()
    return np.sum(y * (np.log(np.exp(s).sum()) - s))


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"])
def net(case):
    modules = [Module(given) for given in case.layers]
    dtype = case.x.dtype
    pages = []
    for batch in case.batches:
        zs, acts, deltas = ([[] for _ in modules] for _ in range(3))
        errors, total = [], 0
        for module in modules:
            module.zero_grad()
        for s in batch:
            a, y = case.x[s], case.y[s]
            for l, module in enumerate(modules):
                z, a = module.forward(a)
                zs[l].append(z)
                acts[l].append(a)
            errors.append((a - y) * (2 if case.loss == "squared" else 1))
            total += loss(case.loss, z, a, y)
        for error in errors:
            g, is_delta = error, True
            for l in reversed(range(len(modules))):
                delta, g = modules[l].backward(g, is_delta)
                deltas[l].append(delta)
                is_delta = False
        for module in modules:
            module.step(dtype.type(case.learning_rate))
        pages.append({
            "net_inputs": [np.array(v) for v in zs], "activations": [np.array(v) for v in acts],
            "deltas": [np.array(v) for v in deltas], "loss": dtype.type(total),
            "weight_gradients": [m.gw.copy() for m in modules],
            "bias_gradients": [None if m.gb is None else m.gb.copy() for m in modules],
            "weights": [m.w.copy() for m in modules],
            "biases": [None if m.b is None else m.b.copy() for m in modules]})
    return pages
