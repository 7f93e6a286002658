"""Fault: every derivative f' is evaluated at the activation a instead of at the net input z, i.e. f'(f(z))."""
import numpy as np

import backproof


class Identity:
    def value(self, z):
        return z.copy()

    def slope(self, z):
        return np.ones_like(z)


class Sigmoid:
    def value(self, z):
        e = np.exp(-np.abs(z))
        return np.where(z >= 0, 1 / (1 + e), e / (1 + e))

    def slope(self, z):
        return self.value(z) * self.value(-z)


class Tanh:
    def value(self, z):
        return np.tanh(z)

    def slope(self, z):
        return 1 - np.tanh(z) ** 2


class Relu:
    def value(self, z):
        return np.maximum(z, 0)

    def slope(self, z):
        return (z > 0).astype(z.dtype)


class Softplus:
    def value(self, z):
        return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))

    def slope(self, z):
        return Sigmoid().value(z)


class Elu:
    def __init__(self, alpha):
        self.alpha = alpha

    def value(self, z):
        return np.where(z > 0, z, self.alpha * np.expm1(np.minimum(z, 0)))

    def slope(self, z):
        return np.where(z > 0, 1, self.alpha * np.exp(np.minimum(z, 0))).astype(z.dtype)


class Softmax:
    def value(self, z):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)


def make(activation):
    kinds = {"identity": Identity, "sigmoid": Sigmoid, "tanh": Tanh, "relu": Relu,
             "softplus": Softplus, "elu": Elu, "softmax": Softmax}
    return kinds[activation.name](**dict(activation.parameters))


class Dense:
    def __init__(self, given):
        self.w = np.array(given.weights)
        self.b = None if given.biases is None else np.array(given.biases)
        self.mask = given.mask
        self.f = make(given.activation)

    def forward(self, a):
        self.inp = a
        self.z = a @ self.w.T
        if self.b is not None:
            self.z = self.z + self.b
        self.out = self.f.value(self.z)
        return self.out

    def backward(self, upstream, through_activation=True):
        self.delta = upstream * self.f.slope(self.out) if through_activation else upstream
        self.gw = self.delta.T @ self.inp
        if self.mask is not None:
            self.gw = np.where(self.mask, self.gw, 0).astype(self.gw.dtype)
        self.gb = None if self.b is None else self.delta.sum(axis=0)
        return self.delta @ self.w

    def step(self, rate):
        self.w = self.w - rate * self.gw
        if self.b is not None:
            self.b = self.b - rate * self.gb


def loss_of(kind, top, y):
    z = top.z
    if kind == "squared":
        return ((y - top.out) ** 2).sum()
    if kind == "log":
        sp = Softplus().value
        return (y * sp(-z) + (1 - y) * sp(z)).sum()
    shifted = z - z.max(axis=1, keepdims=True)
    return -(y * (shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))).sum()


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "elu", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    stack = [Dense(given) for given in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    history = []
    for batch in case.batches:
        a, y = case.x[list(batch)], case.y[list(batch)]
        for layer in stack:
            a = layer.forward(a)
        top = stack[-1]
        loss = loss_of(case.loss, top, y)
        if case.loss != "squared":
            up = top.backward(a - y, through_activation=False)
        elif isinstance(top.f, Softmax):
            g = 2 * (a - y)
            up = top.backward(a * (g - (g * a).sum(axis=1, keepdims=True)), through_activation=False)
        else:
            up = top.backward(2 * (a - y))
        for layer in reversed(stack[:-1]):
            up = layer.backward(up)
        for layer in stack:
            layer.step(rate)
        history.append(dict(net_inputs=[k.z for k in stack], activations=[k.out for k in stack],
                            deltas=[k.delta for k in stack], loss=loss,
                            weight_gradients=[k.gw for k in stack], bias_gradients=[k.gb for k in stack],
                            weights=[k.w for k in stack], biases=[k.b for k in stack]))
    return history
