"""Style: neuron and edge objects, a network as a graph (sigmoid/tanh/relu/identity; squared and log loss). Fault (own invention): every hidden delta d becomes d / cbrt(1 + |d|^3), a smooth saturation at 1."""

import math

import numpy as np

import backproof


class Edge:
    __slots__ = ("slope", "source", "target", "weight")

    def __init__(self, source, target, weight):
        self.source, self.target, self.weight, self.slope = source, target, weight, 0.0


class Neuron:
    def __init__(self, kind="identity", bias=None):
        self.kind, self.bias = kind, bias
        self.incoming, self.outgoing = [], []
        self.bias_slope = 0.0
        self.z = self.a = self.delta = 0.0

    def fire(self):
        self.z = sum((e.weight * e.source.a for e in self.incoming), self.bias or 0.0)
        self.a = self.squash(self.z)

    def squash(self, z):
        if self.kind == "sigmoid":
            return 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))
        if self.kind == "tanh":
            return math.tanh(z)
        if self.kind == "relu":
            return max(z, 0.0)
        return z

    def steepness(self):
        if self.kind == "sigmoid":
            return self.a * self.squash(-self.z)
        if self.kind == "tanh":
            return (1 - self.a) * (1 + self.a)
        if self.kind == "relu":
            return float(self.z > 0)
        return 1.0

    def listen(self):
        d = self.steepness() * sum(e.weight * e.target.delta for e in self.outgoing)
        self.delta = d / (1.0 + abs(d) ** 3) ** (1.0 / 3.0)

    def note(self):
        self.bias_slope += self.delta
        for e in self.incoming:
            e.slope += self.delta * e.source.a

    def learn(self, alpha):
        for e in self.incoming:
            e.weight -= alpha * e.slope
            e.slope = 0.0
        if self.bias is not None:
            self.bias -= alpha * self.bias_slope
        self.bias_slope = 0.0


class Network:
    def __init__(self, specs):
        self.inputs = [Neuron() for _ in range(specs[0].weights.shape[1])]
        self.layers, below = [], self.inputs
        for spec in specs:
            row = []
            for i, weights in enumerate(spec.weights.tolist()):
                neuron = Neuron(spec.activation.name, None if spec.biases is None else float(spec.biases[i]))
                for j, w in enumerate(weights):
                    if spec.mask is None or spec.mask[i, j]:
                        edge = Edge(below[j], neuron, w)
                        neuron.incoming.append(edge)
                        below[j].outgoing.append(edge)
                row.append(neuron)
            self.layers.append(row)
            below = row

    def matrix(self, l, what, dtype):
        below = self.inputs if l == 0 else self.layers[l - 1]
        column = {id(n): j for j, n in enumerate(below)}
        m = np.zeros((len(self.layers[l]), len(below)), dtype=dtype)
        for i, n in enumerate(self.layers[l]):
            for e in n.incoming:
                m[i, column[id(e.source)]] = getattr(e, what)
        return m

    def vector(self, l, what, dtype):
        if self.layers[l][0].bias is None:
            return None
        return np.array([getattr(n, what) for n in self.layers[l]], dtype=dtype)


def pointwise(kind, y, out):
    """(J, dJ/dz) of one output neuron."""
    if kind == "squared":
        return (y - out.a) ** 2, 2 * (out.a - y) * out.steepness()
    softplus = max(out.z, 0.0) + math.log1p(math.exp(-abs(out.z)))
    return softplus - y * out.z, out.a - y


@backproof.subject(activations=["sigmoid", "tanh", "relu", "identity"], losses=["squared", "log"])
def net(case):
    network = Network(case.layers)
    depth = range(len(network.layers))
    dt = case.dtype
    diary = []
    for batch in case.batches:
        loss, Z, A, D = 0.0, [[] for _ in depth], [[] for _ in depth], [[] for _ in depth]
        for s in batch:
            for n, v in zip(network.inputs, case.x[s].tolist()):
                n.a = v
            for row in network.layers:
                for n in row:
                    n.fire()
            for n, y in zip(network.layers[-1], case.y[s].tolist()):
                J, n.delta = pointwise(case.loss, y, n)
                loss += J
            for row in network.layers[-2::-1]:
                for n in row:
                    n.listen()
            for l in depth:
                for n in network.layers[l]:
                    n.note()
                Z[l].append([n.z for n in network.layers[l]])
                A[l].append([n.a for n in network.layers[l]])
                D[l].append([n.delta for n in network.layers[l]])
        page = {
            "loss": loss,
            "net_inputs": [np.array(v, dtype=dt) for v in Z],
            "activations": [np.array(v, dtype=dt) for v in A],
            "deltas": [np.array(v, dtype=dt) for v in D],
            "weight_gradients": [network.matrix(l, "slope", dt) for l in depth],
            "bias_gradients": [network.vector(l, "bias_slope", dt) for l in depth],
        }
        for row in network.layers:
            for n in row:
                n.learn(float(case.learning_rate))
        page["weights"] = [network.matrix(l, "weight", dt) for l in depth]
        page["biases"] = [network.vector(l, "bias", dt) for l in depth]
        diary.append(page)
    return diary
