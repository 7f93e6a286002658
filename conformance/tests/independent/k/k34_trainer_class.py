"""Fault: all deltas, those of the output layer included, are stored in a float32 buffer on the way
and so have only seven digits left."""
import numpy as np
import backproof


class Trainer:
    def __init__(self, supports):
        self.supports = supports

    def __call__(self, case):
        self.case = case
        self.dtype = case.x.dtype
        self.W = [np.copy(layer.weights) for layer in case.layers]
        self.B = [None if layer.biases is None else np.copy(layer.biases) for layer in case.layers]
        self.acts = [layer.activation.name for layer in case.layers]
        return [self.fit(case.x[list(i)], case.y[list(i)]) for i in case.batches]

    @staticmethod
    def sigmoid(z):
        big = np.exp(-np.abs(z))
        return np.where(z >= 0, 1, big) / (1 + big)

    def value(self, name, z):
        if name == "softmax":
            e = np.exp(z - np.max(z, axis=1, keepdims=True))
            return e / np.sum(e, axis=1, keepdims=True)
        return {"identity": np.positive, "tanh": np.tanh, "sigmoid": self.sigmoid,
                "relu": lambda z: np.maximum(z, 0),
                "softplus": lambda z: np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))}[name](z)

    def slope(self, name, z, a):
        if name == "tanh":
            return 1 - a ** 2
        if name == "sigmoid":
            return a * (1 - a)
        if name == "relu":
            return (z > 0).astype(self.dtype)
        if name == "softplus":
            return self.sigmoid(z)
        return np.ones_like(z)

    def forward(self, x):
        self.z, self.a = [], [x]
        for w, b, name in zip(self.W, self.B, self.acts):
            z = self.a[-1] @ w.T
            if b is not None:
                z += b
            self.z.append(z)
            self.a.append(self.value(name, z))

    def keep(self, l, delta):
        buffer = np.zeros(delta.shape, dtype="float32")
        buffer[...] = delta
        self.delta[l] = buffer.astype(self.dtype)

    def backward(self, y):
        L = len(self.W)
        self.delta = [None] * L
        n, o = len(y), self.a[-1]
        error = (o - y) / n
        if self.case.loss == "squared":
            error = 2 * error
            if self.acts[-1] == "softmax":
                error = o * (error - np.sum(error * o, axis=1, keepdims=True))
            else:
                error = error * self.slope(self.acts[-1], self.z[-1], o)
        self.keep(L - 1, error)
        for l in range(L - 2, -1, -1):
            self.keep(l, (self.delta[l + 1] @ self.W[l + 1]) * self.slope(self.acts[l], self.z[l], self.a[l + 1]))
        self.gw = [d.T @ a for d, a in zip(self.delta, self.a)]
        for g, layer in zip(self.gw, self.case.layers):
            if layer.mask is not None:
                g[~layer.mask] = 0
        self.gb = [None if b is None else d.sum(axis=0) for d, b in zip(self.delta, self.B)]

    def loss(self, y):
        z, o = self.z[-1], self.a[-1]
        if self.case.loss == "squared":
            terms = (o - y) ** 2
        elif self.case.loss == "log":
            soft = np.log1p(np.exp(-np.abs(z)))
            terms = y * (np.maximum(-z, 0) + soft) + (1 - y) * (np.maximum(z, 0) + soft)
        else:
            z = z - z.max(axis=1, keepdims=True)
            terms = y * (np.log(np.exp(z).sum(axis=1, keepdims=True)) - z)
        return terms.sum() / len(y)

    def fit(self, x, y):
        self.forward(x)
        self.backward(y)
        rate = self.dtype.type(self.case.learning_rate)
        self.W = [w - rate * g for w, g in zip(self.W, self.gw)]
        self.B = [None if b is None else b - rate * g for b, g in zip(self.B, self.gb)]
        return {"net_inputs": self.z, "activations": self.a[1:], "deltas": self.delta,
                "loss": self.loss(y), "weight_gradients": self.gw, "bias_gradients": self.gb,
                "weights": self.W, "biases": self.B}


net = backproof.subject(
    activations=["identity", "tanh", "sigmoid", "relu", "softplus", "softmax"],
    losses=["squared", "log", "cross_entropy"],
    reduction="mean", delta_of="error")(Trainer("dense"))
