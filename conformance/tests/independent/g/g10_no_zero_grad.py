"""Fault: the gradients are never set back to zero, so from the second update on they add up."""
import math
import numpy as np
import backproof


class Parameter:
    def __init__(self, data, mask=None):
        self.data = np.array(data)
        self.grad = np.zeros_like(self.data)
        self.mask = mask


class Linear:
    def __init__(self, layer):
        self.weight = Parameter(layer.weights, layer.mask)
        self.bias = None if layer.biases is None else Parameter(layer.biases)

    def parameters(self):
        return [p for p in (self.weight, self.bias) if p is not None]

    def __call__(self, x):
        self.x = x
        self.out = x @ self.weight.data.T
        if self.bias is not None:
            self.out = self.out + self.bias.data
        return self.out

    def backward(self, delta):
        self.delta = delta
        self.weight.grad += delta.T @ self.x
        if self.weight.mask is not None:
            self.weight.grad *= self.weight.mask
        if self.bias is not None:
            self.bias.grad += delta.sum(axis=0)
        return delta @ self.weight.data


class Nonlinearity:
    def __init__(self, activation):
        self.name = activation.name
        self.options = dict(activation.parameters)

    def __call__(self, z):
        one = z.dtype.type(1)
        e = np.exp(-np.abs(z))
        if self.name == "sigmoid":
            self.a = np.where(z >= 0, one, e) / (one + e)
            self.slope = self.a * (one - self.a)
        elif self.name == "tanh":
            self.a = np.tanh(z)
            self.slope = one - self.a ** 2
        elif self.name == "relu":
            self.a = np.maximum(z, 0)
            self.slope = np.where(z > 0, one, 0 * one)
        elif self.name == "gelu" and self.options.get("approximate", "none") == "none":
            phi = np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
            cdf = np.array([math.erfc(-v / math.sqrt(2)) / 2 for v in z.ravel().tolist()], z.dtype).reshape(z.shape)
            self.a, self.slope = z * cdf, (cdf + z * phi).astype(z.dtype)
        elif self.name == "gelu":
            c, k = z.dtype.type(math.sqrt(2 / math.pi)), z.dtype.type(0.044715)
            t = np.tanh(c * (z + k * z ** 3))
            self.a = z * (one + t) / 2
            self.slope = (one + t) / 2 + z * (one - t * t) * c * (one + 3 * k * z * z) / 2
        elif self.name == "softmax":
            s = np.exp(z - z.max(axis=1, keepdims=True))
            self.a, self.slope = s / s.sum(axis=1, keepdims=True), None
        else:
            self.a, self.slope = z, np.ones_like(z)
        return self.a


class SGD:
    def __init__(self, parameters, lr):
        self.parameters, self.lr = parameters, lr

    def step(self):
        for p in self.parameters:
            p.data = p.data - self.lr * p.grad


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "gelu", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"])
def net(case):
    linear = [Linear(l) for l in case.layers]
    bends = [Nonlinearity(l.activation) for l in case.layers]
    opt = SGD([p for l in linear for p in l.parameters()], case.x.dtype.type(case.learning_rate))
    log = []
    for batch in case.batches:
        h, y = case.x[batch], case.y[batch]
        for l, f in zip(linear, bends):
            h = f(l(h))
        g = linear[-1].backward(2 * (h - y) if case.loss == "squared" else h - y)
        for l, f in reversed(list(zip(linear[:-1], bends[:-1]))):
            g = l.backward(g * f.slope)
        opt.step()
        log.append({"net_inputs": [l.out for l in linear], "activations": [f.a for f in bends],
                    "deltas": [l.delta for l in linear],
                    "weight_gradients": [l.weight.grad.copy() for l in linear],
                    "bias_gradients": [None if l.bias is None else l.bias.grad.copy() for l in linear],
                    "weights": [l.weight.data for l in linear],
                    "biases": [None if l.bias is None else l.bias.data for l in linear]})
    return log
