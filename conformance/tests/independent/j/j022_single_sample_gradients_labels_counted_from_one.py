"""Fault: labels are looked up at i - 1, as if they were counted from 1: each sample learns the label of the sample
before it in the data (the first one that of the last)."""
import numpy as np

import backproof


def sigma(v):
    e = np.exp(-np.abs(v))
    return np.where(v < 0, e, e * 0 + 1) / (1 + e)


class One:
    """The network on a single sample (E8)."""

    def __init__(self, layers):
        self.W = [l.weights.copy() for l in layers]
        self.b = [None if l.biases is None else l.biases.copy() for l in layers]
        self.layers = layers

    def f(self, l, v):
        name = self.layers[l].activation.name
        p = dict(self.layers[l].activation.parameters)
        if name == "softmax":
            e = np.exp(v - v.max())
            return e / e.sum()
        return {"identity": lambda: v, "sigmoid": lambda: sigma(v), "tanh": lambda: np.tanh(v),
                "relu": lambda: np.maximum(v, 0), "softplus": lambda: np.logaddexp(0 * v, v),
                "leaky_relu": lambda: np.where(v > 0, v, v.dtype.type(p.get("slope", 0)) * v),
                "elu": lambda: np.where(v > 0, v, v.dtype.type(p.get("alpha", 0)) * np.expm1(np.minimum(v, 0)))}[name]()

    def vjp(self, l, v, a, g):
        name = self.layers[l].activation.name
        p = dict(self.layers[l].activation.parameters)
        if name == "softmax":
            return a * (g - a @ g)
        return g * {"identity": lambda: 1 + 0 * v, "sigmoid": lambda: sigma(v) * sigma(-v), "tanh": lambda: 1 - a * a,
                    "relu": lambda: (v > 0).astype(v.dtype), "softplus": lambda: sigma(v),
                    "leaky_relu": lambda: np.where(v > 0, 1 + 0 * v, v.dtype.type(p.get("slope", 0))),
                    "elu": lambda: np.where(v > 0, 1 + 0 * v, v.dtype.type(p.get("alpha", 0)) * np.exp(
                        np.minimum(v, 0)))}[name]()

    def gradient(self, x, y, loss):
        a, z = [x], []
        for l, (W, b) in enumerate(zip(self.W, self.b)):
            z.append(W @ a[l] if b is None else W @ a[l] + b)
            a.append(self.f(l, z[l]))
        o, last = a[-1], len(z) - 1
        if loss == "squared":
            J, d = ((y - o) ** 2).sum(), self.vjp(last, z[-1], o, 2 * (o - y))
        elif loss == "log":
            J, d = (np.logaddexp(0 * z[-1], z[-1]) - y * z[-1]).sum(), o - y
        else:
            m = z[-1].max()
            J, d = (y * (np.log(np.exp(z[-1] - m).sum()) - (z[-1] - m))).sum(), o - y
        ds = [d]
        for l in range(last - 1, -1, -1):
            d = self.vjp(l, z[l], a[l + 1], self.W[l + 1].T @ d)
            ds.insert(0, d)
        gW = [np.outer(d, s) if l.mask is None else np.outer(d, s) * l.mask for d, s, l in zip(ds, a, self.layers)]
        return z, a[1:], ds, J, gW, ds


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "leaky_relu", "elu", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    one, rate, story = One(case.layers), case.x.dtype.type(case.learning_rate), []
    for batch in case.batches:
        parts = [one.gradient(case.x[i], case.y[i - 1], case.loss) for i in batch]
        z, a, d, J, gW, gb = zip(*parts)
        stack = lambda samples: [np.stack(rows) for rows in zip(*samples)]
        total = lambda samples: [np.sum(rows, axis=0) for rows in zip(*samples)]
        gW, gb = total(gW), [g if b is not None else None for g, b in zip(total(gb), one.b)]
        one.W = [W - rate * g for W, g in zip(one.W, gW)]
        one.b = [None if b is None else b - rate * g for b, g in zip(one.b, gb)]
        story.append({"net_inputs": stack(z), "activations": stack(a), "deltas": stack(d), "loss": np.sum(J),
                      "weight_gradients": gW, "bias_gradients": gb, "weights": one.W, "biases": one.b})
    return story[0] if len(story) == 1 else story
