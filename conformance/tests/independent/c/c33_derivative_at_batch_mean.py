"""Fault: the hidden derivative is taken at the mean net input of the batch, the same for all its samples."""
import numpy as np
import backproof


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


class Unit:
    table = {
        "sigmoid": (sigmoid, lambda z: sigmoid(z) * sigmoid(-z)),
        "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
        "softplus": (lambda z: np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))), sigmoid),
        "identity": (lambda z: z, np.ones_like),
    }

    def __init__(self, spec):
        self.w, self.b, self.mask = spec.weights, spec.biases, spec.mask
        self.f, self.df = self.table[spec.activation.name]

    def up(self, x):
        self.x = x
        self.z = x @ self.w.T if self.b is None else x @ self.w.T + self.b
        self.a = self.f(self.z)
        return self.a

    def hidden(self, g):
        return g * self.df(self.z.mean(axis=0, keepdims=True))

    def grads(self, d):
        self.d = d
        g = d.T @ self.x
        self.gw = g if self.mask is None else g * self.mask
        self.gb = None if self.b is None else d.sum(axis=0)
        return d @ self.w

    def move(self, rate):
        self.w = self.w - rate * self.gw
        self.b = None if self.b is None else self.b - rate * self.gb


@backproof.subject(activations=list(Unit.table), losses=["squared", "log"])
def net(case):
    units = [Unit(spec) for spec in case.layers]
    answer = []
    for batch in case.batches:
        h = case.x[list(batch)]
        for u in units:
            h = u.up(h)
        miss = h - case.y[list(batch)]
        top = units[-1]
        g = top.grads(miss if case.loss == "log" else 2 * miss * top.df(top.z))
        for u in units[-2::-1]:
            g = u.grads(u.hidden(g))
        for u in units:
            u.move(case.x.dtype.type(case.learning_rate))
        answer.append({"net_inputs": [u.z for u in units], "activations": [u.a for u in units],
                       "deltas": [u.d for u in units], "weight_gradients": [u.gw for u in units],
                       "bias_gradients": [u.gb for u in units], "weights": [u.w for u in units],
                       "biases": [u.b for u in units]})
    return answer
