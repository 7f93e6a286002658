"""Fault: each new weight vector is stored as float32 (then used as the case's dtype), so 7 digits are left of it."""
from dataclasses import dataclass, field

import numpy as np

import backproof


@dataclass
class Neuron:
    weights: np.ndarray
    bias: object
    edges: object = None
    z: np.ndarray = field(default=None, repr=False)
    delta: np.ndarray = field(default=None, repr=False)

    def receive(self, signals):
        self.z = signals @ self.weights
        if self.bias is not None:
            self.z = self.z + self.bias
        return self.z

    def learn(self, signals, rate):
        step = rate * (self.delta @ signals)
        if self.edges is not None:
            step = np.where(self.edges, step, 0 * step)
        self.weights = np.float32(self.weights - step).astype(step.dtype)
        if self.bias is not None:
            self.bias = self.bias - rate * self.delta.sum()


@dataclass
class Layer:
    neurons: list
    kind: str
    options: dict
    signals: np.ndarray = None
    a: np.ndarray = None

    def forward(self, signals):
        self.signals = signals
        z = np.stack([neuron.receive(signals) for neuron in self.neurons], axis=1)
        self.a = self.f(z)
        return self.a

    def f(self, z):
        if self.kind == "sigmoid":
            return np.exp(np.minimum(z, 0)) / (1 + np.exp(-np.abs(z)))
        if self.kind == "tanh":
            return np.tanh(z)
        if self.kind == "softplus":
            return np.log1p(np.exp(-np.abs(z))) + np.maximum(z, 0)
        if self.kind in ("relu", "leaky_relu"):
            return np.maximum(z, 0) + z.dtype.type(self.options.get("slope", 0)) * np.minimum(z, 0)
        if self.kind == "elu":
            return np.maximum(z, 0) + z.dtype.type(self.options["alpha"]) * np.expm1(np.minimum(z, 0))
        if self.kind == "softmax":
            e = np.exp(z - z.max(1, keepdims=True))
            return e / e.sum(1, keepdims=True)
        return z

    def slope(self, i):
        z, a = self.neurons[i].z, self.a[:, i]
        if self.kind == "sigmoid":
            return a * (1 - a)
        if self.kind == "tanh":
            return 1 - a * a
        if self.kind == "softplus":
            return -np.expm1(-a)
        low = {"relu": 0 * z, "leaky_relu": 0 * z + z.dtype.type(self.options.get("slope", 0)),
               "elu": z.dtype.type(self.options.get("alpha", 1)) * np.exp(np.minimum(z, 0))}.get(self.kind)
        return np.ones_like(z) if low is None else np.where(z > 0, np.ones_like(z), low)


def build(case):
    layers = []
    for l in case.layers:
        neurons = [Neuron(l.weights[i].copy(), None if l.biases is None else l.biases[i],
                          None if l.mask is None else l.mask[i]) for i in range(len(l.weights))]
        layers.append(Layer(neurons, l.activation.name, dict(l.activation.parameters)))
    return layers


def blame_outputs(layer, y, loss):
    for i, neuron in enumerate(layer.neurons):
        miss = layer.a[:, i] - y[:, i]
        if loss != "squared":
            neuron.delta = miss
        elif layer.kind == "softmax":
            neuron.delta = 2 * layer.a[:, i] * (miss - ((layer.a - y) * layer.a).sum(1))
        else:
            neuron.delta = 2 * miss * layer.slope(i)


def blame_hidden(layer, above):
    for i, neuron in enumerate(layer.neurons):
        neuron.delta = layer.slope(i) * sum(up.weights[i] * up.delta for up in above.neurons)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "softplus", "relu", "leaky_relu", "elu", "softmax"],
                   losses=["squared", "log", "cross_entropy"], loss_at="none")
def net(case):
    layers, rate = build(case), case.x.dtype.type(case.learning_rate)
    for batch in case.batches:
        signals = case.x[batch]
        for layer in layers:
            signals = layer.forward(signals)
        blame_outputs(layers[-1], case.y[batch], case.loss)
        for layer, above in reversed(list(zip(layers, layers[1:]))):
            blame_hidden(layer, above)
        for layer in layers:
            for neuron in layer.neurons:
                neuron.learn(layer.signals, rate)
    return {"final": {
        "weights": [np.stack([n.weights for n in layer.neurons]) for layer in layers],
        "biases": [None if layer.neurons[0].bias is None else np.array([n.bias for n in layer.neurons], case.x.dtype)
                   for layer in layers]}}
