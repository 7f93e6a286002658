"""Fault: the error is computed in place in the row of the (own) label array, so the next time the sample comes up
its label is the error of the last time."""
import numpy as np
import backproof


def _sig(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def _softplus(z):
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


class Net:
    def __init__(self, case):
        self.W = [l.weights.copy() for l in case.layers]
        self.b = [l.biases.copy() if l.biases is not None else None for l in case.layers]
        self.names = [l.activation.name for l in case.layers]
        self.masks = [l.mask for l in case.layers]
        self.loss = case.loss
        self.rate = case.x.dtype.type(case.learning_rate)

    def f(self, name, z):
        if name == "softmax":
            e = np.exp(z - z.max())
            return e / e.sum()
        return {"identity": np.copy, "tanh": np.tanh, "sigmoid": _sig, "softplus": _softplus,
                "relu": lambda t: np.maximum(t, 0)}[name](z)

    def fprime(self, name, z):
        if name == "tanh":
            return 4 * _sig(2 * z) * _sig(-2 * z)
        if name == "sigmoid":
            return _sig(z) * _sig(-z)
        if name == "softplus":
            return _sig(z)
        return (z > 0).astype(z.dtype) if name == "relu" else np.ones_like(z)

    def cost(self, y, z, o):
        if self.loss == "squared":
            return np.sum((y - o) ** 2)
        if self.loss == "log":
            return np.sum(y * _softplus(-z) + (1 - y) * _softplus(z))
        s = z - z.max()
        return np.sum(y * (np.log(np.sum(np.exp(s))) - s))

    def sample(self, x, y, gW, gb):
        a, z = [x], []
        for W, b, n in zip(self.W, self.b, self.names):
            z.append(W @ a[-1] if b is None else W @ a[-1] + b)
            a.append(self.f(n, z[-1]))
        cost = self.cost(y, z[-1], a[-1])
        d = np.subtract(a[-1], y, out=y)
        if self.loss == "squared":
            d = 2 * d
            if self.names[-1] == "softmax":
                d = a[-1] * (d - d @ a[-1])
            else:
                d = d * self.fprime(self.names[-1], z[-1])
        for l in range(len(self.W) - 1, -1, -1):
            gW[l] += np.outer(d, a[l])
            if gb[l] is not None:
                gb[l] += d
            if l > 0:
                d = self.fprime(self.names[l - 1], z[l - 1]) * (self.W[l].T @ d)
        return cost

    def update(self, gW, gb):
        for l in range(len(self.W)):
            if self.masks[l] is not None:
                gW[l] *= self.masks[l]
            self.W[l] = self.W[l] - self.rate * gW[l]
            if gb[l] is not None:
                self.b[l] = self.b[l] - self.rate * gb[l]


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    n = Net(case)
    labels = case.y.copy()
    steps = []
    for batch in case.batches:
        gW = [np.zeros_like(w) for w in n.W]
        gb = [None if b is None else np.zeros_like(b) for b in n.b]
        E = case.x.dtype.type(0)
        for i in batch:
            E += n.sample(case.x[i], labels[i], gW, gb)
        n.update(gW, gb)
        steps.append({"loss": E, "weight_gradients": gW, "bias_gradients": gb,
                      "weights": list(n.W), "biases": list(n.b)})
    return steps
