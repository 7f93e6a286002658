"""Fault: each layer keeps its inputs in a buffer that is refreshed only after the backward pass; the gradients of the
second update and on are formed with the activations (and samples) of the update before."""
import numpy as np
import backproof


class Dense:
    def __init__(self, spec, room):
        self.w, self.mask, self.name = np.array(spec.weights), spec.mask, spec.activation.name
        self.b = None if spec.biases is None else np.array(spec.biases)
        self.kept = np.zeros((room, self.w.shape[1]), self.w.dtype)
        self.primed = False

    def forward(self, inputs):
        self.inputs = inputs
        self.z = inputs @ self.w.T
        if self.b is not None:
            self.z += self.b
        if not self.primed:
            self.keep()
        self.a = self.function(self.z)
        return self.a

    def keep(self):
        self.kept[:len(self.inputs)] = self.inputs
        self.primed = True

    def function(self, z):
        if self.name == "sigmoid":
            e = np.exp(-abs(z))
            return np.where(z < 0, e, 1) / (1 + e)
        if self.name == "tanh":
            return np.tanh(z)
        if self.name == "relu":
            return np.maximum(z, 0)
        if self.name == "softmax":
            e = np.exp(z - z.max(1, keepdims=True))
            return e / e.sum(1, keepdims=True)
        return z.copy()

    def slope(self):
        if self.name == "sigmoid":
            return self.a * (1 - self.a)
        if self.name == "tanh":
            return 1 - self.a * self.a
        if self.name == "relu":
            return np.where(self.z > 0, self.z.dtype.type(1), self.z.dtype.type(0))
        return np.ones_like(self.z)

    def backward(self, delta):
        self.delta = delta
        self.gw = delta.T @ self.kept[:len(delta)]
        if self.mask is not None:
            self.gw = np.where(self.mask, self.gw, self.gw.dtype.type(0))
        self.gb = None if self.b is None else delta.sum(0)
        return delta @ self.w


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    room = max(map(len, case.batches))
    layers = [Dense(spec, room) for spec in case.layers]
    alpha = case.x.dtype.type(case.learning_rate)
    out = []
    for batch in case.batches:
        h, y = case.x[list(batch)], case.y[list(batch)]
        for layer in layers:
            h = layer.forward(h)
        top = layers[-1]
        if case.loss != "squared":
            d = h - y
        elif top.name == "softmax":
            d = 2 * h * ((h - y) - np.sum(h * (h - y), axis=1, keepdims=True))
        else:
            d = 2 * (h - y) * top.slope()
        for below, layer in zip(reversed([None] + layers[:-1]), reversed(layers)):
            d = layer.backward(d)
            if below is not None:
                d = d * below.slope()
        for layer in layers:
            layer.keep()
            layer.w = layer.w - alpha * layer.gw
            if layer.b is not None:
                layer.b = layer.b - alpha * layer.gb
        out.append({"net_inputs": [l.z for l in layers], "activations": [l.a for l in layers],
                    "deltas": [l.delta for l in layers], "weight_gradients": [l.gw for l in layers],
                    "bias_gradients": [l.gb for l in layers],
                    "weights": [l.w for l in layers], "biases": [l.b for l in layers]})
    return out
