"""Fault: the loss that is reported is divided by the number of outputs, while the gradients are those of the plain sum."""
import numpy as np

import backproof


class Columns:
    """Weights are (inputs, outputs), samples are columns: z = W' a + b."""

    def __init__(self, case):
        self.kinds = [l.activation.name for l in case.layers]
        self.slopes = [dict(l.activation.parameters).get("slope") for l in case.layers]
        self.alphas = [dict(l.activation.parameters).get("alpha") for l in case.layers]
        self.W = [l.weights.copy() for l in case.layers]
        self.b = [l.biases.copy() if l.biases is not None else None for l in case.layers]
        self.M = [l.mask for l in case.layers]
        self.loss = case.loss
        self.rate = case.x.dtype.type(case.learning_rate)

    def f(self, k, z):
        name = self.kinds[k]
        q = np.exp(-abs(z))
        if name == "sigmoid":
            return np.where(z < 0, q, 1) / (1 + q)
        if name == "tanh":
            return np.tanh(z)
        if name == "relu":
            return np.where(z < 0, 0, z).astype(z.dtype)
        if name == "leaky_relu":
            return np.where(z < 0, self.slopes[k] * z, z)
        if name == "elu":
            return np.where(z < 0, self.alphas[k] * np.expm1(-abs(z)), z)
        if name == "softplus":
            return np.log1p(q) + z.clip(0)
        if name == "softmax":
            r = np.exp(z - z.max(0))
            return r / r.sum(0)
        return z

    def jvp(self, k, z, a, g):
        """dE/dz from g = dE/da (the Jacobian is symmetric)."""
        name = self.kinds[k]
        q = np.exp(-abs(z))
        if name == "sigmoid":
            return g * q / (1 + q) ** 2
        if name == "tanh":
            return g * (1 + a) * (1 - a)
        if name == "relu":
            return np.where(z > 0, g, 0).astype(z.dtype)
        if name == "leaky_relu":
            return np.where(z > 0, g, self.slopes[k] * g)
        if name == "elu":
            return np.where(z > 0, g, self.alphas[k] * q * g)
        if name == "softplus":
            return g * np.where(z < 0, q, 1) / (1 + q)
        if name == "softmax":
            return a * (g - (a * g).sum(0))
        return g

    def measure(self, z, o, y):
        if self.loss == "squared":
            e = (o - y) ** 2
        elif self.loss == "log":
            t = np.log1p(np.exp(-abs(z)))
            e = y * (t + (-z).clip(0)) + (1 - y) * (t + z.clip(0))
        else:
            s = z - z.max(0)
            e = y * (np.log(np.exp(s).sum(0)) - s)
        return e.mean(axis=0).sum()

    def learn(self, x, y):
        z, a = [], [x]
        for k, W in enumerate(self.W):
            z.append(W.T @ a[k])
            if self.b[k] is not None:
                z[k] += self.b[k][:, None]
            a.append(self.f(k, z[k]))
        o, last = a[-1], len(z) - 1
        d = [None] * len(z)
        d[last] = self.jvp(last, z[last], o, 2 * (o - y)) if self.loss == "squared" else o - y
        for k in range(last, 0, -1):
            d[k - 1] = self.jvp(k - 1, z[k - 1], a[k], self.W[k] @ d[k])
        gW = [a[k] @ d[k].T for k in range(len(z))]
        gW = [g if m is None else g * m for g, m in zip(gW, self.M)]
        gb = [None if b is None else e.sum(1) for e, b in zip(d, self.b)]
        value = self.measure(z[last], o, y)
        self.W = [W - self.rate * g for W, g in zip(self.W, gW)]
        self.b = [None if b is None else b - self.rate * g for b, g in zip(self.b, gb)]
        return {"net_inputs": z, "activations": a[1:], "deltas": d, "loss": value, "weight_gradients": gW,
                "bias_gradients": gb, "weights": self.W, "biases": self.b}


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], weight_layout="in_out", batch_axis=1)
def net(case):
    model = Columns(case)
    return [model.learn(case.x[:, list(b)], case.y[:, list(b)]) for b in case.batches]
