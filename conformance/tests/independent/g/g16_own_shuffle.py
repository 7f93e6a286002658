"""Fault: the given order of the samples is ignored; the program shuffles the training set by itself in every epoch and
cuts its batches (of the given sizes) from that."""
import numpy as np
import backproof


class Loader:
    def __init__(self, x, y, seed=42):
        self.x, self.y = x, y
        self.rng = np.random.default_rng(seed)
        self.queue = []

    def draw(self, size):
        rows = []
        while len(rows) < size:
            if not self.queue:
                self.queue = list(self.rng.permutation(len(self.x)))
            rows.append(self.queue.pop(0))
        return self.x[rows], self.y[rows]


class MLP:
    def __init__(self, case):
        self.T = case.x.dtype.type
        self.loss = case.loss
        self.names = [l.activation.name for l in case.layers]
        self.masks = [l.mask for l in case.layers]
        self.W = [l.weights.copy() for l in case.layers]
        self.b = [None if l.biases is None else l.biases.copy() for l in case.layers]

    def act(self, name, z):
        if name == "softmax":
            e = np.exp(z - z.max(axis=1, keepdims=True))
            return e / e.sum(axis=1, keepdims=True)
        if name == "sigmoid":
            return np.where(z >= 0, 1 / (1 + np.exp(-np.abs(z))), np.exp(-np.abs(z)) / (1 + np.exp(-np.abs(z))))
        return {"tanh": np.tanh, "relu": lambda v: np.maximum(v, 0), "identity": np.copy}[name](z)

    def slope(self, name, a):
        if name == "sigmoid":
            return a * (1 - a)
        if name == "tanh":
            return 1 - a * a
        return np.ones_like(a) if name == "identity" else (a > 0).astype(a.dtype)

    def fit_batch(self, x, y, lr):
        a, zs = [x], []
        for name, w, b in zip(self.names, self.W, self.b):
            z = a[-1] @ w.T
            if b is not None:
                z += b
            zs.append(z)
            a.append(self.act(name, z))
        E = self.error(zs[-1], a[-1], y)
        d = a[-1] - y
        if self.loss == "squared":
            d = 2 * d * self.slope(self.names[-1], a[-1])
        ds = [d]
        for i in range(len(self.W) - 1, 0, -1):
            d = (d @ self.W[i]) * self.slope(self.names[i - 1], a[i])
            ds.append(d)
        ds.reverse()
        gw = [d.T @ v * (1 if m is None else m) for d, v, m in zip(ds, a, self.masks)]
        gb = [None if b is None else d.sum(axis=0) for d, b in zip(ds, self.b)]
        self.W = [w - lr * g for w, g in zip(self.W, gw)]
        self.b = [None if b is None else b - lr * g for b, g in zip(self.b, gb)]
        return {"net_inputs": zs, "activations": a[1:], "deltas": ds, "loss": self.T(E), "weight_gradients": gw,
                "bias_gradients": gb, "weights": self.W, "biases": self.b}

    def error(self, z, o, y):
        if self.loss == "squared":
            return np.sum((y - o) ** 2)
        if self.loss == "log":
            return np.sum(y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z))
        m = z.max(axis=1, keepdims=True)
        return np.sum(y * (m - z + np.log(np.exp(z - m).sum(axis=1, keepdims=True))))


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"])
def net(case):
    model, loader = MLP(case), Loader(case.x, case.y)
    lr = case.x.dtype.type(case.learning_rate)
    return [model.fit_batch(*loader.draw(len(batch)), lr) for batch in case.batches]
