"""Fault (my own): deltas go back along an edge list with back[:, src] += ..., but NumPy's fancy += counts a repeated index only once, so of all edges that leave a neuron only the last one carries its delta back (forward uses np.add.at and is right)."""
import numpy as np
import backproof


def logis(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def act(a, z):
    p = dict(a.parameters)
    if a.name == "softmax":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)
    if a.name == "leaky_relu":
        return np.where(z > 0, z, p["slope"] * z)
    if a.name == "elu":
        return np.where(z > 0, z, p["alpha"] * np.expm1(np.minimum(z, 0)))
    return {"identity": np.copy, "sigmoid": logis, "tanh": np.tanh, "relu": lambda v: np.where(v > 0, v, 0),
            "softplus": lambda v: np.logaddexp(0, v)}[a.name](z)


def slope(a, z):
    p, one = dict(a.parameters), np.ones_like(z)
    if a.name == "leaky_relu":
        return np.where(z > 0, one, p["slope"])
    if a.name == "elu":
        return np.where(z > 0, one, p["alpha"] * np.exp(np.minimum(z, 0)))
    return {"identity": lambda v: one, "sigmoid": lambda v: logis(v) * logis(-v), "tanh": lambda v: one - np.tanh(v) ** 2,
            "relu": lambda v: one * (v > 0), "softplus": logis}[a.name](z)


class Edges:
    """The connections between two layers as a list of edges (dst, src, weight)."""

    def __init__(self, spec):
        self.shape = spec.weights.shape
        there = np.ones(self.shape, bool) if spec.mask is None else spec.mask
        self.dst, self.src = np.nonzero(there)
        self.w = spec.weights[self.dst, self.src].copy()
        self.b = None if spec.biases is None else spec.biases.copy()

    def forward(self, a):
        z = np.zeros((len(a), self.shape[0]), a.dtype)
        np.add.at(z, (slice(None), self.dst), a[:, self.src] * self.w)
        return z if self.b is None else z + self.b

    def backward(self, delta):
        back = np.zeros((len(delta), self.shape[1]), delta.dtype)
        back[:, self.src] += delta[:, self.dst] * self.w
        return back

    def gradient(self, delta, a):
        return ((delta[:, self.dst] * a[:, self.src]).sum(axis=0), None if self.b is None else delta.sum(axis=0))

    def dense(self, values):
        m = np.zeros(self.shape, values.dtype)
        m[self.dst, self.src] = values
        return m


@backproof.subject(losses=["squared", "log", "cross_entropy"], activations=[
    "identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"])
def net(case):
    graph = [Edges(spec) for spec in case.layers]
    acts = [spec.activation for spec in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    told = []
    for batch in case.batches:
        y = case.y[list(batch)]
        values, zs = [case.x[list(batch)]], []
        for edges, a in zip(graph, acts):
            zs.append(edges.forward(values[-1]))
            values.append(act(a, zs[-1]))
        o, z = values[-1], zs[-1]
        if case.loss == "squared":
            loss, g = ((o - y) ** 2).sum(), 2 * (o - y)
            d = o * (g - (g * o).sum(axis=1, keepdims=True)) if acts[-1].name == "softmax" else g * slope(acts[-1], z)
        elif case.loss == "log":
            loss, d = (np.logaddexp(0, z) - y * z).sum(), o - y
        else:
            t = z - z.max(axis=1, keepdims=True)
            loss, d = (y * (np.log(np.exp(t).sum(axis=1, keepdims=True)) - t)).sum(), o - y
        deltas = [d]
        for edges, a, zl in zip(graph[:0:-1], acts[-2::-1], zs[-2::-1]):
            deltas.append(edges.backward(deltas[-1]) * slope(a, zl))
        deltas.reverse()
        grads = [e.gradient(d, v) for e, d, v in zip(graph, deltas, values)]
        for e, (gw, gb) in zip(graph, grads):
            e.w = e.w - rate * gw
            if e.b is not None:
                e.b = e.b - rate * gb
        told.append({"net_inputs": zs, "activations": values[1:], "deltas": deltas, "loss": loss,
                     "weight_gradients": [e.dense(gw) for e, (gw, _) in zip(graph, grads)],
                     "bias_gradients": [gb for _, gb in grads],
                     "weights": [e.dense(e.w) for e in graph], "biases": [e.b for e in graph]})
    return told
