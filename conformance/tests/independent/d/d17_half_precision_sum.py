"""The gradients are summed over the samples in half precision."""

import numpy as np

import backproof


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


class Net:
    def __init__(self, case):
        self.case = case
        self.w = [l.weights for l in case.layers]
        self.b = [l.biases for l in case.layers]
        self.names = [l.activation.name for l in case.layers]

    def sample(self, x, y):
        """The gradients of one sample."""
        a = [x]
        for w, b, name in zip(self.w, self.b, self.names):
            z = w @ a[-1] if b is None else w @ a[-1] + b
            a.append({"sigmoid": sigmoid, "tanh": np.tanh, "identity": np.array}[name](z))
        d = a[-1] - y
        if self.case.loss == "squared":
            d = 2 * d * self.prime(self.names[-1], a[-1])
        gw, gb = [], []
        for l in range(len(self.w) - 1, -1, -1):
            gw.insert(0, np.outer(d, a[l]))
            gb.insert(0, d)
            if l:
                d = (self.w[l].T @ d) * self.prime(self.names[l - 1], a[l])
        return gw, gb

    def prime(self, name, a):
        return {"sigmoid": a * (1 - a), "tanh": 1 - a * a, "identity": np.ones_like(a)}[name]

    def update(self, batch):
        t = self.case.x.dtype
        lr = t.type(self.case.learning_rate)
        singles = [self.sample(self.case.x[s], self.case.y[s]) for s in batch]
        gw, gb = [], []
        for l, layer in enumerate(self.case.layers):
            g = np.stack([s[0][l] for s in singles]).sum(axis=0, dtype=np.float16).astype(t)
            gw.append(g if layer.mask is None else np.where(layer.mask, g, 0))
            h = np.stack([s[1][l] for s in singles]).sum(axis=0, dtype=np.float16).astype(t)
            gb.append(None if layer.biases is None else h)
        self.w = [w - lr * g for w, g in zip(self.w, gw)]
        self.b = [None if b is None else b - lr * g for b, g in zip(self.b, gb)]
        return {"weight_gradients": gw, "bias_gradients": gb, "weights": self.w, "biases": self.b}


@backproof.subject(activations=["sigmoid", "tanh", "identity"], losses=["squared", "log"])
def net(case):
    model = Net(case)
    return [model.update(batch) for batch in case.batches]
