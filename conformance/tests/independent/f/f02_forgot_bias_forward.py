"""Fault: the layers own a bias, give it a gradient and update it, but the forward pass never adds it."""
import numpy as np
import backproof


class Dense:
    def __init__(self, spec):
        self.W = np.array(spec.weights)
        self.b = None if spec.biases is None else np.array(spec.biases)
        self.mask = spec.mask

    def forward(self, a):
        self.a = a
        return a @ self.W

    def backward(self, d):
        self.gW = self.a.T @ d
        if self.mask is not None:
            self.gW = np.where(self.mask, self.gW, 0).astype(self.gW.dtype)
        self.gb = None if self.b is None else d.sum(0)
        return d @ self.W.T

    def step(self, rate):
        self.W = self.W - rate * self.gW
        if self.b is not None:
            self.b = self.b - rate * self.gb


class Sigmoid:
    def forward(self, z):
        t = np.exp(-abs(z))
        self.hi, self.lo = 1 / (1 + t), t / (1 + t)
        self.pos = z >= 0
        return np.where(self.pos, self.hi, self.lo)

    def backward(self, g):
        return g * self.hi * self.lo


class Tanh:
    def forward(self, z):
        self.z = z
        return np.tanh(z)

    def backward(self, g):
        t = np.exp(-2 * abs(self.z))
        return g * 4 * t / (1 + t) ** 2


class Relu:
    def forward(self, z):
        self.on = z > 0
        return z * self.on

    def backward(self, g):
        return g * self.on


class Identity:
    def forward(self, z):
        return z + 0

    def backward(self, g):
        return g


class Softplus:
    def forward(self, z):
        self.z = z
        return np.logaddexp(0, z).astype(z.dtype)

    def backward(self, g):
        return g * Sigmoid().forward(self.z)


class Softmax:
    def forward(self, z):
        e = np.exp(z - z.max(1, keepdims=True))
        self.o = e / e.sum(1, keepdims=True)
        return self.o

    def backward(self, g):
        return self.o * (g - (g * self.o).sum(1, keepdims=True))


KINDS = dict(sigmoid=Sigmoid, tanh=Tanh, relu=Relu, identity=Identity, softplus=Softplus, softmax=Softmax)


@backproof.subject(activations=list(KINDS), losses=["squared", "log", "cross_entropy"], weight_layout="in_out")
def net(case):
    dense = [Dense(s) for s in case.layers]
    acts = [KINDS[s.activation.name]() for s in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    history = []
    for idx in case.batches:
        a, y = case.x[list(idx)], case.y[list(idx)]
        zs, outs, ds = [], [], []
        for D, A in zip(dense, acts):
            zs.append(D.forward(a))
            a = A.forward(zs[-1])
            outs.append(a)
        d = acts[-1].backward(2 * (a - y)) if case.loss == "squared" else a - y
        for i in reversed(range(len(dense))):
            ds.append(d)
            d = dense[i].backward(d)
            if i:
                d = acts[i - 1].backward(d)
        for D in dense:
            D.step(rate)
        history.append({"net_inputs": zs, "activations": outs, "deltas": ds[::-1],
                        "weight_gradients": [D.gW for D in dense], "bias_gradients": [D.gb for D in dense],
                        "weights": [D.W for D in dense], "biases": [D.b for D in dense]})
    return history
