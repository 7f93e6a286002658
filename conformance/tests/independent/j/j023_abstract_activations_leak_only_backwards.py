"""Fault: leaky ReLU's value is max(z, 0), without slope * z for negative net inputs; only its derivative knows the
slope."""
from abc import ABC, abstractmethod

import numpy as np

import backproof


class Activation(ABC):
    def __init__(self, **parameters):
        self.parameters = parameters

    @abstractmethod
    def value(self, z): ...

    @abstractmethod
    def derivative(self, z): ...


class Identity(Activation):
    def value(self, z):
        return z.copy()

    def derivative(self, z):
        return np.full_like(z, 1)


class Sigmoid(Activation):
    def value(self, z):
        low = np.exp(np.minimum(z, 0))
        return low / (low + np.exp(-np.maximum(z, 0)))

    def derivative(self, z):
        return self.value(z) * self.value(-z)


class Tanh(Activation):
    def value(self, z):
        return np.tanh(z)

    def derivative(self, z):
        return 1 - self.value(z) ** 2


class Relu(Activation):
    def value(self, z):
        return np.maximum(z, 0)

    def derivative(self, z):
        return np.where(z > 0, np.full_like(z, 1), np.full_like(z, 0))


class LeakyRelu(Relu):
    def derivative(self, z):
        return np.where(z > 0, np.full_like(z, 1), np.full_like(z, self.parameters["slope"]))


class Elu(Activation):
    def value(self, z):
        return np.where(z > 0, z, z.dtype.type(self.parameters["alpha"]) * np.expm1(np.minimum(z, 0)))

    def derivative(self, z):
        return np.where(z > 0, np.full_like(z, 1), z.dtype.type(self.parameters["alpha"]) * np.exp(np.minimum(z, 0)))


class Softmax(Activation):
    def value(self, z):
        e = np.exp(z - np.max(z, axis=1, keepdims=True))
        return e / np.sum(e, axis=1, keepdims=True)

    def derivative(self, z):
        raise NotImplementedError("not element-wise")


REGISTRY = {"identity": Identity, "sigmoid": Sigmoid, "tanh": Tanh, "relu": Relu, "leaky_relu": LeakyRelu, "elu": Elu,
            "softmax": Softmax}


def output_delta(loss, f, z, o, y):
    if loss in ("log", "cross_entropy"):
        return o - y
    pull = 2 * (o - y)
    if isinstance(f, Softmax):
        return o * pull - o * np.sum(o * pull, axis=1, keepdims=True)
    return pull * f.derivative(z)


@backproof.subject(activations=list(REGISTRY), losses=["squared", "log", "cross_entropy"], loss_at="none")
def net(case):
    fs = [REGISTRY[s.activation.name](**dict(s.activation.parameters)) for s in case.layers]
    Ws = [s.weights.copy() for s in case.layers]
    bs = [None if s.biases is None else s.biases.copy() for s in case.layers]
    rate, L, frames = case.x.dtype.type(case.learning_rate), len(fs), []
    for batch in case.batches:
        a, zs = [case.x[batch]], []
        for f, W, b in zip(fs, Ws, bs):
            zs.append(np.inner(a[-1], W) + (0 if b is None else b))
            a.append(f.value(zs[-1]))
        ds = [None] * L
        ds[L - 1] = output_delta(case.loss, fs[-1], zs[-1], a[-1], case.y[batch])
        for l in range(L - 2, -1, -1):
            ds[l] = fs[l].derivative(zs[l]) * np.matmul(ds[l + 1], Ws[l + 1])
        gW = [np.tensordot(ds[l], a[l], axes=(0, 0)) for l in range(L)]
        for g, s in zip(gW, case.layers):
            if s.mask is not None:
                np.copyto(g, 0, where=~s.mask)
        gb = [None if bs[l] is None else np.add.reduce(ds[l]) for l in range(L)]
        for l in range(L):
            Ws[l] = Ws[l] - rate * gW[l]
            bs[l] = None if bs[l] is None else bs[l] - rate * gb[l]
        frames.append({"net_inputs": zs, "activations": a[1:], "deltas": ds, "weight_gradients": gW,
                       "bias_gradients": gb, "weights": list(Ws), "biases": list(bs)})
    return frames if len(frames) > 1 else frames[0]
