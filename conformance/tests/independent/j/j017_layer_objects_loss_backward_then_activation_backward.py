"""Fault: the loss object already gives the fused o - y for log loss and cross-entropy, and the output activation's
backward() is run on it all the same: the derivative of sigmoid or softmax is in there twice."""
import numpy as np

import backproof


class Linear:
    def __init__(self, spec):
        self.W, self.mask = spec.weights.copy(), spec.mask
        self.b = spec.biases if spec.biases is None else spec.biases.copy()

    def forward(self, x):
        self.x = x
        self.z = x @ self.W.T
        return self.z if self.b is None else np.add(self.z, self.b, out=self.z)

    def backward(self, delta):
        self.delta = delta
        self.dW = delta.T @ self.x
        if self.mask is not None:
            self.dW = self.dW * self.mask
        self.db = None if self.b is None else delta.sum(0)
        return delta @ self.W

    def step(self, rate):
        self.W = self.W - rate * self.dW
        if self.b is not None:
            self.b = self.b - rate * self.db


class Identity:
    def forward(self, z):
        self.a = z.copy()
        return self.a

    def backward(self, grad):
        return grad


class Sigmoid:
    def forward(self, z):
        e = np.exp(-np.abs(z))
        self.a = np.where(z >= 0, 1 / (1 + e), e / (1 + e))
        return self.a

    def backward(self, grad):
        return grad * self.a * (1 - self.a)


class Tanh(Identity):
    def forward(self, z):
        self.a = np.tanh(z)
        return self.a

    def backward(self, grad):
        return grad * (1 - self.a ** 2)


class Relu(Identity):
    def forward(self, z):
        self.on = z > 0
        return super().forward(z * self.on)

    def backward(self, grad):
        return grad * self.on


class Softplus(Identity):
    def forward(self, z):
        self.s = Sigmoid().forward(z)
        return super().forward(np.logaddexp(z.dtype.type(0), z))

    def backward(self, grad):
        return grad * self.s


class Softmax:
    def forward(self, z):
        e = np.exp(z - z.max(1, keepdims=True))
        self.a = e / e.sum(1, keepdims=True)
        return self.a

    def backward(self, grad):
        return self.a * (grad - (grad * self.a).sum(1, keepdims=True))


KINDS = {k.__name__.lower(): k for k in (Identity, Sigmoid, Tanh, Relu, Softplus, Softmax)}


class Loss:
    def __init__(self, name):
        self.name = name

    def forward(self, z, o, y):
        self.o, self.y = o, y
        if self.name == "squared":
            return ((y - o) ** 2).sum()
        if self.name == "log":
            return (np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))).sum()
        s = z - z.max(1, keepdims=True)
        return (y * (np.log(np.exp(s).sum(1, keepdims=True)) - s)).sum()

    def backward(self):
        return (2 if self.name == "squared" else 1) * (self.o - self.y)


@backproof.subject(activations=list(KINDS), losses=["squared", "log", "cross_entropy"])
def net(case):
    linears = [Linear(spec) for spec in case.layers]
    activations = [KINDS[spec.activation.name]() for spec in case.layers]
    chain = [part for pair in zip(linears, activations) for part in pair]
    loss, out = Loss(case.loss), []
    for batch in case.batches:
        a = case.x[batch]
        for part in chain:
            a = part.forward(a)
        value = loss.forward(linears[-1].z, a, case.y[batch])
        grad = loss.backward()
        for part in reversed(chain):
            grad = part.backward(grad)
        for linear in linears:
            linear.step(case.x.dtype.type(case.learning_rate))
        out.append({"net_inputs": [l.z for l in linears], "activations": [f.a for f in activations],
                    "deltas": [l.delta for l in linears], "loss": value,
                    "weight_gradients": [l.dW for l in linears], "bias_gradients": [l.db for l in linears],
                    "weights": [l.W for l in linears], "biases": [l.b for l in linears]})
    return out if len(out) > 1 else out[0]
