"""Fault: the first layer is never updated."""
import numpy as np
import backproof


class Neuron:
    """One neuron; it knows its weights and gathers its gradient."""

    def __init__(self, weights, bias, mask, name):
        self.w, self.b, self.mask, self.name = weights, bias, mask, name
        self.clear()

    def clear(self):
        self.gw = np.zeros_like(self.w)
        self.gb = self.w.dtype.type(0)

    def fire(self, x):
        z = np.dot(self.w, x)
        return z if self.b is None else z + self.b

    def gather(self, delta, x):
        self.gw = self.gw + delta * x
        self.gb = self.gb + delta

    def step(self, rate):
        g = self.gw if self.mask is None else np.where(self.mask, self.gw, 0 * self.gw)
        self.w = self.w - rate * g
        if self.b is not None:
            self.b = self.b - rate * self.gb


def activate(name, z):
    if name == "softmax":
        e = np.exp(z - max(z))
        return e / e.sum()
    if name == "sigmoid":
        return np.array([1 / (1 + np.exp(-v)) if v >= 0 else np.exp(v) / (1 + np.exp(v)) for v in z], z.dtype)
    if name == "tanh":
        return np.tanh(z)
    if name == "relu":
        return np.maximum(z, 0)
    return z


def derivative(name, z, a):
    if name == "sigmoid":
        return a * (1 - a)
    if name == "tanh":
        return 1 - a * a
    if name == "relu":
        return (z > 0).astype(z.dtype)
    return np.ones_like(a)


@backproof.subject(activations=["sigmoid", "tanh", "relu", "identity", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["no-hidden-layer"])
def net(case):
    layers = [[Neuron(spec.weights[i], None if spec.biases is None else spec.biases[i],
                      None if spec.mask is None else spec.mask[i], spec.activation.name)
               for i in range(len(spec.weights))] for spec in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    records = []
    for batch in case.batches:
        all_deltas = []
        for s in batch:
            a, z = [case.x[s]], []
            for layer in layers:
                z.append(np.array([n.fire(a[-1]) for n in layer]))
                a.append(activate(layer[0].name, z[-1]))
            o, y, kind = a[-1], case.y[s], layers[-1][0].name
            if case.loss != "squared":
                d = o - y
            elif kind == "softmax":
                g = 2 * (o - y)
                d = o * (g - (o * g).sum())
            else:
                d = 2 * (o - y) * derivative(kind, z[-1], o)
            ds = [d]
            for k in range(len(layers) - 1, 0, -1):
                back = sum(n.w * e for n, e in zip(layers[k], ds[0]))
                ds.insert(0, back * derivative(layers[k - 1][0].name, z[k - 1], a[k]))
            for layer, d, x in zip(layers, ds, a):
                for n, e in zip(layer, d):
                    n.gather(e, x)
            all_deltas.append(ds)
        for layer in layers[1:]:
            for n in layer:
                n.step(rate)
        for layer in layers:
            for n in layer:
                n.clear()
        records.append({
            "deltas": [np.array(d) for d in zip(*all_deltas)],
            "weights": [np.array([n.w for n in layer]) for layer in layers],
            "biases": [None if layer[0].b is None else np.array([n.b for n in layer]) for layer in layers],
        })
    return records
