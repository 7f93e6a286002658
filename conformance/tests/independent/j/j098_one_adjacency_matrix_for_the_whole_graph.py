"""No fault. The whole network is one graph: a single square matrix G over all neurons, the inputs and a constant
neuron 1 included (G[i, j] is the weight of the edge j -> i). Levels are swept up for the activations, the same
matrix is swept down, transposed, for the deltas, and one outer product is the gradient of every edge at once."""
import math

import numpy as np

import backproof


def sigmoid(z):
    t = np.exp(-np.abs(z))
    return np.where(z < 0, t, np.ones_like(t)) / (1 + t)


def function(spec):
    """z -> (f(z), g -> J_f(z)^T g), columns are samples."""
    name, p = spec.name, dict(spec.parameters)

    def gelu(z):
        v = z.astype(np.float64)
        if p["approximate"] == "tanh":
            c = 2 * math.sqrt(2 / math.pi)
            s = sigmoid(c * (v + 0.044715 * v**3))
            d = s + v * s * (1 - s) * c * (1 + 3 * 0.044715 * v * v)
        else:
            s = np.vectorize(math.erfc, otypes=[float])(-v / math.sqrt(2)) / 2
            d = s + v * np.exp(-v * v / 2) / math.sqrt(2 * math.pi)
        return (v * s).astype(z.dtype), d.astype(z.dtype)

    def pair(z):
        low = np.minimum(z, 0)
        one = np.ones_like(z)
        if name == "gelu":
            return gelu(z)
        if name == "elu":
            k = z.dtype.type(p["alpha"])
            return np.where(z > 0, z, k * np.expm1(low)), np.where(z > 0, one, k * np.exp(low))
        if name in ("relu", "leaky_relu"):
            k = np.where(z > 0, one, z.dtype.type(p.get("slope", 0)) * one)
            return k * z, k
        return {"identity": lambda: (z, one), "sigmoid": lambda: (sigmoid(z), sigmoid(z) * sigmoid(-z)),
                "tanh": lambda: (np.tanh(z), 1 - np.tanh(z) ** 2),
                "softplus": lambda: (np.logaddexp(0 * z, z), sigmoid(z))}[name]()

    def apply(z):
        if name == "softmax":
            e = np.exp(z - z.max(axis=0))
            o = e / e.sum(axis=0)
            return o, lambda g: o * (g - (o * g).sum(axis=0))
        a, slope = pair(z)
        return a, lambda g: slope * g
    return apply


def measure(loss, z, o, y):
    if loss == "squared":
        return ((y - o) ** 2).sum()
    if loss == "log":
        return (np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))).sum()
    s = z - z.max(axis=0)
    return (y * (np.log(np.exp(s).sum(axis=0)) - s)).sum()


@backproof.subject(losses=["squared", "log", "cross_entropy"], activations=[
    "identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "gelu", "softmax"])
def net(case):
    widths = [case.x.shape[1]] + [len(l.weights) for l in case.layers]
    ends = np.cumsum([1] + widths)  # neuron 0 is the constant 1
    level = [slice(s, e) for s, e in zip(ends[:-1], ends[1:])]
    size, dtype = ends[-1], case.x.dtype
    G, edge = np.zeros((size, size), dtype), np.zeros((size, size), bool)
    for k, l in enumerate(case.layers):
        G[level[k + 1], level[k]] = l.weights
        edge[level[k + 1], level[k]] = True if l.mask is None else l.mask
        if l.biases is not None:
            G[level[k + 1], 0] = l.biases
            edge[level[k + 1], 0] = True
    functions = [function(l.activation) for l in case.layers]
    up = range(1, len(level))
    weights_of = lambda M: [M[level[k], level[k - 1]].copy() for k in up]
    biases_of = lambda M: [None if case.layers[k - 1].biases is None else M[level[k], 0].copy() for k in up]
    reports = []
    for batch in case.batches:
        n = len(batch)
        a, z, delta = np.ones((size, n), dtype), np.zeros((size, n), dtype), np.zeros((size, n), dtype)
        a[1:] = 0
        a[level[0]] = case.x[batch].T
        y, back = case.y[batch].T, {}
        for k in up:
            z[level[k]] = G[level[k]] @ a
            a[level[k]], back[k] = functions[k - 1](z[level[k]])
        o = a[level[-1]]
        delta[level[-1]] = back[up[-1]](2 * (o - y)) if case.loss == "squared" else o - y
        for k in reversed(up[:-1]):
            delta[level[k]] = back[k](G[:, level[k]].T @ delta)
        loss = measure(case.loss, z[level[-1]], o, y)
        gradient = np.where(edge, delta @ a.T, np.zeros_like(G))
        G = G - dtype.type(case.learning_rate) * gradient
        rows = lambda M: [M[level[k]].T.copy() for k in up]
        reports.append({"net_inputs": rows(z), "activations": rows(a), "deltas": rows(delta), "loss": loss,
                        "weight_gradients": weights_of(gradient), "bias_gradients": biases_of(gradient),
                        "weights": weights_of(G), "biases": biases_of(G)})
    return reports if len(reports) > 1 else reports[0]
