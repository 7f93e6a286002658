"""Fault: ReLU's derivative is the wrong way round, 1 where z < 0 and 0 where z > 0."""
import math

import numpy as np

import backproof


class Neuron:
    def __init__(self, weights, bias, edges, kind):
        self.weights, self.bias, self.edges, self.kind = list(weights), bias, edges, kind
        self.clear()

    def clear(self):
        self.z, self.a, self.delta = [], [], []

    def fire(self, inputs):
        z = math.fsum(w * x for w, x in zip(self.weights, inputs)) + (self.bias or 0.0)
        self.z.append(z)
        return z

    def transfer(self, z):
        if self.kind == "relu":
            return max(z, 0.0)
        if self.kind == "tanh":
            return math.tanh(z)
        if self.kind == "sigmoid":
            return 1.0 / (1.0 + math.exp(-z)) if z > 0 else math.exp(z) / (math.exp(z) + 1.0)
        return z

    def gate(self, s):
        z, a = self.z[s], self.a[s]
        if self.kind == "relu":
            return 1.0 if z < 0 else 0.0
        if self.kind == "tanh":
            return 1.0 - a * a
        if self.kind == "sigmoid":
            return a * (1.0 - a)
        return 1.0


def fire_layer(layer, inputs):
    zs = [n.fire(inputs) for n in layer]
    if layer[0].kind == "softmax":
        top = max(zs)
        parts = [math.exp(z - top) for z in zs]
        outs = [p / sum(parts) for p in parts]
    else:
        outs = [n.transfer(z) for n, z in zip(layer, zs)]
    for n, a in zip(layer, outs):
        n.a.append(a)
    return outs


def penalty(kind, layer, s, y):
    zs, os = [n.z[s] for n in layer], [n.a[s] for n in layer]
    if kind == "squared":
        return sum((t - o) ** 2 for t, o in zip(y, os))
    if kind == "log":
        return sum(max(z, 0.0) - z * t + math.log1p(math.exp(-abs(z))) for t, z in zip(y, zs))
    top = max(zs)
    norm = top + math.log(sum(math.exp(z - top) for z in zs))
    return sum(t * (norm - z) for t, z in zip(y, zs))


@backproof.subject(activations=["identity", "relu", "tanh", "sigmoid", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    layers = []
    for given in case.layers:
        rows = given.weights.tolist()
        layers.append([Neuron(row, None if given.biases is None else float(given.biases[i]),
                              None if given.mask is None else given.mask[i].tolist(), given.activation.name)
                       for i, row in enumerate(rows)])
    dtype, seen = case.x.dtype, []
    grid = lambda name: [np.array([getattr(n, name) for n in layer], dtype=dtype).T for layer in layers]
    for batch in case.batches:
        for layer in layers:
            for n in layer:
                n.clear()
        signals, loss = [], 0.0
        for s, row in enumerate(batch):
            y, passed = case.y[row].tolist(), [case.x[row].tolist()]
            for layer in layers:
                passed.append(fire_layer(layer, passed[-1]))
            signals.append(passed)
            loss += penalty(case.loss, layers[-1], s, y)
            top = layers[-1]
            pull = [(2.0 if case.loss == "squared" else 1.0) * (n.a[s] - t) for n, t in zip(top, y)]
            if case.loss == "squared" and top[0].kind == "softmax":
                mean = sum(g * n.a[s] for g, n in zip(pull, top))
                pull = [n.a[s] * (g - mean) for g, n in zip(pull, top)]
            elif case.loss == "squared":
                pull = [g * n.gate(s) for g, n in zip(pull, top)]
            for n, d in zip(top, pull):
                n.delta.append(d)
            for layer, above in zip(layers[-2::-1], layers[:0:-1]):
                for i, n in enumerate(layer):
                    n.delta.append(n.gate(s) * math.fsum(m.weights[i] * m.delta[s] for m in above))
        gws, gbs = [], []
        for l, layer in enumerate(layers):
            gw = [[sum(n.delta[s] * signals[s][l][j] for s in range(len(batch)))
                   if n.edges is None or n.edges[j] else 0.0 for j in range(len(n.weights))] for n in layer]
            gb = None if layer[0].bias is None else [sum(n.delta) for n in layer]
            gws.append(np.array(gw, dtype=dtype))
            gbs.append(None if gb is None else np.array(gb, dtype=dtype))
            for i, n in enumerate(layer):
                n.weights = [w - case.learning_rate * g for w, g in zip(n.weights, gw[i])]
                n.bias = None if gb is None else n.bias - case.learning_rate * gb[i]
        seen.append({"net_inputs": grid("z"), "activations": grid("a"), "deltas": grid("delta"),
                     "loss": dtype.type(loss), "weight_gradients": gws, "bias_gradients": gbs,
                     "weights": [np.array([n.weights for n in layer], dtype=dtype) for layer in layers],
                     "biases": [None if layer[0].bias is None else np.array([n.bias for n in layer], dtype=dtype)
                                for layer in layers]})
    return seen
