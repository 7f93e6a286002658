"""Fault: the buffers that the weight gradient reads are refreshed only after the backward pass, so from the second
update on delta is multiplied by the activations of the update before."""
import numpy as np
import backproof


class Net:
    def __init__(self, case):
        self.layers = case.layers
        self.kind = case.loss
        self.dtype = case.x.dtype
        self.W = [l.weights.copy() for l in case.layers]
        self.b = [l.biases.copy() if l.biases is not None else None for l in case.layers]
        rows = max(len(b) for b in case.batches)
        widths = [case.x.shape[1]] + [w.shape[0] for w in self.W]
        # what enters each layer, allocated once and reused by every update
        self.buffers = [np.zeros((rows, n), self.dtype) for n in widths[:-1]]
        self.started = False

    def f(self, i, z):
        name = self.layers[i].activation.name
        if name == "identity":
            return z.copy()
        if name == "tanh":
            return np.tanh(z)
        if name == "relu":
            return np.maximum(z, 0)
        if name == "sigmoid":
            out = np.empty_like(z)
            p = z >= 0
            out[p] = 1 / (1 + np.exp(-z[p]))
            out[~p] = np.exp(z[~p]) / (1 + np.exp(z[~p]))
            return out
        shifted = np.exp(z - z.max(axis=-1, keepdims=True))
        return shifted / shifted.sum(axis=-1, keepdims=True)

    def df(self, i, z, a):
        name = self.layers[i].activation.name
        if name == "tanh":
            return 1 - a * a
        if name == "relu":
            return np.heaviside(z, 0).astype(z.dtype)
        if name == "sigmoid":
            return a * (1 - a)
        return np.ones_like(z)

    def refresh(self, activations):
        for buf, a in zip(self.buffers, activations):
            buf[: len(a)] = a

    def train(self, x, y, rate):
        L = len(self.W)
        a, z = [x], []
        for i in range(L):
            z.append(a[i] @ self.W[i].T)
            if self.b[i] is not None:
                z[i] += self.b[i]
            a.append(self.f(i, z[i]))
        if not self.started:
            self.refresh(a)
            self.started = True
        err = a[L] - y
        if self.kind == "squared":
            err = 2 * err * self.df(L - 1, z[-1], a[-1])
        deltas = [err]
        for i in range(L - 1, 0, -1):
            deltas.insert(0, (deltas[0] @ self.W[i]) * self.df(i - 1, z[i - 1], a[i]))
        gw, gb = [], []
        for i, d in enumerate(deltas):
            g = d.T @ self.buffers[i][: len(x)]
            if self.layers[i].mask is not None:
                g[~self.layers[i].mask] = 0
            gw.append(g)
            gb.append(None if self.b[i] is None else d.sum(axis=0))
        for i in range(L):
            self.W[i] -= rate * gw[i]
            if self.b[i] is not None:
                self.b[i] -= rate * gb[i]
        self.refresh(a)
        return {"net_inputs": z, "activations": a[1:], "deltas": deltas, "weight_gradients": gw, "bias_gradients": gb,
                "weights": [w.copy() for w in self.W],
                "biases": [None if b is None else b.copy() for b in self.b]}


@backproof.subject(activations=["identity", "tanh", "relu", "sigmoid", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"])
def net(case):
    model = Net(case)
    rate = case.x.dtype.type(case.learning_rate)
    return [model.train(case.x[b], case.y[b], rate) for b in map(list, case.batches)]
