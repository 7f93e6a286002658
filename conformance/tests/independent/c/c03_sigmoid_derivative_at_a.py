"""Fault: the derivative of the sigmoid is taken at a instead of z, sigma(a) (1 - sigma(a))."""
import numpy as np
import backproof


def sigma(z):
    return np.where(z < 0, np.exp(np.minimum(z, 0)) / (1 + np.exp(np.minimum(z, 0))), 1 / (1 + np.exp(-np.maximum(z, 0))))


class Dense:
    def __init__(self, spec):
        self.w, self.b, self.mask = spec.weights, spec.biases, spec.mask

    def forward(self, x):
        self.x = x
        y = x @ self.w.T
        return y if self.b is None else y + self.b

    def backward(self, d):
        self.gw = d.T @ self.x
        if self.mask is not None:
            self.gw = self.gw * self.mask
        self.gb = d.sum(0)
        return d @ self.w

    def step(self, rate):
        self.w = self.w - rate * self.gw
        if self.b is not None:
            self.b = self.b - rate * self.gb


class Sigmoid:
    def forward(self, z):
        self.a = sigma(z)
        return self.a

    def backward(self, g):
        s = sigma(self.a)
        return g * s * (1 - s)


class ReLU:
    def forward(self, z):
        self.on = z > 0
        return np.where(self.on, z, 0)

    def backward(self, g):
        return np.where(self.on, g, 0)


class Identity:
    def forward(self, z):
        return z

    def backward(self, g):
        return g


KINDS = {"sigmoid": Sigmoid, "relu": ReLU, "identity": Identity}


@backproof.subject(activations=list(KINDS), losses=["squared", "log"])
def net(case):
    dense = [Dense(s) for s in case.layers]
    act = [KINDS[s.activation.name]() for s in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    shown = []
    for batch in case.batches:
        h, y = case.x[list(batch)], case.y[list(batch)]
        for d, a in zip(dense, act):
            h = a.forward(d.forward(h))
        g = h - y if case.loss == "log" else act[-1].backward(2 * (h - y))
        deltas = [g]
        for k in range(len(dense) - 1, -1, -1):
            back = dense[k].backward(deltas[0])
            if k > 0:
                deltas.insert(0, act[k - 1].backward(back))
        for d in dense:
            d.step(rate)
        shown.append({"deltas": deltas, "weights": [d.w for d in dense], "biases": [d.b for d in dense]})
    return shown
