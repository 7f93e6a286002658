"""Fault: the optimizer still clips every entry of a gradient to [-0.1, 0.1], a safety belt from an old experiment."""
import numpy as np

import backproof


class Descent:
    def __init__(self, rate, limit=0.1):
        self.rate, self.limit = rate, limit

    def step(self, parameters, gradients):
        for p, g in zip(parameters, gradients):
            np.clip(g, -self.limit, self.limit, out=g)
            p -= self.rate * g


class Dense:
    def __init__(self, spec):
        self.W = spec.weights.copy()
        self.b = None if spec.biases is None else spec.biases.copy()
        self.mask = spec.mask
        self.kind = spec.activation.name
        self.extra = [self.W.dtype.type(v) for v in dict(spec.activation.parameters).values()]

    def __call__(self, a):
        self.a = a
        self.z = a @ self.W.T
        if self.b is not None:
            self.z = self.z + self.b
        self.o = getattr(self, self.kind)(self.z, *self.extra)
        return self.o

    def gradients(self):
        self.dW = self.delta.T @ self.a
        if self.mask is not None:
            self.dW[np.logical_not(self.mask)] = 0
        self.db = None if self.b is None else self.delta.sum(axis=0)

    # every activation leaves its derivative in self.slope
    def identity(self, z):
        self.slope = np.ones_like(z)
        return z.copy()

    def sigmoid(self, z):
        e = np.exp(-np.abs(z))
        self.slope = e / (1 + e) ** 2
        return np.where(z < 0, e, np.ones_like(e)) / (1 + e)

    def tanh(self, z):
        o = np.tanh(z)
        self.slope = 1 - o * o
        return o

    def relu(self, z):
        self.slope = np.asarray(z > 0, z.dtype)
        return z * self.slope

    def leaky_relu(self, z, slope):
        self.slope = np.where(z > 0, z.dtype.type(1), slope)
        return z * self.slope

    def elu(self, z, alpha):
        self.slope = np.where(z > 0, z.dtype.type(1), alpha * np.exp(np.minimum(z, 0)))
        return np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0)))

    def softmax(self, z):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        self.slope = None
        return e / e.sum(axis=1, keepdims=True)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softmax"],
                   losses=["squared", "log", "cross_entropy"], loss_at="none")
def net(case):
    layers = [Dense(spec) for spec in case.layers]
    optimizer = Descent(case.x.dtype.type(case.learning_rate))
    log = []
    for batch in case.batches:
        signal = case.x[batch]
        for layer in layers:
            signal = layer(signal)
        last = layers[-1]
        last.delta = signal - case.y[batch]
        if case.loss == "squared":
            g = 2 * last.delta
            if last.slope is None:  # softmax
                last.delta = signal * (g - (g * signal).sum(axis=1, keepdims=True))
            else:
                last.delta = g * last.slope
        for layer, above in zip(layers[-2::-1], layers[:0:-1]):
            layer.delta = (above.delta @ above.W) * layer.slope
        for layer in layers:
            layer.gradients()
        optimizer.step([l.W for l in layers], [l.dW for l in layers])
        optimizer.step([l.b for l in layers if l.b is not None], [l.db for l in layers if l.b is not None])
        log.append({"weight_gradients": [l.dW for l in layers], "bias_gradients": [l.db for l in layers],
                    "weights": [l.W.copy() for l in layers],
                    "biases": [None if l.b is None else l.b.copy() for l in layers]})
    return log[0] if len(log) == 1 else log
