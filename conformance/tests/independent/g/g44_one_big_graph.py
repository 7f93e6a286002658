"""No fault. The whole network is one square matrix G over all its neurons, inputs and a constant 1 included: G[i, j] is the
weight of the edge from j to i. There are no layers in the passes: the state of all neurons is iterated, s <- f(G s), until it
stands still (after as many sweeps as there are layers, for G is nilpotent but for the clamped inputs), and the deltas likewise,
d <- e + f'(z) * (G' d). The gradient is one outer product over all pairs of neurons, cut to the edges that there are."""
from math import erfc, exp, pi, sqrt

import numpy as np

import backproof


def logistic(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def ramp(z):
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


def curve(name, p, z):
    """f(z) and f'(z); for softmax (over axis 0) f' is None."""
    low, up = np.minimum(z, 0), z > 0
    if name == "identity":
        return z, np.ones_like(z)
    if name == "sigmoid":
        return logistic(z), logistic(z) * logistic(-z)
    if name == "tanh":
        e = np.exp(-2 * np.abs(z))
        return np.tanh(z), 4 * e / (1 + e) ** 2
    if name == "relu":
        return np.where(up, z, 0).astype(z.dtype), up.astype(z.dtype)
    if name == "leaky_relu":
        return np.where(up, z, p["slope"] * z), np.where(up, 1, p["slope"]).astype(z.dtype)
    if name == "elu":
        return np.where(up, z, p["alpha"] * np.expm1(low)), np.where(up, 1, p["alpha"] * np.exp(low)).astype(z.dtype)
    if name == "softplus":
        return ramp(z), logistic(z)
    if name == "gelu" and p["approximate"] == "tanh":
        c = sqrt(2 / pi)
        s2 = 2 * c * (z + 0.044715 * z**3)  # (1 + tanh u) / 2 is the logistic function of 2u
        q, r = logistic(s2), logistic(-s2)
        return z * q, q + 2 * c * z * q * r * (1 + 3 * 0.044715 * z**2)
    if name == "gelu":
        v = z.astype(np.float64)
        cdf = np.vectorize(lambda t: erfc(-t / sqrt(2)) / 2, otypes=[float])(v)
        pdf = np.vectorize(lambda t: exp(-t * t / 2) / sqrt(2 * pi), otypes=[float])(v)
        return (v * cdf).astype(z.dtype), (cdf + v * pdf).astype(z.dtype)
    e = np.exp(z - z.max(axis=0))
    return e / e.sum(axis=0), None


class Graph:
    def __init__(self, case):
        self.loss, self.layers = case.loss, case.layers
        dt = case.x.dtype
        widths = [case.x.shape[1]] + [l.weights.shape[0] for l in case.layers]
        marks = np.cumsum([1] + widths)
        self.at = [slice(int(p), int(q)) for p, q in zip(marks, marks[1:])]  # neuron 0 is the constant 1
        N = int(marks[-1])
        self.G, self.edge = np.zeros((N, N), dt), np.zeros((N, N), bool)
        for l, src, dst in zip(case.layers, self.at, self.at[1:]):
            self.G[dst, src] = l.weights
            self.edge[dst, src] = True if l.mask is None else l.mask
            if l.biases is not None:
                self.G[dst, 0] = l.biases
                self.edge[dst, 0] = True

    def settle(self, x):
        s = np.zeros((len(self.G), len(x)), x.dtype)
        for _ in self.layers:
            s[0], s[self.at[0]] = 1, x.T
            z, slopes = self.G @ s, np.zeros_like(s)
            for l, i in zip(self.layers, self.at[1:]):
                s[i], slope = curve(l.activation.name, dict(l.activation.parameters), z[i])
                slopes[i] = 0 if slope is None else slope
        return z, s, slopes

    def charge(self, z, s, slopes, y):
        """The error, and its derivative by the net inputs of the last neurons (all others are 0)."""
        e, i = np.zeros_like(s), self.at[-1]
        o, v, t = s[i], z[i], y.T
        if self.loss == "squared":
            g = 2 * (o - t)
            e[i] = o * (g - (g * o).sum(axis=0)) if self.layers[-1].activation.name == "softmax" else g * slopes[i]
            return ((t - o) ** 2).sum(), e
        e[i] = o - t
        if self.loss == "log":
            return (t * ramp(-v) + (1 - t) * ramp(v)).sum(), e
        v = v - v.max(axis=0)
        return (t * (np.log(np.exp(v).sum(axis=0)) - v)).sum(), e

    def learn(self, x, y, rate):
        z, s, slopes = self.settle(x)
        E, e = self.charge(z, s, slopes, y)
        d = e
        for _ in self.layers[1:]:
            d = e + slopes * (self.G.T @ d)
        grad = np.where(self.edge, d @ s.T, 0).astype(s.dtype)
        self.G = self.G - rate * grad
        return {"loss": E, **{key: [m[i].T.copy() for i in self.at[1:]] for key, m in
                              (("net_inputs", z), ("activations", s), ("deltas", d))},
                **self.cut(grad, "weight_gradients", "bias_gradients"), **self.cut(self.G, "weights", "biases")}

    def cut(self, M, w, b):
        return {w: [M[dst, src].copy() for src, dst in zip(self.at, self.at[1:])],
                b: [None if l.biases is None else M[dst, 0].copy() for l, dst in zip(self.layers, self.at[1:])]}


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "gelu", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    graph = Graph(case)
    rate = case.x.dtype.type(case.learning_rate)
    return [graph.learn(case.x[list(rows)], case.y[list(rows)], rate) for rows in case.batches]
