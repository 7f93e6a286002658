"""Fault: the leaky ReLU takes its parameter the wrong way round: negative net inputs are divided by the slope, so
enlarged, where they should be multiplied by it. Forward and derivative agree with each other."""
from abc import ABC, abstractmethod
import numpy as np
import backproof


class Nonlinearity(ABC):
    @abstractmethod
    def __call__(self, z): ...

    @abstractmethod
    def prime(self, z): ...

    def pull_back(self, z, g):
        return g * self.prime(z)


class Line(Nonlinearity):
    def __call__(self, z):
        return z

    def prime(self, z):
        return np.ones_like(z)


class PiecewiseLine(Nonlinearity):
    def __init__(self, below):
        self.below = below

    def __call__(self, z):
        return z * self.prime(z)

    def prime(self, z):
        return np.where(z > 0, np.ones_like(z), self.below)


class Rectifier(PiecewiseLine):
    def __init__(self):
        super().__init__(0)


class LeakyRectifier(PiecewiseLine):
    def __init__(self, slope):
        super().__init__(1 / slope)


class Logistic(Nonlinearity):
    def __call__(self, z):
        e = np.exp(-np.abs(z))
        return np.where(z >= 0, 1, e) / (1 + e)

    def prime(self, z):
        e = np.exp(-np.abs(z))
        return e / (1 + e) ** 2


class HyperbolicTangent(Nonlinearity):
    def __call__(self, z):
        return np.tanh(z)

    def prime(self, z):
        return 1 - np.tanh(z) ** 2


class ExponentialLine(Nonlinearity):
    def __init__(self, alpha):
        self.alpha = alpha

    def __call__(self, z):
        return np.where(z > 0, z, self.alpha * np.expm1(np.minimum(z, 0)))

    def prime(self, z):
        return np.where(z > 0, 1, self.alpha * np.exp(np.minimum(z, 0)))


class Softmax(Nonlinearity):
    def __call__(self, z):
        e = np.exp(z - z.max(axis=0, keepdims=True))
        return e / e.sum(axis=0, keepdims=True)

    def prime(self, z):
        raise NotImplementedError("softmax is not element-wise")

    def pull_back(self, z, g):
        o = self(z)
        return o * (g - (o * g).sum(axis=0, keepdims=True))


MAKE = {"identity": Line, "relu": Rectifier, "leaky_relu": LeakyRectifier, "sigmoid": Logistic,
        "tanh": HyperbolicTangent, "elu": ExponentialLine, "softmax": Softmax}


class Network:
    """Samples in columns, weights of shape (inputs, outputs): Z = W' A + b."""

    def __init__(self, layers):
        self.W = [l.weights.copy() for l in layers]
        self.b = [None if l.biases is None else l.biases.copy() for l in layers]
        self.mask = [l.mask for l in layers]
        self.f = [MAKE[l.activation.name](**dict(l.activation.parameters)) for l in layers]

    def learn(self, X, Y, loss, rate):
        A, Z = [X], []
        for W, b, f in zip(self.W, self.b, self.f):
            Z.append(W.T @ A[-1] if b is None else W.T @ A[-1] + b[:, None])
            A.append(f(Z[-1]))
        D = [A[-1] - Y]
        if loss == "squared":
            D = [self.f[-1].pull_back(Z[-1], 2 * D[0])]
        for W, f, z in zip(self.W[:0:-1], self.f[-2::-1], Z[-2::-1]):
            D.insert(0, f.pull_back(z, W @ D[0]))
        gW = [a @ d.T for a, d in zip(A, D)]
        gW = [g if m is None else g * m for g, m in zip(gW, self.mask)]
        gb = [None if b is None else d.sum(axis=1) for b, d in zip(self.b, D)]
        self.W = [W - rate * g for W, g in zip(self.W, gW)]
        self.b = [None if b is None else b - rate * g for b, g in zip(self.b, gb)]
        return {"net_inputs": Z, "activations": A[1:], "deltas": D, "loss": self.error(loss, Z[-1], A[-1], Y),
                "weight_gradients": gW, "bias_gradients": gb, "weights": self.W, "biases": self.b}

    @staticmethod
    def error(loss, z, o, y):
        if loss == "squared":
            return ((y - o) ** 2).sum()
        if loss == "log":
            return (np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))).sum()
        z = z - z.max(axis=0)
        return (y * (np.log(np.exp(z).sum(axis=0)) - z)).sum()


@backproof.subject(activations=list(MAKE), losses=["squared", "log", "cross_entropy"], batch_axis=1,
                   weight_layout="in_out")
def net(case):
    network = Network(case.layers)
    return [network.learn(case.x[:, list(b)], case.y[:, list(b)], case.loss, case.learning_rate)
            for b in case.batches]
