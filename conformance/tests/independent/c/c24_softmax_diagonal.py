"""Fault: for the squared loss on softmax outputs only the diagonal of the softmax Jacobian is used."""
import numpy as np
import backproof


class Affine:
    def __init__(self, w, b, mask):
        self.w, self.b, self.mask = w, b, mask

    def __call__(self, x):
        self.x = x
        return x @ self.w.T if self.b is None else x @ self.w.T + self.b

    def back(self, d):
        self.delta = d
        return d @ self.w

    def descend(self, rate):
        g = self.delta.T @ self.x
        self.w = self.w - rate * (g if self.mask is None else np.where(self.mask, g, 0).astype(g.dtype))
        if self.b is not None:
            self.b = self.b - rate * np.sum(self.delta, axis=0)


class Softmax:
    def __call__(self, z):
        e = np.exp(z - np.max(z, axis=1, keepdims=True))
        self.a = e / np.sum(e, axis=1, keepdims=True)
        return self.a

    def back(self, g):
        return g * self.a * (1 - self.a)


class Sigmoid(Softmax):
    def __call__(self, z):
        e = np.exp(-np.abs(z))
        self.a = np.where(z >= 0, 1 / (1 + e), e / (1 + e))
        return self.a


class Tanh:
    def __call__(self, z):
        self.a = np.tanh(z)
        return self.a

    def back(self, g):
        return g * (1 - self.a * self.a)


class Relu:
    def __call__(self, z):
        self.z = z
        return np.clip(z, 0, None)

    def back(self, g):
        return g * np.where(self.z > 0, 1, 0).astype(g.dtype)


class Identity:
    def __call__(self, z):
        return z

    def back(self, g):
        return g


TABLE = {"softmax": Softmax, "sigmoid": Sigmoid, "tanh": Tanh, "relu": Relu, "identity": Identity}


@backproof.subject(activations=list(TABLE), losses=["squared", "log", "cross_entropy"])
def net(case):
    chain = []
    for l in case.layers:
        chain += [Affine(l.weights, l.biases, l.mask), TABLE[l.activation.name]()]
    shown = []
    for batch in case.batches:
        h, seen = case.x[list(batch)], []
        for part in chain:
            h = part(h)
            seen.append(h)
        g = h - case.y[list(batch)]
        todo = chain[:-1]
        if case.loss == "squared":
            g, todo = 2 * g, chain
        for part in reversed(todo):
            g = part.back(g)
        for part in chain[::2]:
            part.descend(case.x.dtype.type(case.learning_rate))
        shown.append({"net_inputs": seen[::2], "activations": seen[1::2], "deltas": [p.delta for p in chain[::2]],
                      "weights": [p.w for p in chain[::2]], "biases": [p.b for p in chain[::2]]})
    return shown
