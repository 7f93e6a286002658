"""Fault: the slope of leaky ReLU is ignored in the backward pass (treated as ReLU)."""
import numpy as np
import backproof


class Stack:
    def __init__(self, case):
        self.case = case
        self.dtype = case.x.dtype
        self.W = [l.weights.copy() for l in case.layers]
        self.b = [None if l.biases is None else l.biases.copy() for l in case.layers]

    def __len__(self):
        return len(self.W)

    def name(self, l):
        return self.case.layers[l].activation.name

    def leak(self, l):
        values = list(dict(self.case.layers[l].activation.parameters).values())
        return self.dtype.type(values[0])

    def f(self, l, z):
        name = self.name(l)
        if name == "leaky_relu":
            return np.where(z > 0, z, self.leak(l) * z)
        if name == "sigmoid":
            e = np.exp(-np.abs(z))
            return np.where(z >= 0, 1 / (1 + e), e / (1 + e))
        if name == "tanh":
            return np.tanh(z)
        return z

    def df(self, l, z, a):
        name = self.name(l)
        if name == "leaky_relu":
            return np.where(z > 0, self.dtype.type(1), self.dtype.type(0))
        if name == "sigmoid":
            return a * (1 - a)
        if name == "tanh":
            return 1 - a * a
        return np.ones_like(a)

    def update(self, batch):
        x, y = self.case.x[batch], self.case.y[batch]
        zs, acts = [], [x]
        for l in range(len(self)):
            z = acts[-1] @ self.W[l].T
            if self.b[l] is not None:
                z += self.b[l]
            zs.append(z)
            acts.append(self.f(l, z))
        deltas = [None] * len(self)
        for l in reversed(range(len(self))):
            if l == len(self) - 1:
                deltas[l] = acts[-1] - y
                if self.case.loss == "squared":
                    deltas[l] = deltas[l] * 2 * self.df(l, zs[l], acts[-1])
            else:
                deltas[l] = (deltas[l + 1] @ self.W[l + 1]) * self.df(l, zs[l], acts[l + 1])
        rate = self.dtype.type(self.case.learning_rate)
        for l, d in enumerate(deltas):
            g = d.T @ acts[l]
            if self.case.layers[l].mask is not None:
                g = np.where(self.case.layers[l].mask, g, self.dtype.type(0))
            self.W[l] = self.W[l] - rate * g
            if self.b[l] is not None:
                self.b[l] = self.b[l] - rate * d.sum(axis=0)
        return {"net_inputs": zs, "activations": acts[1:], "deltas": deltas, "weights": list(self.W),
                "biases": list(self.b)}


@backproof.subject(activations=["leaky_relu", "sigmoid", "tanh", "identity"], losses=["squared", "log"])
def net(case):
    stack = Stack(case)
    return [stack.update(list(batch)) for batch in case.batches]
