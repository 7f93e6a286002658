"""The gradients are not zeroed between updates."""

import numpy as np

import backproof


class Parameter:
    def __init__(self, data, mask=None):
        self.data, self.mask = data.copy(), mask
        self.grad = np.zeros_like(data)

    def accumulate(self, g):
        self.grad += g if self.mask is None else g * self.mask


class Linear:
    def __init__(self, layer):
        self.weight = Parameter(layer.weights, layer.mask)
        self.bias = None if layer.biases is None else Parameter(layer.biases)
        self.kind = layer.activation.name

    def __call__(self, x):
        self.x = x
        z = x @ self.weight.data.T
        if self.bias is not None:
            z += self.bias.data
        if self.kind == "softmax":
            z = np.exp(z - z.max(axis=1, keepdims=True))
            self.out = z / z.sum(axis=1, keepdims=True)
        elif self.kind == "tanh":
            self.out = np.tanh(z)
        elif self.kind == "relu":
            self.out = np.where(z > 0, z, 0)
        else:
            self.out = z
        return self.out

    def local(self, g):
        if self.kind == "softmax":
            return self.out * (g - np.sum(g * self.out, axis=1, keepdims=True))
        return g * (1 - self.out**2) if self.kind == "tanh" else g * (self.out > 0) if self.kind == "relu" else g

    def backward(self, delta):
        self.weight.accumulate(delta.T @ self.x)
        if self.bias is not None:
            self.bias.accumulate(delta.sum(axis=0))
        return delta @ self.weight.data


@backproof.subject(activations=["tanh", "relu", "identity", "softmax"], losses=["squared", "cross_entropy"])
def net(case):
    model = [Linear(layer) for layer in case.layers]
    lr = case.x.dtype.type(case.learning_rate)
    params = [p for m in model for p in (m.weight, m.bias) if p is not None]
    shots = []
    for batch in case.batches:
        out, y = case.x[list(batch)], case.y[list(batch)]
        for m in model:
            out = m(out)
        delta = out - y if case.loss == "cross_entropy" else model[-1].local(2 * (out - y))
        for above, below in zip(model[::-1], model[-2::-1]):
            delta = below.local(above.backward(delta))
        model[0].backward(delta)
        for p in params:
            p.data -= lr * p.grad
        shots.append({
            "weight_gradients": [m.weight.grad.copy() for m in model],
            "bias_gradients": [m.bias and m.bias.grad.copy() for m in model],
            "weights": [m.weight.data.copy() for m in model],
            "biases": [m.bias and m.bias.data.copy() for m in model],
        })
    return shots
