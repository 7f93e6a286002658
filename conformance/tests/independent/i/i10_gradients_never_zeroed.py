"""Fault: backward adds to the gradient buffers of the layers and nobody sets them back to zero between updates, so
each update steps along the sum of all gradients so far."""
import numpy as np
import backproof


class Module:
    def parameters(self):
        return []


class Param:
    def __init__(self, data, keep=None):
        self.data = np.array(data)
        self.grad = np.zeros_like(self.data)
        self.keep = keep


class Linear(Module):
    def __init__(self, spec):
        self.weight = Param(spec.weights, spec.mask)
        self.bias = None if spec.biases is None else Param(spec.biases)

    def parameters(self):
        return [p for p in (self.weight, self.bias) if p is not None]

    def __call__(self, x):
        self.x = x
        y = x @ self.weight.data.T
        return y if self.bias is None else y + self.bias.data

    def backward(self, g):
        dw = g.T @ self.x
        if self.weight.keep is not None:
            dw *= self.weight.keep
        self.weight.grad += dw
        if self.bias is not None:
            self.bias.grad += g.sum(0)
        return g @ self.weight.data


class Identity(Module):
    def __call__(self, z):
        return z

    def backward(self, g):
        return g


class Tanh(Module):
    def __call__(self, z):
        self.a = np.tanh(z)
        return self.a

    def backward(self, g):
        return g - g * self.a * self.a


class Sigmoid(Module):
    def __call__(self, z):
        e = np.exp(-np.abs(z))
        self.a = np.where(z >= 0, 1, e) / (1 + e)
        return self.a

    def backward(self, g):
        return g * self.a * (1 - self.a)


class ReLU(Module):
    def __call__(self, z):
        self.on = z > 0
        return z * self.on

    def backward(self, g):
        return g * self.on


class Softmax(Module):
    def __call__(self, z):
        e = np.exp(z - z.max(1, keepdims=True))
        self.a = e / e.sum(1, keepdims=True)
        return self.a

    def backward(self, g):
        return self.a * (g - (g * self.a).sum(1, keepdims=True))


class SGD:
    def __init__(self, params, lr):
        self.params, self.lr = params, lr

    def step(self):
        for p in self.params:
            p.data -= self.lr * p.grad


TABLE = {"identity": Identity, "tanh": Tanh, "sigmoid": Sigmoid, "relu": ReLU, "softmax": Softmax}


def loss_of(kind, z, o, y):
    if kind == "squared":
        return ((o - y) ** 2).sum()
    if kind == "log":
        return (y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)).sum()
    z = z - z.max(1, keepdims=True)
    return (y * (np.log(np.exp(z).sum(1, keepdims=True)) - z)).sum()


@backproof.subject(activations=list(TABLE), losses=["squared", "log", "cross_entropy"])
def net(case):
    linears = [Linear(spec) for spec in case.layers]
    acts = [TABLE[spec.activation.name]() for spec in case.layers]
    optimiser = SGD([p for m in linears for p in m.parameters()], case.learning_rate)
    trace = []
    for batch in case.batches:
        h, y = case.x[list(batch)], case.y[list(batch)]
        zs, hs = [], []
        for lin, act in zip(linears, acts):
            zs.append(lin(h))
            h = act(zs[-1])
            hs.append(h)
        loss = loss_of(case.loss, zs[-1], h, y)
        g = acts[-1].backward(2 * (h - y)) if case.loss == "squared" else h - y
        for k in range(len(linears) - 1, -1, -1):
            g = linears[k].backward(g)
            if k:
                g = acts[k - 1].backward(g)
        optimiser.step()
        copy = lambda p, what: None if p is None else getattr(p, what).copy()
        trace.append({"activations": hs, "loss": loss,
                      "weight_gradients": [copy(m.weight, "grad") for m in linears],
                      "bias_gradients": [copy(m.bias, "grad") for m in linears],
                      "weights": [copy(m.weight, "data") for m in linears],
                      "biases": [copy(m.bias, "data") for m in linears]})
    return trace
