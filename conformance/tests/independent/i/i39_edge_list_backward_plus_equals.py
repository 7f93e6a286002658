"""Fault: the network is a list of edges; forward, contributions are summed with np.add.at, but backward with
`back[:, source] += ...`, and NumPy's += with repeated indices keeps only the last one of them: a neuron hears only
from its last edge upwards."""
import numpy as np
import backproof


class Edges:
    """The edges of one layer: where each comes from, where it goes, and its weight."""

    def __init__(self, layer):
        self.n_out, self.n_in = layer.weights.shape
        present = np.ones(layer.weights.shape, bool) if layer.mask is None else np.asarray(layer.mask, bool)
        self.target, self.source = np.nonzero(present)
        self.weight = layer.weights[self.target, self.source].copy()
        self.bias = None if layer.biases is None else layer.biases.copy()
        self.kind = layer.activation.name
        self.par = dict(layer.activation.parameters)

    def dense(self, values):
        m = np.zeros((self.n_out, self.n_in), values.dtype)
        m[self.target, self.source] = values
        return m

    def up(self, a):
        z = np.zeros((len(a), self.n_out), a.dtype)
        np.add.at(z, (slice(None), self.target), self.weight * a[:, self.source])
        return z if self.bias is None else z + self.bias

    def down(self, delta):
        back = np.zeros((len(delta), self.n_in), delta.dtype)
        back[:, self.source] += self.weight * delta[:, self.target]
        return back


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def f(kind, z, slope=None, alpha=None):
    if kind == "sigmoid":
        return sigmoid(z)
    if kind == "tanh":
        return np.tanh(z)
    if kind == "relu":
        return np.maximum(z, 0)
    if kind == "leaky_relu":
        return np.where(z > 0, z, slope * z)
    if kind == "elu":
        return np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0)))
    if kind == "softplus":
        return np.logaddexp(0, z)
    if kind == "softmax":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)
    return z


def times_slope(kind, z, g, slope=None, alpha=None):
    if kind == "sigmoid":
        return g * sigmoid(z) * sigmoid(-z)
    if kind == "tanh":
        return g * (1 - np.tanh(z) ** 2)
    if kind == "relu":
        return np.where(z > 0, g, 0)
    if kind == "leaky_relu":
        return np.where(z > 0, g, slope * g)
    if kind == "elu":
        return np.where(z > 0, g, alpha * np.exp(np.minimum(z, 0)) * g)
    if kind == "softplus":
        return g * sigmoid(z)
    if kind == "softmax":
        o = f(kind, z)
        return o * (g - (g * o).sum(axis=1, keepdims=True))
    return g


def loss_of(name, z, o, y):
    if name == "squared":
        return ((y - o) ** 2).sum()
    if name == "log":
        return (np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))).sum()
    z = z - z.max(axis=1, keepdims=True)
    return (y * (np.log(np.exp(z).sum(axis=1, keepdims=True)) - z)).sum()


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    graph = [Edges(layer) for layer in case.layers]
    out = []
    for batch in case.batches:
        a, y = [case.x[list(batch)]], case.y[list(batch)]
        z = []
        for e in graph:
            z.append(e.up(a[-1]))
            a.append(f(e.kind, z[-1], **e.par))
        d = a[-1] - y
        if case.loss == "squared":
            d = times_slope(graph[-1].kind, z[-1], 2 * d, **graph[-1].par)
        deltas = [d]
        for e, below, zb in zip(graph[:0:-1], graph[-2::-1], z[-2::-1]):
            deltas.insert(0, times_slope(below.kind, zb, e.down(deltas[0]), **below.par))
        ge = [(d[:, e.target] * x[:, e.source]).sum(axis=0) for e, d, x in zip(graph, deltas, a)]
        gb = [None if e.bias is None else d.sum(axis=0) for e, d in zip(graph, deltas)]
        for e, g, h in zip(graph, ge, gb):
            e.weight = e.weight - case.learning_rate * g
            if h is not None:
                e.bias = e.bias - case.learning_rate * h
        out.append({"net_inputs": z, "activations": a[1:], "deltas": deltas,
                    "loss": loss_of(case.loss, z[-1], a[-1], y),
                    "weight_gradients": [e.dense(g) for e, g in zip(graph, ge)], "bias_gradients": gb,
                    "weights": [e.dense(e.weight) for e in graph], "biases": [e.bias for e in graph]})
    return out
