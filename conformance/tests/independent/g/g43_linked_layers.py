"""Fault (odd): in the forward pass each neuron is held back by its left neighbour in the layer: a tenth of the neighbour's net
input is taken off its own (the leftmost one's neighbour is the rightmost). The backward pass knows nothing of it."""
import numpy as np

import backproof


def logistic(z):
    e = np.exp(-np.abs(z))
    return np.where(z < 0, e, 1) / (1 + e)


def ramp(z):
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


class Node:
    """A layer that knows the one below and the one above."""

    def __init__(self, spec, below):
        self.below, self.above = below, None
        if below is not None:
            below.above = self
        self.name, self.par = spec.activation.name, dict(spec.activation.parameters)
        self.w = spec.weights.copy()
        self.b = None if spec.biases is None else spec.biases.copy()
        self.mask = spec.mask

    def up(self, a):
        self.below_a = a
        z = a @ self.w.T
        if self.b is not None:
            z = z + self.b
        self.z = z - 0.1 * np.roll(z, 1, axis=1)
        self.a = self.squash(self.z)
        return self if self.above is None else self.above.up(self.a)

    def squash(self, z):
        if self.name == "sigmoid":
            return logistic(z)
        if self.name == "tanh":
            return np.tanh(z)
        if self.name == "relu":
            return np.maximum(z, 0)
        if self.name == "leaky_relu":
            return np.maximum(z, 0) + self.par["slope"] * np.minimum(z, 0)
        if self.name == "elu":
            return np.maximum(z, 0) + self.par["alpha"] * np.expm1(np.minimum(z, 0))
        if self.name == "softplus":
            return ramp(z)
        if self.name == "softmax":
            e = np.exp(z - z.max(axis=1, keepdims=True))
            return e / e.sum(axis=1, keepdims=True)
        return z

    def to_z(self, g):
        z, a = self.z, self.a
        if self.name == "sigmoid":
            return g * a * logistic(-z)
        if self.name == "tanh":
            return g * (1 - a * a)
        if self.name == "relu":
            return g * (z > 0)
        if self.name == "leaky_relu":
            return np.where(z > 0, g, g * self.par["slope"])
        if self.name == "elu":
            return np.where(z > 0, g, g * (self.par["alpha"] * np.exp(np.minimum(z, 0))))
        if self.name == "softplus":
            return g * logistic(z)
        if self.name == "softmax":
            return a * (g - (g * a).sum(axis=1, keepdims=True))
        return g

    def down(self, delta):
        self.delta = delta
        self.gw = np.dot(delta.T, self.below_a)
        if self.mask is not None:
            self.gw[np.logical_not(self.mask)] = 0
        self.gb = None if self.b is None else delta.sum(axis=0)
        if self.below is not None:
            self.below.down(self.below.to_z(np.dot(delta, self.w)))

    def learn(self, rate):
        self.w = self.w - rate * self.gw
        if self.b is not None:
            self.b = self.b - rate * self.gb
        if self.above is not None:
            self.above.learn(rate)

    def gather(self, attribute):
        rest = [] if self.above is None else self.above.gather(attribute)
        return [getattr(self, attribute)] + rest


KEYS = dict(net_inputs="z", activations="a", deltas="delta", weight_gradients="gw", bias_gradients="gb", weights="w", biases="b")


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    first = last = None
    for spec in case.layers:
        last = Node(spec, last)
        first = first or last
    diary = []
    for batch in case.batches:
        y = case.y[list(batch)]
        end = first.up(case.x[list(batch)])
        if case.loss == "squared":
            loss = ((end.a - y) ** 2).sum()
            end.down(end.to_z(2 * (end.a - y)))
        else:
            if case.loss == "log":
                loss = (y * ramp(-end.z) + (1 - y) * ramp(end.z)).sum()
            else:
                s = end.z - end.z.max(axis=1, keepdims=True)
                loss = (y * (np.log(np.exp(s).sum(axis=1, keepdims=True)) - s)).sum()
            end.down(end.a - y)
        first.learn(case.x.dtype.type(case.learning_rate))
        diary.append({key: first.gather(attribute) for key, attribute in KEYS.items()} | {"loss": loss})
    return diary
