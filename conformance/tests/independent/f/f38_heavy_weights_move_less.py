"""Fault (odd, in the update): a weight's step is divided by 1 + |w|, so heavy weights move less; biases step as usual."""
import numpy as np
import backproof


class Net:
    def __init__(self, case):
        self.case, self.t = case, case.x.dtype.type
        # the bias is weight number 0 of its neuron (E2); a missing one stays 0
        self.m = [np.hstack([np.zeros((len(l.weights), 1), case.x.dtype) if l.biases is None else l.biases[:, None],
                             l.weights]) for l in case.layers]
        self.free = [np.hstack([np.full((len(l.weights), 1), l.biases is not None),
                                np.ones(l.weights.shape, bool) if l.mask is None else l.mask]) for l in case.layers]

    @staticmethod
    def with_one(a):
        return np.hstack([np.ones((len(a), 1), a.dtype), a])

    def act(self, l, z):
        name = self.case.layers[l].activation.name
        if name == "sigmoid":
            a = np.exp(-np.logaddexp(np.zeros_like(z), -z))
            return a, a * (1 - a)
        if name == "tanh":
            a = np.tanh(z)
            return a, 1 - a ** 2
        if name == "relu":
            return np.where(z > 0, z, np.zeros_like(z)), np.where(z > 0, np.ones_like(z), np.zeros_like(z))
        if name == "softplus":
            a = np.logaddexp(np.zeros_like(z), z)
            return a, np.exp(z - a)
        if name == "softmax":
            e = np.exp(z - z.max(1, keepdims=True))
            return e / e.sum(1, keepdims=True), None
        return z.copy(), np.ones_like(z)

    def gradients(self, x, y):
        a, s = [x], []
        for l, m in enumerate(self.m):
            value, slope = self.act(l, self.with_one(a[-1]) @ m.T)
            a.append(value)
            s.append(slope)
        d = (a[-1] - y) / self.t(len(x))
        if self.case.loss == "squared":
            d = 2 * d
            d = a[-1] * (d - (d * a[-1]).sum(1, keepdims=True)) if s[-1] is None else d * s[-1]
        g = []
        for l in range(len(self.m) - 1, -1, -1):
            g.insert(0, np.where(self.free[l], d.T @ self.with_one(a[l]), self.t(0)))
            if l:
                d = s[l - 1] * (d @ self.m[l][:, 1:])
        return g

    def update(self, g):
        for m, gl in zip(self.m, g):
            damp = 1 + np.abs(m)
            damp[:, 0] = 1
            m -= self.t(self.case.learning_rate) * gl / damp

    def split(self, matrices):
        return ([m[:, 1:].copy() for m in matrices],
                [None if l.biases is None else m[:, 0].copy() for l, m in zip(self.case.layers, matrices)])


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], reduction="mean")
def net(case):
    n = Net(case)
    shown = []
    for batch in case.batches:
        g = n.gradients(case.x[list(batch)], case.y[list(batch)])
        n.update(g)
        gw, gb = n.split(g)
        w, b = n.split(n.m)
        shown.append({"weight_gradients": gw, "bias_gradients": gb, "weights": w, "biases": b})
    return shown
