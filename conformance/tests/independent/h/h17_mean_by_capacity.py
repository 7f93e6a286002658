"""Fault: the mean divides by the size of the largest batch this network has had so far, not by this batch's size."""
import numpy as np
import backproof


def sigma(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


class Network:
    def __init__(self, case):
        self.kinds = [l.activation.name for l in case.layers]
        self.w = [l.weights.copy() for l in case.layers]
        self.b = [None if l.biases is None else l.biases.copy() for l in case.layers]
        self.masks = [l.mask for l in case.layers]
        self.loss = case.loss
        self.rate = case.x.dtype.type(case.learning_rate)
        self.capacity = 0

    def forward(self, x):
        self.a, self.z = [x], []
        for w, b, kind in zip(self.w, self.b, self.kinds):
            z = self.a[-1] @ w.T
            if b is not None:
                z += b
            self.z.append(z)
            self.a.append(self.f(kind, z))
        return self.a[-1]

    @staticmethod
    def f(kind, z):
        if kind == "sigmoid":
            return sigma(z)
        if kind == "tanh":
            return np.tanh(z)
        if kind == "relu":
            return np.where(z > 0, z, np.zeros_like(z))
        if kind == "softmax":
            e = np.exp(z - z.max(axis=1, keepdims=True))
            return e / e.sum(axis=1, keepdims=True)
        return z.copy()

    @staticmethod
    def fprime(kind, z):
        if kind == "sigmoid":
            return sigma(z) * sigma(-z)
        if kind == "tanh":
            return 1 - np.tanh(z) ** 2
        if kind == "relu":
            return (z > 0).astype(z.dtype)
        return np.ones_like(z)

    def backward(self, y):
        delta = self.a[-1] - y
        if self.loss == "squared":
            delta = 2 * delta
        self.deltas = [delta]
        for l in range(len(self.w) - 1, 0, -1):
            delta = (delta @ self.w[l]) * self.fprime(self.kinds[l - 1], self.z[l - 1])
            self.deltas.insert(0, delta)

    def gradients(self, n):
        self.capacity = max(self.capacity, n)
        self.gw, self.gb = [], []
        for d, a, b, m in zip(self.deltas, self.a, self.b, self.masks):
            g = d.T @ a / self.capacity
            self.gw.append(g if m is None else g * m)
            self.gb.append(None if b is None else d.sum(axis=0) / self.capacity)

    def update(self):
        self.w = [w - self.rate * g for w, g in zip(self.w, self.gw)]
        self.b = [None if b is None else b - self.rate * g for b, g in zip(self.b, self.gb)]


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"],
                   reduction="mean", delta_of="sample")
def net(case):
    network, views = Network(case), []
    for batch in case.batches:
        network.forward(case.x[list(batch)])
        network.backward(case.y[list(batch)])
        network.gradients(len(batch))
        network.update()
        views.append({"net_inputs": network.z, "activations": network.a[1:], "deltas": network.deltas,
                      "weight_gradients": network.gw, "bias_gradients": network.gb,
                      "weights": network.w, "biases": network.b})
    return views
