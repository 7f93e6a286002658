"""Fault: the gradient of an edge from j to i is delta_i times the activation of i, the neuron that the edge leads
to, instead of the activation of j, where it comes from. Neurons and edges are objects."""
import math

import numpy as np
import backproof


class Edge:
    __slots__ = ("source", "target", "w", "g")

    def __init__(self, source, target, w):
        self.source, self.target, self.w, self.g = source, target, w, 0.0


class Neuron:
    def __init__(self, kind="input", parameters=(), b=None):
        self.kind, self.p, self.b, self.gb = kind, dict(parameters), b, 0.0
        self.ins, self.outs = [], []

    def fire(self):
        self.z = math.fsum([e.w * e.source.a for e in self.ins] + ([] if self.b is None else [self.b]))
        z = self.z
        if self.kind == "sigmoid":
            self.a = 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))
        elif self.kind == "tanh":
            self.a = math.tanh(z)
        elif self.kind == "relu":
            self.a = max(z, 0.0)
        elif self.kind == "leaky_relu":
            self.a = z if z > 0 else self.p["slope"] * z
        elif self.kind == "identity":
            self.a = z

    def slope(self):
        if self.kind == "sigmoid":
            t = math.exp(-abs(self.z))
            return t / (1 + t) ** 2
        if self.kind == "tanh":
            return 1 - self.a ** 2
        if self.kind == "relu":
            return 1.0 if self.z > 0 else 0.0
        if self.kind == "leaky_relu":
            return 1.0 if self.z > 0 else self.p["slope"]
        return 1.0

    def collect(self):
        for e in self.ins:
            e.g += self.delta * self.a
        self.gb += self.delta


def wire(case):
    layers = [[Neuron() for _ in range(case.x.shape[1])]]
    for layer in case.layers:
        new = []
        for i, row in enumerate(layer.weights.tolist()):
            n = Neuron(layer.activation.name, layer.activation.parameters,
                       None if layer.biases is None else float(layer.biases[i]))
            for j, w in enumerate(row):
                if layer.mask is None or layer.mask[i, j]:
                    e = Edge(layers[-1][j], n, w)
                    n.ins.append(e)
                    layers[-1][j].outs.append(e)
            new.append(n)
        layers.append(new)
    return layers


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=[], loss_at="none")
def net(case):
    layers, dt, out = wire(case), case.x.dtype, []

    def table(k, field):
        t = np.zeros((len(layers[k]), len(layers[k - 1])), dt)
        for i, n in enumerate(layers[k]):
            for e in n.ins:
                t[i, layers[k - 1].index(e.source)] = getattr(e, field)
        return t

    def column(k, field):
        return None if layers[k][0].b is None else np.array([getattr(n, field) for n in layers[k]], dt)

    for batch in case.batches:
        for s in batch:
            for n, v in zip(layers[0], case.x[s].tolist()):
                n.a = v
            for layer in layers[1:]:
                for n in layer:
                    n.fire()
            top, y = layers[-1], case.y[s].tolist()
            if top[0].kind == "softmax":
                shift = max(n.z for n in top)
                total = math.fsum(math.exp(n.z - shift) for n in top)
                for n in top:
                    n.a = math.exp(n.z - shift) / total
            inner = math.fsum(2 * (n.a - t) * n.a for n, t in zip(top, y))
            for n, t in zip(top, y):
                if case.loss != "squared":
                    n.delta = n.a - t
                elif n.kind == "softmax":
                    n.delta = n.a * (2 * (n.a - t) - inner)
                else:
                    n.delta = 2 * (n.a - t) * n.slope()
            for layer in layers[-2:0:-1]:
                for n in layer:
                    n.delta = n.slope() * math.fsum(e.w * e.target.delta for e in n.outs)
            for layer in layers[1:]:
                for n in layer:
                    n.collect()
        ks = range(1, len(layers))
        page = {"weight_gradients": [table(k, "g") for k in ks], "bias_gradients": [column(k, "gb") for k in ks]}
        for n in (n for layer in layers[1:] for n in layer):
            for e in n.ins:
                e.w, e.g = e.w - case.learning_rate * e.g, 0.0
            if n.b is not None:
                n.b -= case.learning_rate * n.gb
            n.gb = 0.0
        out.append({**page, "weights": [table(k, "w") for k in ks], "biases": [column(k, "b") for k in ks]})
    return out
