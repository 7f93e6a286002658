"""Fault: above a threshold (20, as libraries do it) softplus returns z itself, which is too small by log(1 + e^-z)."""
import numpy as np
import backproof


class Layer:
    """A layer knows its weights and how to go forth and back; half the squared loss is used."""

    def __init__(self, w, b, mask):
        self.w, self.b, self.mask = w.copy(), (b.copy() if b is not None else None), mask

    def forth(self, a):
        self.a = a
        self.z = np.einsum("nj,ij->ni", a, self.w)
        if self.b is not None:
            self.z = self.z + self.b
        self.out = self.f(self.z)
        return self.out

    def back(self, upstream):
        self.settle(upstream * self.df(self.z))
        return self.delta @ self.w

    def settle(self, delta):
        self.delta = delta
        self.gw = np.einsum("ni,nj->ij", delta, self.a)
        if self.mask is not None:
            self.gw[~self.mask] = 0
        self.gb = delta.sum(axis=0) if self.b is not None else None

    def learn(self, rate):
        self.w = self.w - rate * self.gw
        if self.b is not None:
            self.b = self.b - rate * self.gb


class Linear(Layer):
    def f(self, z):
        return z.copy()

    def df(self, z):
        return np.ones_like(z)


class Sigmoid(Layer):
    def f(self, z):
        e = np.exp(-np.abs(z))
        return np.where(z >= 0, 1, e) / (1 + e)

    def df(self, z):
        return self.f(z) * self.f(-z)


class Tanh(Sigmoid):
    def f(self, z):
        return np.tanh(z)

    def df(self, z):
        return 4 * Sigmoid.f(self, 2 * z) * Sigmoid.f(self, -2 * z)


class Rectifier(Layer):
    def f(self, z):
        return np.maximum(z, 0)

    def df(self, z):
        return np.heaviside(z, z.dtype.type(0))


class Softplus(Sigmoid):
    threshold = 20

    def f(self, z):
        return np.where(z > self.threshold, z, np.log1p(np.exp(np.minimum(z, self.threshold))))

    def df(self, z):
        return Sigmoid.f(self, z)


class Softmax(Layer):
    def f(self, z):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def back(self, g):
        o = self.out
        self.settle(o * (g - np.einsum("nk,nk->n", g, o)[:, None]))
        return self.delta @ self.w


KINDS = {"identity": Linear, "sigmoid": Sigmoid, "tanh": Tanh, "relu": Rectifier, "softplus": Softplus,
         "softmax": Softmax}


@backproof.subject(activations=list(KINDS), losses=["squared", "log", "cross_entropy"], loss_factor=0.5)
def net(case):
    layers = [KINDS[l.activation.name](l.weights, l.biases, l.mask) for l in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    answer = []
    for batch in case.batches:
        a = case.x[list(batch)]
        for layer in layers:
            a = layer.forth(a)
        error = a - case.y[list(batch)]
        if case.loss == "squared":
            g = layers[-1].back(error)
        else:
            layers[-1].settle(error)
            g = error @ layers[-1].w
        for layer in layers[-2::-1]:
            g = layer.back(g)
        for layer in layers:
            layer.learn(rate)
        answer.append(dict(net_inputs=[l.z for l in layers], activations=[l.out for l in layers],
                           deltas=[l.delta for l in layers], weight_gradients=[l.gw for l in layers],
                           bias_gradients=[l.gb for l in layers], weights=[l.w for l in layers],
                           biases=[l.b for l in layers]))
    return answer
