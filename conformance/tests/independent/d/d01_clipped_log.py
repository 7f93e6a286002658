"""The outputs are clipped to [1e-7, 1 - 1e-7] before the logarithm of the loss."""

import numpy as np

import backproof


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


class Dense:
    def __init__(self, layer):
        self.w, self.b, self.mask = layer.weights.copy(), layer.biases, layer.mask
        self.name = layer.activation.name

    def forward(self, x):
        self.x = x
        self.z = x @ self.w.T if self.b is None else x @ self.w.T + self.b
        f = {"sigmoid": sigmoid, "tanh": np.tanh, "identity": np.copy, "softmax": softmax}
        self.a = f[self.name](self.z)
        return self.a

    def through(self, g):
        if self.name == "softmax":
            return self.a * (g - (g * self.a).sum(axis=1, keepdims=True))
        if self.name == "sigmoid":
            return g * self.a * (1 - self.a)
        return g * (1 - self.a**2) if self.name == "tanh" else g

    def update(self, delta, rate):
        self.delta, self.dw = delta, delta.T @ self.x
        self.db = None if self.b is None else delta.sum(axis=0)
        if self.mask is not None:
            self.dw = self.dw * self.mask
        below = delta @ self.w
        self.w = self.w - rate * self.dw
        self.b = None if self.b is None else self.b - rate * self.db
        return below


def error(o, y, kind):
    if kind == "squared":
        return ((y - o) ** 2).sum()
    p = np.clip(o, 1e-7, 1 - 1e-7)
    if kind == "log":
        return -(y * np.log(p) + (1 - y) * np.log(1 - p)).sum()
    return -(y * np.log(p)).sum()


@backproof.subject(activations=["sigmoid", "tanh", "identity", "softmax"], losses=["squared", "log", "cross_entropy"])
def net(case):
    stack, out = [Dense(layer) for layer in case.layers], []
    rate = case.x.dtype.type(case.learning_rate)
    for batch in case.batches:
        a, y = case.x[list(batch)], case.y[list(batch)]
        for d in stack:
            a = d.forward(a)
        loss = error(a, y, case.loss)
        g = stack[-1].through(2 * (a - y)) if case.loss == "squared" else a - y
        for i in reversed(range(len(stack))):
            g = stack[i].update(g, rate)
            if i:
                g = stack[i - 1].through(g)
        out.append({
            "net_inputs": [d.z for d in stack], "activations": [d.a for d in stack], "loss": loss,
            "deltas": [d.delta for d in stack], "weight_gradients": [d.dw for d in stack],
            "bias_gradients": [d.db for d in stack], "weights": [d.w for d in stack], "biases": [d.b for d in stack],
        })
    return out
