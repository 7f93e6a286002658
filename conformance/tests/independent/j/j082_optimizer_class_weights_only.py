"""Fault: the descent runs with momentum 0.9 where plain gradient descent is asked for; from the second update on the
earlier steps are added."""
import numpy as np

import backproof


class Descent:
    def __init__(self, parameters, rate, momentum=0.9):
        self.parameters = parameters
        self.rate = rate
        self.momentum = momentum
        self.velocity = [np.zeros_like(p) for p in parameters]

    def step(self, gradients):
        for p, v, g in zip(self.parameters, self.velocity, gradients):
            v *= p.dtype.type(self.momentum)
            v -= self.rate * g
            p += v


class Network:
    def __init__(self, case):
        self.layers = case.layers
        self.w = [np.array(l.weights) for l in case.layers]
        self.b = [None if l.biases is None else np.array(l.biases) for l in case.layers]

    def parameters(self):
        return self.w + [b for b in self.b if b is not None]

    def act(self, i, z):
        name = self.layers[i].activation.name
        if name == "relu":
            return np.maximum(0, z)
        if name == "tanh":
            return np.tanh(z)
        if name == "sigmoid":
            big = np.exp(-np.abs(z))
            return np.where(z >= 0, 1 / (1 + big), big / (1 + big))
        if name == "softmax":
            e = np.exp(z - np.max(z, axis=1, keepdims=True))
            return e / np.sum(e, axis=1, keepdims=True)
        return z

    def slope(self, i, a):
        name = self.layers[i].activation.name
        if name == "relu":
            return (a > 0).astype(a.dtype)
        if name == "tanh":
            return 1 - a * a
        if name == "sigmoid":
            return a * (1 - a)
        return np.ones_like(a)

    def gradients(self, x, y, loss):
        acts = [x]
        for i, w in enumerate(self.w):
            z = acts[-1] @ w.T
            if self.b[i] is not None:
                z += self.b[i]
            acts.append(self.act(i, z))
        delta = acts[-1] - y
        if loss == "squared":
            delta = delta * 2 * self.slope(len(self.w) - 1, acts[-1])
        gw, gb = [], []
        for i in reversed(range(len(self.w))):
            g = delta.T @ acts[i]
            mask = self.layers[i].mask
            gw.append(g if mask is None else g * mask)
            if self.b[i] is not None:
                gb.append(delta.sum(axis=0))
            if i > 0:
                delta = (delta @ self.w[i]) * self.slope(i - 1, acts[i])
        return gw[::-1] + gb[::-1]


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"], loss_at="none")
def net(case):
    network = Network(case)
    optimizer = Descent(network.parameters(), case.x.dtype.type(case.learning_rate))
    states = []
    for batch in case.batches:
        index = list(batch)
        optimizer.step(network.gradients(case.x[index], case.y[index], case.loss))
        states.append({"weights": [w.copy() for w in network.w],
                       "biases": [None if b is None else b.copy() for b in network.b]})
    return states
