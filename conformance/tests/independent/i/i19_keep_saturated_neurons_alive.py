"""The derivative of the sigmoid is clipped to [0.01, 0.99], so that a saturated neuron still gets a gradient of at
least 0.01 times what flows into it, which is not the derivative of the function that was evaluated."""
import numpy as np

import backproof


class Sigmoid:
    def value(self, z):
        e = np.exp(-np.abs(z))
        return np.where(z >= 0, 1 / (1 + e), e / (1 + e))

    def slope(self, z, a):
        return np.clip(a * (1 - a), 0.01, 0.99)     # never let a neuron die


class Tanh:
    def value(self, z):
        return np.tanh(z)

    def slope(self, z, a):
        return 1 - a * a


class ReLU:
    def value(self, z):
        return np.maximum(z, 0)

    def slope(self, z, a):
        return (z > 0).astype(z.dtype)


class Identity:
    def value(self, z):
        return z.copy()

    def slope(self, z, a):
        return np.ones_like(z)


class Softmax:
    def value(self, z):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)


KINDS = {"sigmoid": Sigmoid, "tanh": Tanh, "relu": ReLU, "identity": Identity, "softmax": Softmax}


class Dense:
    def __init__(self, spec):
        self.weights = np.array(spec.weights)
        self.biases = None if spec.biases is None else np.array(spec.biases)
        self.mask = spec.mask
        self.function = KINDS[spec.activation.name]()

    def forward(self, inputs):
        self.inputs = inputs
        self.z = inputs @ self.weights.T
        if self.biases is not None:
            self.z = self.z + self.biases
        self.a = self.function.value(self.z)
        return self.a

    def backward(self, from_above):
        """from_above is dE/da; what goes further down is dE/d(inputs)."""
        if isinstance(self.function, Softmax):
            return self.receive(self.a * (from_above - (from_above * self.a).sum(axis=1, keepdims=True)))
        return self.receive(from_above * self.function.slope(self.z, self.a))

    def receive(self, delta):
        self.delta = delta
        self.grad_weights = delta.T @ self.inputs
        if self.mask is not None:
            self.grad_weights = self.grad_weights * self.mask
        self.grad_biases = None if self.biases is None else delta.sum(axis=0)
        return delta @ self.weights

    def step(self, rate):
        self.weights -= rate * self.grad_weights
        if self.biases is not None:
            self.biases -= rate * self.grad_biases


def loss_of(kind, z, o, y):
    if kind == "squared":
        return ((o - y) ** 2).sum()
    if kind == "log":
        return (y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)).sum()
    shifted = z - z.max(axis=1, keepdims=True)
    return -(y * (shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))).sum()


@backproof.subject(activations=list(KINDS), losses=["squared", "log", "cross_entropy"])
def net(case):
    layers = [Dense(spec) for spec in case.layers]
    head = layers[-1]
    shown = []
    for batch in case.batches:
        a, y = case.x[list(batch)], case.y[list(batch)]
        for layer in layers:
            a = layer.forward(a)
        loss = loss_of(case.loss, head.z, a, y)
        up = head.backward(2 * (a - y)) if case.loss == "squared" else head.receive(a - y)
        for layer in reversed(layers[:-1]):
            up = layer.backward(up)
        for layer in layers:
            layer.step(case.learning_rate)
        shown.append({
            "net_inputs": [layer.z for layer in layers],
            "activations": [layer.a for layer in layers],
            "deltas": [layer.delta for layer in layers],
            "loss": loss,
            "weight_gradients": [layer.grad_weights for layer in layers],
            "bias_gradients": [layer.grad_biases for layer in layers],
            "weights": [layer.weights.copy() for layer in layers],
            "biases": [None if layer.biases is None else layer.biases.copy() for layer in layers],
        })
    return shown
