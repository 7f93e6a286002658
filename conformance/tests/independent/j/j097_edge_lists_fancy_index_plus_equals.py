"""Fault (my own): the network is kept as lists of edges (source, target, weight). Going back, the deltas are gathered
with `back[:, source] += ...`; NumPy's fancy += does not add up repeated indices, so of all edges that leave a neuron
only the last one counts. (The forward pass has np.add.at and is right.)"""
import numpy as np

import backproof


class Edges:
    def __init__(self, spec):
        exists = np.ones(spec.weights.shape, bool) if spec.mask is None else spec.mask
        self.target, self.source = np.nonzero(exists)
        self.shape = spec.weights.shape
        self.weight = spec.weights[self.target, self.source]
        self.bias = None if spec.biases is None else spec.biases.copy()
        self.kind, self.options = spec.activation.name, dict(spec.activation.parameters)

    def forward(self, a):
        self.a = a
        self.z = np.zeros((len(a), self.shape[0]), a.dtype)
        np.add.at(self.z, (slice(None), self.target), a[:, self.source] * self.weight)
        if self.bias is not None:
            self.z += self.bias
        self.out = self.fire(self.z)
        return self.out

    def backward(self):
        """dE/da of the layer below."""
        back = np.zeros((len(self.delta), self.shape[1]), self.delta.dtype)
        back[:, self.source] += self.delta[:, self.target] * self.weight
        return back

    def fire(self, z):
        if self.kind == "sigmoid":
            return np.exp(-np.logaddexp(z.dtype.type(0), -z))
        if self.kind == "tanh":
            return np.tanh(z)
        if self.kind == "relu":
            return np.maximum(z, 0)
        if self.kind == "leaky_relu":
            return np.where(z > 0, z, z.dtype.type(self.options["slope"]) * z)
        if self.kind == "softplus":
            return np.logaddexp(z.dtype.type(0), z)
        if self.kind == "softmax":
            e = np.exp(z - z.max(axis=1, keepdims=True))
            return e / e.sum(axis=1, keepdims=True)
        return z.copy()

    def through(self, g):
        z, a = self.z, self.out
        if self.kind == "sigmoid":
            return g * a * (1 - a)
        if self.kind == "tanh":
            return g * (1 - a * a)
        if self.kind == "relu":
            return g * (z > 0)
        if self.kind == "leaky_relu":
            return np.where(z > 0, g, z.dtype.type(self.options["slope"]) * g)
        if self.kind == "softplus":
            return g * np.exp(-np.logaddexp(z.dtype.type(0), -z))
        if self.kind == "softmax":
            return a * (g - (a * g).sum(axis=1, keepdims=True))
        return g

    def learn(self, rate):
        self.grad = (self.delta[:, self.target] * self.a[:, self.source]).sum(axis=0)
        self.bias_grad = None if self.bias is None else self.delta.sum(axis=0)
        self.weight = self.weight - rate * self.grad
        if self.bias is not None:
            self.bias = self.bias - rate * self.bias_grad

    def dense(self, values):
        matrix = np.zeros(self.shape, values.dtype)
        matrix[self.target, self.source] = values
        return matrix


def loss_of(kind, z, o, y):
    if kind == "squared":
        return ((y - o) ** 2).sum()
    if kind == "log":
        return (np.logaddexp(z.dtype.type(0), z) - y * z).sum()
    s = z - z.max(axis=1, keepdims=True)
    return (y * (np.log(np.exp(s).sum(axis=1, keepdims=True)) - s)).sum()


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    layers, results = [Edges(spec) for spec in case.layers], []
    for batch in case.batches:
        o, y = case.x[batch], case.y[batch]
        for layer in layers:
            o = layer.forward(o)
        top = layers[-1]
        top.delta = top.through(2 * (o - y)) if case.loss == "squared" else o - y
        for lower, upper in zip(layers[-2::-1], layers[:0:-1]):
            lower.delta = lower.through(upper.backward())
        for layer in layers:
            layer.learn(case.x.dtype.type(case.learning_rate))
        results.append({"net_inputs": [l.z for l in layers], "activations": [l.out for l in layers],
                        "deltas": [l.delta for l in layers], "loss": loss_of(case.loss, top.z, o, y),
                        "weight_gradients": [l.dense(l.grad) for l in layers],
                        "bias_gradients": [l.bias_grad for l in layers],
                        "weights": [l.dense(l.weight) for l in layers], "biases": [l.bias for l in layers]})
    return results if len(results) > 1 else results[0]
