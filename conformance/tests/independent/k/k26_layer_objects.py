"""Fault: leaky ReLU's forward pass forgets the slope and returns 0 for negative net inputs
(a plain ReLU), while the backward pass uses the slope."""
import numpy as np
import backproof


class Linear:
    def __init__(self, spec):
        self.W = spec.weights.copy()
        self.b = None if spec.biases is None else spec.biases.copy()
        self.mask = spec.mask

    def forward(self, x):
        self.x = x
        return x @ self.W.T if self.b is None else x @ self.W.T + self.b

    def backward(self, g):
        self.dW = g.T @ self.x
        if self.mask is not None:
            self.dW *= self.mask
        self.db = None if self.b is None else g.sum(axis=0)
        return g @ self.W

    def step(self, lr):
        self.W = self.W - lr * self.dW
        if self.b is not None:
            self.b = self.b - lr * self.db


class Identity:
    def forward(self, z):
        self.z = z
        self.a = self.f(z)
        return self.a

    def f(self, z):
        return z

    def df(self):
        return np.ones_like(self.z)

    def backward(self, g):
        return g * self.df()


class Tanh(Identity):
    def f(self, z):
        return np.tanh(z)

    def df(self):
        return 1 - self.a ** 2


class Sigmoid(Identity):
    def f(self, z):
        return np.exp(np.minimum(z, 0)) / (1 + np.exp(-np.abs(z)))

    def df(self):
        return self.a * (1 - self.a)


class ReLU(Identity):
    def f(self, z):
        return np.maximum(z, 0)

    def df(self):
        return (self.z > 0).astype(self.z.dtype)


class LeakyReLU(Identity):
    def __init__(self, slope):
        self.slope = slope

    def f(self, z):
        return np.maximum(z, 0)

    def df(self):
        d = np.ones_like(self.z)
        d[self.z <= 0] = self.slope
        return d


class ELU(Identity):
    def __init__(self, alpha):
        self.alpha = alpha

    def f(self, z):
        return np.maximum(z, 0) + self.alpha * np.expm1(np.minimum(z, 0))

    def df(self):
        return np.where(self.z > 0, np.ones_like(self.z), self.alpha * np.exp(np.minimum(self.z, 0)))


class Softmax(Identity):
    def f(self, z):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def backward(self, g):
        return self.a * (g - np.sum(self.a * g, axis=1, keepdims=True))


KINDS = {"identity": Identity, "tanh": Tanh, "sigmoid": Sigmoid, "relu": ReLU,
         "leaky_relu": LeakyReLU, "elu": ELU, "softmax": Softmax}


@backproof.subject(activations=list(KINDS), losses=["squared", "log", "cross_entropy"])
def net(case):
    linear = [Linear(spec) for spec in case.layers]
    act = [KINDS[s.activation.name](**dict(s.activation.parameters)) for s in case.layers]
    lr = case.x.dtype.type(case.learning_rate)
    out = []
    for batch in case.batches:
        a, y = case.x[list(batch)], case.y[list(batch)]
        for lin, f in zip(linear, act):
            a = f.forward(lin.forward(a))
        g = act[-1].backward(2 * (a - y)) if case.loss == "squared" else a - y
        deltas = []
        for l in range(len(linear) - 1, -1, -1):
            deltas.append(g)
            g = linear[l].backward(g)
            if l > 0:
                g = act[l - 1].backward(g)
        for lin in linear:
            lin.step(lr)
        out.append({"net_inputs": [f.z for f in act], "activations": [f.a for f in act],
                    "deltas": deltas[::-1],
                    "weight_gradients": [m.dW for m in linear], "bias_gradients": [m.db for m in linear],
                    "weights": [m.W for m in linear], "biases": [m.b for m in linear]})
    return out
