"""Fault: edges that do not exist (mask False) get a gradient like any other and are updated,
so a sparse network grows edges."""
import numpy as np
import backproof


class Neuron:
    def __init__(self, weights, bias, kind):
        self.w, self.bias, self.kind = np.array(weights), bias, kind

    def fire(self, inputs):
        self.inputs = inputs
        self.z = inputs @ self.w
        if self.bias is not None:
            self.z = self.z + self.bias
        if self.kind == "sigmoid":
            e = np.exp(-np.abs(self.z))
            self.a = np.where(self.z >= 0, 1, e) / (1 + e)
        elif self.kind == "tanh":
            self.a = np.tanh(self.z)
        elif self.kind == "relu":
            self.a = np.maximum(self.z, 0)
        else:
            self.a = self.z
        return self.a

    def slope(self):
        if self.kind == "sigmoid":
            return self.a * (1 - self.a)
        if self.kind == "tanh":
            return 1 - self.a * self.a
        if self.kind == "relu":
            return (self.z > 0).astype(self.z.dtype)
        return np.ones_like(self.z)

    def blame(self, delta):
        self.delta = delta
        self.gw = delta @ self.inputs
        self.gb = None if self.bias is None else delta.sum()

    def learn(self, rate):
        self.w = self.w - rate * self.gw
        if self.bias is not None:
            self.bias = self.bias - rate * self.gb


def softmax_layer(layer):
    z = np.stack([n.z for n in layer], axis=1)
    e = np.exp(z - z.max(axis=1, keepdims=True))
    a = e / e.sum(axis=1, keepdims=True)
    for i, n in enumerate(layer):
        n.a = a[:, i]


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"])
def net(case):
    layers = []
    for spec in case.layers:
        biases = [None] * len(spec.weights) if spec.biases is None else list(spec.biases)
        layers.append([Neuron(w, b, spec.activation.name) for w, b in zip(spec.weights, biases)])
    rate = case.x.dtype.type(case.learning_rate)

    def gather(attribute, axis):
        found = []
        for layer in layers:
            values = [getattr(n, attribute) for n in layer]
            found.append(None if values[0] is None else np.stack(values, axis=axis))
        return found

    out = []
    for batch in case.batches:
        signal, y = case.x[list(batch)], case.y[list(batch)]
        for layer in layers:
            outputs = [n.fire(signal) for n in layer]
            if layer[0].kind == "softmax":
                softmax_layer(layer)
                outputs = [n.a for n in layer]
            signal = np.stack(outputs, axis=1)
        for i, n in enumerate(layers[-1]):
            n.blame((n.a - y[:, i]) * (2 if case.loss == "squared" else 1))
        for here, above in zip(layers[-2::-1], layers[:0:-1]):
            for i, n in enumerate(here):
                n.blame(n.slope() * sum(m.w[i] * m.delta for m in above))
        report = {"net_inputs": gather("z", 1), "activations": gather("a", 1), "deltas": gather("delta", 1),
                  "weight_gradients": gather("gw", 0), "bias_gradients": gather("gb", 0)}
        for layer in layers:
            for n in layer:
                n.learn(rate)
        report["weights"] = gather("w", 0)
        report["biases"] = gather("bias", 0)
        out.append(report)
    return out
