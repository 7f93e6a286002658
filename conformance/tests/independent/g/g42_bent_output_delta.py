"""Fault (odd): the output delta d is bent to d + d|d|/5, so that large errors count more than they should."""
import numpy as np

import backproof


class MLP:
    """Rows of samples no more than columns: everything here is (neurons, samples)."""

    def __init__(self, layers, loss, rate):
        self.layers, self.loss, self.rate = layers, loss, rate
        self.params = [[l.weights.copy(), l.biases if l.biases is None else l.biases.reshape(-1, 1).copy()] for l in layers]

    @staticmethod
    def _logistic(z):
        return np.exp(-np.logaddexp(z.dtype.type(0), -z))

    def _f(self, act, z):
        if act.name == "softmax":
            e = np.exp(z - z.max(axis=0))
            return e / e.sum(axis=0)
        if act.name == "leaky_relu":
            return z * np.where(z > 0, 1, dict(act.parameters)["slope"]).astype(z.dtype)
        return {"identity": lambda: z, "sigmoid": lambda: self._logistic(z), "tanh": lambda: np.tanh(z),
                "relu": lambda: np.maximum(z, 0), "softplus": lambda: np.logaddexp(z.dtype.type(0), z)}[act.name]()

    def _times_slope(self, act, z, a, g):
        if act.name == "softmax":
            return a * (g - (a * g).sum(axis=0))
        if act.name == "leaky_relu":
            return g * np.where(z > 0, 1, dict(act.parameters)["slope"]).astype(z.dtype)
        return g * {"identity": lambda: 1, "sigmoid": lambda: a * self._logistic(-z), "tanh": lambda: (1 - a) * (1 + a),
                    "relu": lambda: z > 0, "softplus": lambda: self._logistic(z)}[act.name]()

    def _loss(self, z, o, y):
        nil = z.dtype.type(0)
        if self.loss == "squared":
            return np.square(o - y).sum() / 2
        if self.loss == "log":
            return (y * np.logaddexp(nil, -z) + (1 - y) * np.logaddexp(nil, z)).sum()
        z = z - z.max(axis=0)
        return (y * (np.log(np.exp(z).sum(axis=0)) - z)).sum()

    def fit_batch(self, x, y):
        z, a = [], [x]
        for l, (W, b) in zip(self.layers, self.params):
            z.append(W @ a[-1] + (0 if b is None else b))
            a.append(self._f(l.activation, z[-1]))
        d = a[-1] - y
        if self.loss == "squared":
            d = self._times_slope(self.layers[-1].activation, z[-1], a[-1], d)
        deltas = [d + d * abs(d) / 5]
        for k in range(len(z) - 2, -1, -1):
            g = self.params[k + 1][0].T @ deltas[0]
            deltas.insert(0, self._times_slope(self.layers[k].activation, z[k], a[k + 1], g))
        gW = [d @ v.T for d, v in zip(deltas, a)]
        gW = [g if l.mask is None else g * l.mask for g, l in zip(gW, self.layers)]
        gb = [None if p[1] is None else d.sum(axis=1, keepdims=True) for d, p in zip(deltas, self.params)]
        for p, g, h in zip(self.params, gW, gb):
            p[0] = p[0] - self.rate * g
            if h is not None:
                p[1] = p[1] - self.rate * h
        return dict(net_inputs=z, activations=a[1:], deltas=deltas, loss=self._loss(z[-1], a[-1], y), weight_gradients=gW,
                    bias_gradients=[None if h is None else h[:, 0] for h in gb], weights=[p[0] for p in self.params],
                    biases=[None if p[1] is None else p[1][:, 0] for p in self.params])


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], batch_axis=1, loss_factor=0.5)
def net(case):
    model = MLP(case.layers, case.loss, case.x.dtype.type(case.learning_rate))
    return [model.fit_batch(case.x[:, b], case.y[:, b]) for b in map(list, case.batches)]
