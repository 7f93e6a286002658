"""Fault: GELU is the quick one, z * sigmoid(1.702 z), with the derivative of that, whichever GELU was asked for."""
import numpy as np
import backproof


def sig(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


class Linear:
    def __init__(self, spec):
        self.w = np.array(spec.weights)
        self.b = None if spec.biases is None else np.array(spec.biases)
        self.mask = spec.mask

    def forward(self, x):
        self.x = x
        self.out = x.dot(self.w.T)
        if self.b is not None:
            self.out = self.out + self.b
        return self.out

    def backward(self, d):
        self.d = d
        self.gw = d.T.dot(self.x)
        if self.mask is not None:
            self.gw = self.gw * self.mask
        self.gb = None if self.b is None else d.sum(axis=0)
        return d.dot(self.w)

    def step(self, rate):
        self.w = self.w - rate * self.gw
        if self.b is not None:
            self.b = self.b - rate * self.gb


class Activation:
    def forward(self, z):
        self.z = z
        self.out = self.f(z)
        return self.out

    def backward(self, g):
        return g * self.df(self.z)


class Identity(Activation):
    f = staticmethod(lambda z: z.copy())
    df = staticmethod(np.ones_like)


class Tanh(Activation):
    f = staticmethod(np.tanh)
    df = staticmethod(lambda z: 1 - np.tanh(z) ** 2)


class Sigmoid(Activation):
    f = staticmethod(sig)
    df = staticmethod(lambda z: sig(z) * (1 - sig(z)))


class Relu(Activation):
    f = staticmethod(lambda z: np.where(z > 0, z, z.dtype.type(0)))
    df = staticmethod(lambda z: np.where(z > 0, z.dtype.type(1), z.dtype.type(0)))


class Gelu(Activation):
    @staticmethod
    def f(z):
        return z * sig(1.702 * z)

    @staticmethod
    def df(z):
        s = sig(1.702 * z)
        return s + 1.702 * z * s * (1 - s)


class Leaky(Activation):
    def __init__(self, slope):
        self.slope = slope

    def df(self, z):
        return np.where(z > 0, 1.0, self.slope).astype(z.dtype)

    def f(self, z):
        return z * self.df(z)


class Elu(Activation):
    def __init__(self, alpha):
        self.alpha = alpha

    def f(self, z):
        return np.where(z > 0, z, self.alpha * np.expm1(np.minimum(z, 0))).astype(z.dtype)

    def df(self, z):
        return np.where(z > 0, 1.0, self.alpha * np.exp(np.minimum(z, 0))).astype(z.dtype)


class Softmax(Activation):
    @staticmethod
    def f(z):
        e = np.exp(z - np.max(z, axis=1)[:, None])
        return e / np.sum(e, axis=1)[:, None]

    def backward(self, g):
        return self.out * (g - np.sum(g * self.out, axis=1, keepdims=True))


MAKE = dict(identity=Identity, tanh=Tanh, sigmoid=Sigmoid, relu=Relu, gelu=lambda approximate: Gelu(),
            leaky_relu=Leaky, elu=Elu, softmax=Softmax)


@backproof.subject(activations=list(MAKE), losses=["squared", "log", "cross_entropy"])
def net(case):
    rate = case.x.dtype.type(case.learning_rate)
    stack = [(Linear(l), MAKE[l.activation.name](**dict(l.activation.parameters))) for l in case.layers]
    result = []
    for batch in case.batches:
        h, y = case.x[list(batch)], case.y[list(batch)]
        for linear, act in stack:
            h = act.forward(linear.forward(h))
        g = stack[-1][1].backward(2 * (h - y)) if case.loss == "squared" else h - y
        for k in reversed(range(len(stack))):
            g = stack[k][0].backward(g)
            if k:
                g = stack[k - 1][1].backward(g)
        for linear, _ in stack:
            linear.step(rate)
        result.append({
            "net_inputs": [l.out for l, _ in stack], "activations": [a.out for _, a in stack],
            "deltas": [l.d for l, _ in stack],
            "weight_gradients": [l.gw for l, _ in stack], "bias_gradients": [l.gb for l, _ in stack],
            "weights": [l.w for l, _ in stack], "biases": [l.b for l, _ in stack]})
    return result
