"""Fault: each Dense layer takes the mean of its deltas over the batch as the gradient of the bias, while
the gradient of the weights is the sum over the batch."""
import numpy as np
import backproof


class Dense:
    def __init__(self, layer):
        self.w = layer.weights.copy()
        self.b = None if layer.biases is None else layer.biases.copy()
        self.mask = layer.mask

    def forward(self, a):
        self.a = a
        self.z = a @ self.w.T if self.b is None else a @ self.w.T + self.b
        return self.z

    def backward(self, delta):
        self.delta = delta
        self.dw = delta.T @ self.a
        if self.mask is not None:
            self.dw = self.dw * self.mask
        self.db = None if self.b is None else delta.mean(axis=0)
        return delta @ self.w

    def descend(self, lr):
        self.w = self.w - lr * self.dw
        if self.b is not None:
            self.b = self.b - lr * self.db


class Identity:
    def forward(self, z):
        self.a = z
        return z

    def backward(self, g):
        return g


class Sigmoid:
    def forward(self, z):
        e = np.exp(-np.abs(z))
        self.a = np.where(z < 0, e / (1 + e), 1 / (1 + e))
        self.da = e / (1 + e) ** 2
        return self.a

    def backward(self, g):
        return g * self.da


class Tanh:
    def forward(self, z):
        self.a = np.tanh(z)
        return self.a

    def backward(self, g):
        return g * (1 - self.a ** 2)


class Relu:
    def forward(self, z):
        self.on = z > 0
        self.a = np.where(self.on, z, 0).astype(z.dtype)
        return self.a

    def backward(self, g):
        return g * self.on


class Softmax:
    def forward(self, z):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        self.a = e / e.sum(axis=1, keepdims=True)
        return self.a

    def backward(self, g):
        return self.a * (g - np.sum(g * self.a, axis=1, keepdims=True))


UNITS = {"identity": Identity, "sigmoid": Sigmoid, "tanh": Tanh, "relu": Relu, "softmax": Softmax}


def criterion(kind, z, o, y):
    """loss, and whether the gradient is by o (True) or already by z (False)"""
    if kind == "squared":
        return np.sum((o - y) ** 2), 2 * (o - y), True
    if kind == "log":
        return np.sum(np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))) - y * z), o - y, False
    s = z - z.max(axis=1, keepdims=True)
    return -np.sum(y * (s - np.log(np.exp(s).sum(axis=1, keepdims=True)))), o - y, False


@backproof.subject(activations=list(UNITS), losses=["squared", "log", "cross_entropy"])
def net(case):
    dense = [Dense(layer) for layer in case.layers]
    units = [UNITS[layer.activation.name]() for layer in case.layers]
    lr = case.x.dtype.type(case.learning_rate)
    answers = []
    for batch in case.batches:
        a, y = case.x[list(batch)], case.y[list(batch)]
        for d, u in zip(dense, units):
            a = u.forward(d.forward(a))
        loss, g, by_output = criterion(case.loss, dense[-1].z, a, y)
        for d, u in zip(dense[::-1], units[::-1]):
            if d is not dense[-1] or by_output:
                g = u.backward(g)
            g = d.backward(g)
        for d in dense:
            d.descend(lr)
        answers.append({
            "net_inputs": [d.z for d in dense], "activations": [u.a for u in units],
            "deltas": [d.delta for d in dense], "loss": loss,
            "weight_gradients": [d.dw for d in dense], "bias_gradients": [d.db for d in dense],
            "weights": [d.w for d in dense], "biases": [d.b for d in dense]})
    return answers
