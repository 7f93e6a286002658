"""Fault: parameters keep their gradient buffers from update to update (zero_grad is never called), so later batches
are added to the earlier ones' gradients, and the sum is what is shown and descended."""
import numpy as np
import backproof


class Parameter:
    def __init__(self, data):
        self.data = data.copy()
        self.grad = np.zeros_like(data)

    def zero_grad(self):
        self.grad[...] = 0


class Optimizer:
    def __init__(self, parameters, rate):
        self.parameters, self.rate = parameters, rate

    def step(self):
        for p in self.parameters:
            p.data -= self.rate * p.grad


class Module:
    def __init__(self, spec):
        self.W = Parameter(spec.weights)
        self.b = Parameter(spec.biases) if spec.biases is not None else None
        self.mask, self.kind = spec.mask, spec.activation.name

    def parameters(self):
        return [p for p in (self.W, self.b) if p is not None]

    def forward(self, a):
        self.a = a
        self.z = a @ self.W.data.T
        if self.b is not None:
            self.z += self.b.data
        self.o = getattr(self, "f_" + self.kind)(self.z)
        return self.o

    def through_activation(self, g):
        z = self.z
        if self.kind == "softmax":
            return self.o * (g - (g * self.o).sum(axis=1, keepdims=True))
        if self.kind == "sigmoid":
            return g * self.f_sigmoid(z) * self.f_sigmoid(-z)
        if self.kind == "tanh":
            return g * (4 * self.f_sigmoid(2 * z) * self.f_sigmoid(-2 * z))
        if self.kind == "softplus":
            return g * self.f_sigmoid(z)
        return g * (z > 0) if self.kind == "relu" else g

    def backward(self, delta):
        self.delta = delta
        gW = delta.T @ self.a
        self.W.grad += gW if self.mask is None else gW * self.mask
        if self.b is not None:
            self.b.grad += delta.sum(axis=0)
        return delta @ self.W.data

    f_identity = staticmethod(lambda z: z.copy())
    f_tanh = staticmethod(np.tanh)
    f_relu = staticmethod(lambda z: np.maximum(z, 0))
    f_softplus = staticmethod(lambda z: np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))))

    @staticmethod
    def f_sigmoid(z):
        e = np.exp(-np.abs(z))
        return np.where(z >= 0, 1, e) / (1 + e)

    @staticmethod
    def f_softmax(z):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    modules = [Module(spec) for spec in case.layers]
    optimizer = Optimizer([p for m in modules for p in m.parameters()], case.x.dtype.type(case.learning_rate))
    snapshots = []
    for batch in case.batches:
        o = case.x[list(batch)]
        for m in modules:
            o = m.forward(o)
        g = o - case.y[list(batch)]
        if case.loss == "squared":
            g = modules[-1].through_activation(2 * g)
        for m, below in zip(modules[::-1], modules[-2::-1] + [None]):
            g = m.backward(g)
            if below is not None:
                g = below.through_activation(g)
        optimizer.step()
        copy = lambda p, what: None if p is None else getattr(p, what).copy()
        snapshots.append(dict(
            net_inputs=[m.z for m in modules], activations=[m.o for m in modules], deltas=[m.delta for m in modules],
            weight_gradients=[copy(m.W, "grad") for m in modules],
            bias_gradients=[copy(m.b, "grad") for m in modules],
            weights=[copy(m.W, "data") for m in modules], biases=[copy(m.b, "data") for m in modules]))
    return snapshots
