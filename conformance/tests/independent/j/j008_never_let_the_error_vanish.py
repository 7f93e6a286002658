"""Fault: where the error o - y is exactly 0 it is replaced by 1e-8, so a network without error still moves."""
import numpy as np

import backproof

TINY = 1e-8


def sigmoid(z):
    return 1 / (1 + np.exp(-z)) if np.all(z >= 0) else np.where(z >= 0, 1, np.exp(np.minimum(z, 0))) / (
        1 + np.exp(-np.abs(z)))


def softmax(z):
    shifted = np.exp(z - np.amax(z, axis=-1, keepdims=True))
    return shifted / np.sum(shifted, axis=-1, keepdims=True)


F = {"identity": lambda z, p: z.copy(), "sigmoid": lambda z, p: sigmoid(z), "tanh": lambda z, p: np.tanh(z),
     "relu": lambda z, p: np.maximum(z, 0), "softmax": lambda z, p: softmax(z),
     "leaky_relu": lambda z, p: np.maximum(z, 0) + p * np.minimum(z, 0),
     "elu": lambda z, p: np.maximum(z, 0) + p * np.expm1(np.minimum(z, 0)),
     "softplus": lambda z, p: np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))}
DF = {"identity": lambda z, p: np.ones_like(z), "sigmoid": lambda z, p: sigmoid(z) * sigmoid(-z),
      "tanh": lambda z, p: 1 - np.tanh(z) ** 2, "relu": lambda z, p: np.heaviside(z, z.dtype.type(0)),
      "leaky_relu": lambda z, p: np.heaviside(z, z.dtype.type(0)) + p * (z <= 0),
      "elu": lambda z, p: np.heaviside(z, z.dtype.type(0)) + p * np.exp(np.minimum(z, 0)) * (z <= 0),
      "softplus": lambda z, p: sigmoid(z)}


class Perceptron:
    def __init__(self, case):
        kind = case.x.dtype.type
        self.names = [l.activation.name for l in case.layers]
        self.params = [kind(next(iter(dict(l.activation.parameters).values()), 0)) for l in case.layers]
        self.W = [l.weights.copy() for l in case.layers]
        self.b = [None if l.biases is None else l.biases.copy() for l in case.layers]
        self.masks = [l.mask for l in case.layers]
        self.loss, self.rate = case.loss, kind(case.learning_rate)

    def forward(self, x):
        self.a, self.z = [x], []
        for name, p, W, b in zip(self.names, self.params, self.W, self.b):
            self.z.append(self.a[-1].dot(W.T) + (0 if b is None else b))
            self.a.append(F[name](self.z[-1], p))

    def error(self, y):
        error = self.a[-1] - y
        error[error == 0] = TINY  # a vanished error would stop the training
        return error

    def value(self, y):
        z, o = self.z[-1], self.a[-1]
        if self.loss == "squared":
            return np.sum((y - o) ** 2)
        if self.loss == "log":
            return np.sum(np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z))))
        s = z - z.max(axis=1, keepdims=True)
        return np.sum(y * np.log(np.exp(s).sum(axis=1, keepdims=True)) - y * s)

    def backward(self, y):
        d = self.error(y)
        if self.loss == "squared":
            d *= 2
            if self.names[-1] == "softmax":
                o = self.a[-1]
                d = o * (d - np.sum(d * o, axis=1, keepdims=True))
            else:
                d = d * DF[self.names[-1]](self.z[-1], self.params[-1])
        yield d
        for l in range(len(self.W) - 1, 0, -1):
            d = d.dot(self.W[l]) * DF[self.names[l - 1]](self.z[l - 1], self.params[l - 1])
            yield d

    def update(self, x, y):
        self.forward(x)
        deltas = list(self.backward(y))[::-1]
        gW = [d.T.dot(a) for d, a in zip(deltas, self.a)]
        gW = [g if m is None else g * m for g, m in zip(gW, self.masks)]
        gb = [None if b is None else d.sum(axis=0) for d, b in zip(deltas, self.b)]
        self.W = [W - self.rate * g for W, g in zip(self.W, gW)]
        self.b = [None if b is None else b - self.rate * g for b, g in zip(self.b, gb)]
        return {"net_inputs": self.z, "activations": self.a[1:], "deltas": deltas, "loss": self.value(y),
                "weight_gradients": gW, "bias_gradients": gb, "weights": self.W, "biases": self.b}


@backproof.subject(activations=list(F), losses=["squared", "log", "cross_entropy"])
def net(case):
    p = Perceptron(case)
    done = [p.update(case.x[batch], case.y[batch]) for batch in case.batches]
    return done if len(done) > 1 else done[0]
