"""Fault: the gradient of a batch is meant to be the mean over its samples, but it is divided by the batch size that
the trainer was set up with; the last, smaller batch of a pass is so divided by too much. The loss is a true mean."""
import numpy as np
import backproof

KINDS = ("identity", "sigmoid", "tanh", "relu", "leaky_relu", "softplus", "elu", "softmax")


class Trainer:
    """Weights are (inputs, outputs), samples are rows: z = a W + b."""

    def __init__(self, layers, loss, rate, batch_size):
        self.weights = [np.array(l.weights) for l in layers]
        self.biases = [None if l.biases is None else np.array(l.biases) for l in layers]
        self.edges = [l.mask for l in layers]
        self.kinds = [l.activation.name for l in layers]
        self.options = [dict(l.activation.parameters) for l in layers]
        self.loss, self.rate, self.batch_size = loss, rate, batch_size

    @staticmethod
    def logistic(z):
        e = np.exp(-np.abs(z))
        return np.where(z >= 0, 1, e) / (1 + e)

    def f(self, i, z):
        kind, opt = self.kinds[i], self.options[i]
        if kind == "sigmoid":
            return self.logistic(z)
        if kind == "tanh":
            return np.tanh(z)
        if kind == "relu":
            return z.clip(min=0)
        if kind == "leaky_relu":
            return z * np.where(z > 0, np.ones_like(z), opt["slope"])
        if kind == "elu":
            return np.where(z > 0, z, opt["alpha"] * np.expm1(z.clip(max=0)))
        if kind == "softplus":
            return z.clip(min=0) + np.log1p(np.exp(-np.abs(z)))
        if kind == "softmax":
            e = np.exp(z - z.max(axis=1, keepdims=True))
            return e / e.sum(axis=1, keepdims=True)
        return z.copy()

    def through(self, i, z, a, g):
        """From dE/da to dE/dz."""
        kind, opt = self.kinds[i], self.options[i]
        if kind == "sigmoid":
            return g * a * (1 - a)
        if kind == "tanh":
            return g * (1 - a * a)
        if kind == "relu":
            return np.where(z > 0, g, 0)
        if kind == "leaky_relu":
            return np.where(z > 0, g, opt["slope"] * g)
        if kind == "elu":
            return np.where(z > 0, g, opt["alpha"] * np.exp(z.clip(max=0)) * g)
        if kind == "softplus":
            return g * self.logistic(z)
        if kind == "softmax":
            return a * (g - (a * g).sum(axis=1, keepdims=True))
        return g

    def losses(self, z, o, y):
        if self.loss == "squared":
            return ((y - o) ** 2).sum(axis=1)
        if self.loss == "log":
            return (z.clip(min=0) - y * z + np.log1p(np.exp(-np.abs(z)))).sum(axis=1)
        z = z - z.max(axis=1, keepdims=True)
        return (y * (np.log(np.exp(z).sum(axis=1, keepdims=True)) - z)).sum(axis=1)

    def fit_batch(self, x, y):
        a, zs = [x], []
        for i, (w, b) in enumerate(zip(self.weights, self.biases)):
            z = a[-1] @ w if b is None else a[-1] @ w + b
            zs.append(z)
            a.append(self.f(i, z))
        last = len(zs) - 1
        d = a[-1] - y
        if self.loss == "squared":
            d = self.through(last, zs[last], a[-1], 2 * d)
        deltas = {last: d}
        for i in range(last, 0, -1):
            deltas[i - 1] = self.through(i - 1, zs[i - 1], a[i], deltas[i] @ self.weights[i].T)
        gw, gb = [], []
        for i in range(last + 1):
            g = a[i].T @ deltas[i] / self.batch_size
            gw.append(g if self.edges[i] is None else g * self.edges[i])
            gb.append(None if self.biases[i] is None else deltas[i].sum(axis=0) / self.batch_size)
        self.weights = [w - self.rate * g for w, g in zip(self.weights, gw)]
        self.biases = [None if b is None else b - self.rate * g for b, g in zip(self.biases, gb)]
        return {"net_inputs": zs, "activations": a[1:], "deltas": [deltas[i] for i in range(last + 1)],
                "loss": self.losses(zs[-1], a[-1], y).mean(), "weight_gradients": gw, "bias_gradients": gb,
                "weights": self.weights, "biases": self.biases}


@backproof.subject(activations=KINDS, losses=("squared", "log", "cross_entropy"), reduction="mean",
                   delta_of="sample", weight_layout="in_out")
def net(case):
    batch_size = len(case.batches[0])
    trainer = Trainer(case.layers, case.loss, case.learning_rate, batch_size)
    return [trainer.fit_batch(case.x[list(b)], case.y[list(b)]) for b in case.batches]
