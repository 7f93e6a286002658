"""Style: classes with forward() and backward(); fault: the bias gradient takes only the first sample of the batch."""

import numpy as np

import backproof


class Affine:
    def __init__(self, weights, biases, mask):
        self.weights = weights.copy()
        self.biases = None if biases is None else biases.copy()
        self.mask = mask
        self.grad_biases = None

    def forward(self, x):
        self.x = x
        self.z = x @ self.weights.T
        if self.biases is not None:
            self.z += self.biases
        return self.z

    def backward(self, delta):
        self.delta = delta
        self.grad_weights = delta.T @ self.x
        if self.mask is not None:
            self.grad_weights = np.where(self.mask, self.grad_weights, np.zeros_like(self.grad_weights))
        if self.biases is not None:
            self.grad_biases = delta[0].copy()
        return delta @ self.weights

    def step(self, rate):
        self.weights = self.weights - rate * self.grad_weights
        if self.biases is not None:
            self.biases = self.biases - rate * self.grad_biases


class Identity:
    def forward(self, z):
        self.out = z.copy()
        return self.out

    def backward(self, g):
        return g


class Sigmoid:
    @staticmethod
    def f(z):
        t = np.exp(-np.abs(z))
        return np.where(z >= 0, np.ones_like(z), t) / (1 + t)

    def forward(self, z):
        self.out, self.complement = self.f(z), self.f(-z)
        return self.out

    def backward(self, g):
        return g * self.out * self.complement


class Tanh:
    def forward(self, z):
        self.out = np.tanh(z)
        t = np.exp(-2 * np.abs(z))
        self.slope = 4 * t / np.square(1 + t)
        return self.out

    def backward(self, g):
        return g * self.slope


class ReLU:
    def forward(self, z):
        self.on = z > 0
        self.out = np.where(self.on, z, np.zeros_like(z))
        return self.out

    def backward(self, g):
        return g * self.on


class Softmax:
    def forward(self, z):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        self.out = e / e.sum(axis=1, keepdims=True)
        return self.out

    def backward(self, g):
        return self.out * (g - np.sum(g * self.out, axis=1, keepdims=True))


class Squared:
    def value(self, z, act, y):
        return np.sum(np.square(y - act.out))

    def delta(self, z, act, y):
        return act.backward(2 * (act.out - y))


class Log:
    def value(self, z, act, y):
        return np.sum(y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z))

    def delta(self, z, act, y):
        return (1 - y) * act.out - y * act.complement


class CrossEntropy:
    def value(self, z, act, y):
        shifted = z - z.max(axis=1, keepdims=True)
        return np.sum(y * (np.log(np.exp(shifted).sum(axis=1, keepdims=True)) - shifted))

    def delta(self, z, act, y):
        return act.out * y.sum(axis=1, keepdims=True) - y


ACTIVATIONS = {"identity": Identity, "sigmoid": Sigmoid, "tanh": Tanh, "relu": ReLU, "softmax": Softmax}
LOSSES = {"squared": Squared, "log": Log, "cross_entropy": CrossEntropy}


class Network:
    def __init__(self, case):
        self.affine = [Affine(l.weights, l.biases, l.mask) for l in case.layers]
        self.act = [ACTIVATIONS[l.activation.name]() for l in case.layers]
        self.loss = LOSSES[case.loss]()

    def forward(self, x):
        for affine, act in zip(self.affine, self.act):
            x = act.forward(affine.forward(x))

    def backward(self, y):
        g = self.affine[-1].backward(self.loss.delta(self.affine[-1].z, self.act[-1], y))
        for affine, act in list(zip(self.affine, self.act))[-2::-1]:
            g = affine.backward(act.backward(g))

    def update(self, x, y, rate):
        self.forward(x)
        seen = {
            "net_inputs": [m.z for m in self.affine],
            "activations": [m.out for m in self.act],
            "loss": self.loss.value(self.affine[-1].z, self.act[-1], y),
        }
        self.backward(y)
        for m in self.affine:
            m.step(rate)
        seen["deltas"] = [m.delta for m in self.affine]
        seen["weight_gradients"] = [m.grad_weights for m in self.affine]
        seen["bias_gradients"] = [m.grad_biases for m in self.affine]
        seen["weights"] = [m.weights for m in self.affine]
        seen["biases"] = [m.biases for m in self.affine]
        return seen


@backproof.subject(
    activations=["identity", "sigmoid", "tanh", "relu", "softmax"],
    losses=["squared", "log", "cross_entropy"],
)
def net(case):
    network = Network(case)
    rate = float(case.learning_rate)
    return [network.update(case.x[list(b)], case.y[list(b)], rate) for b in case.batches]
