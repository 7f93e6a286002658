"""From the second update on, the gradients use the activations cached in the update before."""

import numpy as np

import backproof


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


class Layer:
    def __init__(self, spec):
        self.w, self.b, self.mask, self.name = spec.weights, spec.biases, spec.mask, spec.activation.name
        self.cached = None

    def forward(self, x):
        self.fresh = x
        if self.cached is None or self.cached.shape != x.shape:
            self.cached = x
        self.z = x @ self.w.T if self.b is None else x @ self.w.T + self.b
        self.a = {"sigmoid": sigmoid, "tanh": np.tanh, "identity": np.array}[self.name](self.z)
        return self.a

    def slope(self):
        return {"sigmoid": self.a * (1 - self.a), "tanh": 1 - self.a**2, "identity": np.ones_like(self.a)}[self.name]

    def backward(self, delta):
        self.delta = delta
        self.gw = delta.T @ self.cached
        if self.mask is not None:
            self.gw = self.gw * self.mask
        self.gb = None if self.b is None else delta.sum(axis=0)
        self.cached = self.fresh
        return delta @ self.w

    def step(self, lr):
        self.w = self.w - lr * self.gw
        self.b = None if self.b is None else self.b - lr * self.gb


class Trainer:
    def __init__(self, case):
        self.case, self.layers = case, [Layer(spec) for spec in case.layers]

    def cost(self, y):
        top = self.layers[-1]
        if self.case.loss == "squared":
            return ((y - top.a) ** 2).sum(), 2 * (top.a - y) * top.slope()
        rest = np.log1p(np.exp(-np.abs(top.z)))
        losses = y * (np.maximum(-top.z, 0) + rest) + (1 - y) * (np.maximum(top.z, 0) + rest)
        return losses.sum(), top.a - y

    def train(self, x, y):
        for layer in self.layers:
            x = layer.forward(x)
        loss, g = self.cost(y)
        for i in range(len(self.layers) - 1, -1, -1):
            g = self.layers[i].backward(g)
            if i:
                g = g * self.layers[i - 1].slope()
        for layer in self.layers:
            layer.step(x.dtype.type(self.case.learning_rate))
        keys = {"net_inputs": "z", "activations": "a", "deltas": "delta", "weight_gradients": "gw",
                "bias_gradients": "gb", "weights": "w", "biases": "b"}
        return {"loss": loss, **{k: [getattr(layer, v) for layer in self.layers] for k, v in keys.items()}}


@backproof.subject(activations=["sigmoid", "tanh", "identity"], losses=["squared", "log"])
def net(case):
    trainer = Trainer(case)
    return [trainer.train(case.x[list(i)], case.y[list(i)]) for i in case.batches]
