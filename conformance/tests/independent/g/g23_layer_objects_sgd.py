"""Fault: the learning rate is applied twice: the layers scale their step by it, and the optimiser scales that step by it again."""
import numpy as np

import backproof


class Dense:
    def __init__(self, spec):
        self.W = np.array(spec.weights)
        self.b = None if spec.biases is None else np.array(spec.biases)
        self.mask = spec.mask

    def forward(self, a):
        self.a = a
        z = a @ self.W.T
        return z if self.b is None else z + self.b

    def backward(self, d):
        self.dW = d.T @ self.a
        if self.mask is not None:
            self.dW = np.where(self.mask, self.dW, np.zeros_like(self.dW))
        self.db = None if self.b is None else d.sum(axis=0)
        return d @ self.W


class Squash:
    def __init__(self, spec):
        self.name = spec.activation.name
        self.par = dict(spec.activation.parameters)

    def forward(self, z):
        self.z = z
        e = np.exp(-np.abs(z))
        if self.name == "identity":
            self.out = z.copy()
        elif self.name == "sigmoid":
            self.out = np.where(z >= 0, 1 / (1 + e), e / (1 + e))
        elif self.name == "tanh":
            self.out = np.tanh(z)
        elif self.name == "relu":
            self.out = np.maximum(z, 0)
        elif self.name == "leaky_relu":
            self.out = np.where(z > 0, z, self.par["slope"] * z)
        elif self.name == "elu":
            self.out = np.where(z > 0, z, self.par["alpha"] * np.expm1(np.minimum(z, 0)))
        elif self.name == "softplus":
            self.out = np.maximum(z, 0) + np.log1p(e)
        elif self.name == "softmax":
            t = np.exp(z - z.max(axis=1, keepdims=True))
            self.out = t / t.sum(axis=1, keepdims=True)
        return self.out

    def backward(self, g):
        z, a = self.z, self.out
        e = np.exp(-np.abs(z))
        if self.name == "identity":
            return g
        if self.name == "sigmoid" or self.name == "softplus":
            slope = e / (1 + e) ** 2 if self.name == "sigmoid" else np.where(z >= 0, 1 / (1 + e), e / (1 + e))
        elif self.name == "tanh":
            slope = (1 - a) * (1 + a)
        elif self.name == "relu":
            slope = (z > 0).astype(z.dtype)
        elif self.name == "leaky_relu":
            slope = np.where(z > 0, z.dtype.type(1), z.dtype.type(self.par["slope"]))
        elif self.name == "elu":
            slope = np.where(z > 0, z.dtype.type(1), self.par["alpha"] * np.exp(np.minimum(z, 0)))
        elif self.name == "softmax":
            return a * (g - (g * a).sum(axis=1, keepdims=True))
        return g * slope


class SGD:
    def __init__(self, rate):
        self.rate = rate

    def apply(self, layer):
        layer.W -= self.rate * (self.rate * layer.dW)
        if layer.b is not None:
            layer.b -= self.rate * (self.rate * layer.db)


def loss_and_delta(kind, act, y):
    z, o = act.z, act.out
    if kind == "squared":
        return ((o - y) ** 2).sum(), act.backward(2 * (o - y))
    if kind == "log":
        tail = np.log1p(np.exp(-np.abs(z)))
        return (y * (np.maximum(-z, 0) + tail) + (1 - y) * (np.maximum(z, 0) + tail)).sum(), o - y
    s = z - z.max(axis=1, keepdims=True)
    return (y * (np.log(np.exp(s).sum(axis=1, keepdims=True)) - s)).sum(), o - y


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    dense = [Dense(s) for s in case.layers]
    acts = [Squash(s) for s in case.layers]
    opt = SGD(case.x.dtype.type(case.learning_rate))
    told = []
    for rows in case.batches:
        a = case.x[list(rows)]
        for d, f in zip(dense, acts):
            a = f.forward(d.forward(a))
        loss, delta = loss_and_delta(case.loss, acts[-1], case.y[list(rows)])
        deltas = [delta]
        for k in range(len(dense) - 1, -1, -1):
            back = dense[k].backward(deltas[0])
            if k:
                deltas.insert(0, acts[k - 1].backward(back))
        for d in dense:
            opt.apply(d)
        told.append(dict(net_inputs=[f.z for f in acts], activations=[f.out for f in acts], deltas=deltas, loss=loss,
                         weight_gradients=[d.dW for d in dense], bias_gradients=[d.db for d in dense],
                         weights=[d.W.copy() for d in dense],
                         biases=[None if d.b is None else d.b.copy() for d in dense]))
    return told
