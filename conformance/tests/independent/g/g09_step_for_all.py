"""Fault: the derivative of every activation is taken as that of ReLU (1 where z > 0, else 0). Only the end is shown."""
from dataclasses import dataclass, field
import numpy as np
import backproof


@dataclass
class Layer:
    weights: np.ndarray
    biases: object
    mask: object
    kind: str
    options: dict
    inputs: np.ndarray = field(default=None, repr=False)
    z: np.ndarray = field(default=None, repr=False)

    def fire(self, inputs):
        self.inputs = inputs
        self.z = inputs.dot(self.weights.T)
        if self.biases is not None:
            self.z += self.biases
        return getattr(self, "f_" + self.kind)(self.z)

    def f_identity(self, z):
        return z

    def f_sigmoid(self, z):
        small = np.exp(-np.abs(z))
        return np.where(z < 0, small / (1 + small), 1 / (1 + small))

    def f_tanh(self, z):
        return np.tanh(z)

    def f_relu(self, z):
        return np.where(z > 0, z, np.zeros_like(z))

    def f_leaky_relu(self, z):
        return np.where(z > 0, z, z * z.dtype.type(self.options["slope"]))

    def f_elu(self, z):
        return np.where(z > 0, z, z.dtype.type(self.options["alpha"]) * np.expm1(np.minimum(z, 0)))

    def f_softplus(self, z):
        return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))

    def f_softmax(self, z):
        e = np.exp(z - np.amax(z, axis=1, keepdims=True))
        return e / np.sum(e, axis=1, keepdims=True)

    def slope(self):
        return (self.z > 0).astype(self.z.dtype)

    def learn(self, delta, rate):
        """Take the step and say dE/d inputs (with the weights before the step)."""
        below = delta.dot(self.weights)
        step = rate * delta.T.dot(self.inputs)
        if self.mask is not None:
            step = np.where(self.mask, step, 0)
        self.weights -= step
        if self.biases is not None:
            self.biases -= rate * delta.sum(axis=0)
        return below


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"], loss_at="none")
def net(case):
    stack = [Layer(np.copy(l.weights), None if l.biases is None else np.copy(l.biases), l.mask,
                   l.activation.name, dict(l.activation.parameters)) for l in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    for batch in case.batches:
        signal = case.x[batch]
        for layer in stack:
            signal = layer.fire(signal)
        delta = signal - case.y[batch]
        if case.loss == "squared":
            delta = delta * 2
        for i in range(len(stack) - 1, -1, -1):
            below = stack[i].learn(delta, rate)
            if i > 0:
                delta = below * stack[i - 1].slope()
    return {"final": {"weights": [l.weights for l in stack], "biases": [l.biases for l in stack]}}
