"""Fault: the loop that makes the updates runs over range(L - 1), with L the number of layers that have weights:
the output layer is never updated (its gradient is right)."""
import numpy as np

import backproof


class MLP:
    def __init__(self, layers, loss, rate):
        self.layers, self.loss, self.rate = layers, loss, rate
        self.weights = [l.weights.copy() for l in layers]
        self.biases = [None if l.biases is None else l.biases.copy() for l in layers]
        self.L = len(layers)

    @staticmethod
    def sigmoid(z):
        return np.exp(np.minimum(z, 0)) / (1 + np.exp(-np.abs(z)))

    def f(self, l, z):
        kind = self.layers[l].activation.name
        if kind == "sigmoid":
            return self.sigmoid(z)
        if kind == "tanh":
            return np.tanh(z)
        if kind == "relu":
            return np.maximum(z, 0)
        if kind == "softplus":
            return np.logaddexp(0, z)
        if kind == "softmax":
            e = np.exp(z - z.max(axis=1, keepdims=True))
            return e / e.sum(axis=1, keepdims=True)
        return z.copy()

    def df(self, l, z):
        kind = self.layers[l].activation.name
        if kind == "sigmoid":
            return self.sigmoid(z) * self.sigmoid(-z)
        if kind == "tanh":
            return 1 - np.tanh(z) ** 2
        if kind == "relu":
            return (z > 0).astype(z.dtype)
        if kind == "softplus":
            return self.sigmoid(z)
        return np.ones_like(z)

    def feed(self, x):
        zs, activations = [], [x]
        for l in range(self.L):
            z = activations[-1].dot(self.weights[l].T)
            if self.biases[l] is not None:
                z = z + self.biases[l]
            zs.append(z)
            activations.append(self.f(l, z))
        return zs, activations

    def cost(self, z, o, y):
        if self.loss == "squared":
            return 0.5 * np.sum((o - y) ** 2)
        if self.loss == "log":
            return np.sum(np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z))))
        s = z - z.max(axis=1, keepdims=True)
        return np.sum(y * (np.log(np.exp(s).sum(axis=1, keepdims=True)) - s))

    def backprop(self, x, y):
        zs, activations = self.feed(x)
        o = activations[-1]
        delta = o - y
        if self.loss == "squared":
            if self.layers[-1].activation.name == "softmax":
                delta = o * (delta - (delta * o).sum(axis=1, keepdims=True))
            else:
                delta = delta * self.df(-1, zs[-1])
        nabla_w, nabla_b = [None] * self.L, [None] * self.L
        for l in range(self.L - 1, -1, -1):
            nabla_w[l] = delta.T.dot(activations[l])
            if self.layers[l].mask is not None:
                nabla_w[l] = nabla_w[l] * self.layers[l].mask
            if self.biases[l] is not None:
                nabla_b[l] = delta.sum(axis=0)
            if l:
                delta = delta.dot(self.weights[l]) * self.df(l - 1, zs[l - 1])
        return self.cost(zs[-1], o, y), nabla_w, nabla_b

    def update(self, nabla_w, nabla_b):
        for l in range(self.L - 1):
            self.weights[l] = self.weights[l] - self.rate * nabla_w[l]
            if self.biases[l] is not None:
                self.biases[l] = self.biases[l] - self.rate * nabla_b[l]


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], loss_factor=0.5)
def net(case):
    mlp = MLP(case.layers, case.loss, case.x.dtype.type(case.learning_rate))
    story = []
    for batch in case.batches:
        cost, nabla_w, nabla_b = mlp.backprop(case.x[batch], case.y[batch])
        mlp.update(nabla_w, nabla_b)
        story.append({"loss": cost, "weight_gradients": nabla_w, "bias_gradients": nabla_b,
                      "weights": list(mlp.weights), "biases": list(mlp.biases)})
    return story
