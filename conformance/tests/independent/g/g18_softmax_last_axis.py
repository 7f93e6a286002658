"""Fault: samples lie in columns, but softmax still runs over the last axis, so over the samples, not the classes."""
import numpy as np
import backproof


def softmax(Z, axis=-1):
    E = np.exp(Z - Z.max(axis=axis, keepdims=True))
    return E / E.sum(axis=axis, keepdims=True)


def log_softmax(Z, axis=-1):
    S = Z - Z.max(axis=axis, keepdims=True)
    return S - np.log(np.exp(S).sum(axis=axis, keepdims=True))


def sigma(Z):
    return np.where(Z >= 0, 1, np.exp(-np.abs(Z))) / (1 + np.exp(-np.abs(Z)))


class Node:
    """One layer; knows the one below (or the data) and keeps what the last pass left."""

    def __init__(self, layer, below):
        self.W, self.b, self.mask = layer.weights.copy(), layer.biases, layer.mask
        if self.b is not None:
            self.b = self.b[:, None].copy()
        self.act, self.opt, self.below = layer.activation.name, dict(layer.activation.parameters), below

    def pull(self, X):
        self.inp = X if self.below is None else self.below.pull(X)
        self.Z = self.W @ self.inp
        if self.b is not None:
            self.Z = self.Z + self.b
        Z = self.Z
        if self.act == "softmax":
            self.A = softmax(Z)
        elif self.act == "sigmoid":
            self.A = sigma(Z)
        elif self.act == "tanh":
            self.A = np.tanh(Z)
        elif self.act == "relu":
            self.A = np.maximum(Z, 0)
        elif self.act == "elu":
            self.A = np.where(Z > 0, Z, Z.dtype.type(self.opt["alpha"]) * np.expm1(np.minimum(Z, 0)))
        else:
            self.A = Z
        return self.A

    def slope(self):
        if self.act == "sigmoid":
            return self.A * (1 - self.A)
        if self.act == "tanh":
            return 1 - self.A ** 2
        if self.act == "relu":
            return (self.Z > 0).astype(self.Z.dtype)
        if self.act == "elu":
            return np.where(self.Z > 0, self.Z.dtype.type(1), self.Z.dtype.type(self.opt["alpha"]) * np.exp(np.minimum(self.Z, 0)))
        return np.ones_like(self.Z)

    def push(self, delta):
        self.D = delta
        self.dW = delta @ self.inp.T
        if self.mask is not None:
            self.dW = self.dW * self.mask
        self.db = None if self.b is None else delta.sum(axis=1)
        if self.below is not None:
            self.below.push((self.W.T @ delta) * self.below.slope())

    def move(self, rate):
        self.W = self.W - rate * self.dW
        if self.b is not None:
            self.b = self.b - rate * self.db[:, None]


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "elu", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"], batch_axis=1)
def net(case):
    nodes = []
    for layer in case.layers:
        nodes.append(Node(layer, nodes[-1] if nodes else None))
    rate, book = case.x.dtype.type(case.learning_rate), []
    for batch in case.batches:
        Y, top = case.y[:, batch], nodes[-1]
        O = top.pull(case.x[:, batch])
        if case.loss == "squared":
            E, delta = np.sum((Y - O) ** 2), 2 * (O - Y)
        elif case.loss == "log":
            E, delta = np.sum(Y * np.logaddexp(0, -top.Z) + (1 - Y) * np.logaddexp(0, top.Z)), O - Y
        else:
            E, delta = -np.sum(Y * log_softmax(top.Z)), O - Y
        top.push(delta)
        for n in nodes:
            n.move(rate)
        book.append({"net_inputs": [n.Z for n in nodes], "activations": [n.A for n in nodes],
                     "deltas": [n.D for n in nodes], "loss": rate.dtype.type(E),
                     "weight_gradients": [n.dW for n in nodes], "bias_gradients": [n.db for n in nodes],
                     "weights": [n.W for n in nodes], "biases": [None if n.b is None else n.b[:, 0] for n in nodes]})
    return book
