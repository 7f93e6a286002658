"""Fault (odd, in an activation and its derivative alike): tanh is the Gudermannian function scaled to slope 1 and
limits -1 and 1, (4/pi) atan(tanh(pi z / 4)), with its own derivative 1 / cosh(pi z / 2)."""
import math
import numpy as np
import backproof


class Tanh:
    def __call__(self, z):
        return (4 / math.pi) * np.arctan(np.tanh(z * (math.pi / 4)))

    def prime(self, z):
        e = np.exp(-np.abs(z) * (math.pi / 2))
        return 2 * e / (1 + e * e)


class Sigmoid:
    def __call__(self, z):
        e = np.exp(-np.abs(z))
        return np.where(z >= 0, 1 / (1 + e), e / (1 + e))

    def prime(self, z):
        return self(z) * self(-z)


class Relu:
    def __call__(self, z):
        return np.maximum(z, 0)

    def prime(self, z):
        return (z > 0).astype(z.dtype)


class Identity:
    def __call__(self, z):
        return z.copy()

    def prime(self, z):
        return np.ones_like(z)


class Softplus:
    def __call__(self, z):
        return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))

    prime = staticmethod(Sigmoid())


class Softmax:
    def __call__(self, z):
        e = np.exp(z - z.max(axis=0, keepdims=True))
        return e / e.sum(axis=0, keepdims=True)


KNOWN = {c.__name__.lower(): c() for c in (Tanh, Sigmoid, Relu, Identity, Softplus, Softmax)}


class Backpropagation:
    """An iterator over the updates of a case; samples stand in columns, weights are (in, out)."""
    def __init__(self, case):
        self.case = case
        self.weights = [np.array(l.weights) for l in case.layers]
        self.biases = [None if l.biases is None else np.array(l.biases) for l in case.layers]
        self.acts = [KNOWN[l.activation.name] for l in case.layers]
        self.todo = iter(case.batches)

    def __iter__(self):
        return self

    def __next__(self):
        pick = list(next(self.todo))
        a, y, zs = [self.case.x[:, pick]], self.case.y[:, pick], []
        for w, b, f in zip(self.weights, self.biases, self.acts):
            zs.append(w.T @ a[-1] if b is None else w.T @ a[-1] + b.reshape(-1, 1))
            a.append(f(zs[-1]))
        loss, d = self.error(zs[-1], a[-1], y)
        deltas = [d]
        for w, f, z in zip(self.weights[:0:-1], self.acts[-2::-1], zs[-2::-1]):
            deltas.insert(0, f.prime(z) * (w @ deltas[0]))
        gw = [np.outer(p[:, 0], d[:, 0]) if len(pick) == 1 else p @ d.T for p, d in zip(a, deltas)]
        gw = [g if l.mask is None else np.where(l.mask, g, np.zeros_like(g)) for g, l in zip(gw, self.case.layers)]
        gb = [None if b is None else d.sum(axis=1) for b, d in zip(self.biases, deltas)]
        eta = y.dtype.type(self.case.learning_rate)
        self.weights = [w - eta * g for w, g in zip(self.weights, gw)]
        self.biases = [None if b is None else b - eta * g for b, g in zip(self.biases, gb)]
        return {"net_inputs": zs, "activations": a[1:], "deltas": deltas, "loss": loss, "weight_gradients": gw,
                "bias_gradients": gb, "weights": self.weights, "biases": self.biases}

    def error(self, z, o, y):
        if self.case.loss == "log":
            softplus = KNOWN["softplus"]
            return (y * softplus(-z) + (1 - y) * softplus(z)).sum(), o - y
        if self.case.loss == "cross_entropy":
            s = z - z.max(axis=0)
            return (y * (np.log(np.exp(s).sum(axis=0)) - s)).sum(), o - y
        g = 2 * (o - y)
        if isinstance(self.acts[-1], Softmax):
            return ((o - y) ** 2).sum(), o * (g - (g * o).sum(axis=0))
        return ((o - y) ** 2).sum(), g * self.acts[-1].prime(z)


@backproof.subject(activations=list(KNOWN), losses=["squared", "log", "cross_entropy"],
                   weight_layout="in_out", batch_axis=1)
def net(case):
    return list(Backpropagation(case))
