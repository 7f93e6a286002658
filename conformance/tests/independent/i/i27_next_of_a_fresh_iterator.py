"""Every update asks a freshly made iterator for its next batch, so every update trains on the first batch and the other
batches are never seen."""
import numpy as np

import backproof


class Loader:
    def __init__(self, x, y, batches):
        self.x, self.y, self.batches = x, y, batches

    def __iter__(self):
        for batch in self.batches:
            chosen = np.array(batch)
            yield self.x[chosen], self.y[chosen]

    def __len__(self):
        return len(self.batches)


class Perceptron:
    def __init__(self, layers):
        self.stack = [[np.array(s.weights), None if s.biases is None else np.array(s.biases), s.mask, s.activation]
                      for s in layers]

    @staticmethod
    def squash(activation, z):
        p = dict(activation.parameters)
        return {
            "identity": lambda: z,
            "sigmoid": lambda: np.where(z > 0, 1, np.exp(-abs(z))) / (1 + np.exp(-abs(z))),
            "tanh": lambda: np.tanh(z),
            "relu": lambda: np.fmax(z, 0),
            "leaky_relu": lambda: np.where(z < 0, p["slope"] * z, z),
            "elu": lambda: np.where(z < 0, p["alpha"] * np.expm1(np.fmin(z, 0)), z),
            "softplus": lambda: np.logaddexp(0, z),
            "softmax": lambda: np.exp(z - z.max(-1, keepdims=True)) / np.exp(z - z.max(-1, keepdims=True)).sum(-1, keepdims=True),
        }[activation.name]()

    @staticmethod
    def pull(activation, z, a, g):
        p = dict(activation.parameters)
        return {
            "identity": lambda: g,
            "sigmoid": lambda: g * a * (1 - a),
            "tanh": lambda: g * (1 - a * a),
            "relu": lambda: g * (z > 0),
            "leaky_relu": lambda: g * np.where(z < 0, p["slope"], 1).astype(z.dtype),
            "elu": lambda: g * np.where(z < 0, p["alpha"] * np.exp(np.fmin(z, 0)), 1),
            "softplus": lambda: g * np.where(z > 0, 1, np.exp(-abs(z))) / (1 + np.exp(-abs(z))),
            "softmax": lambda: a * (g - (g * a).sum(-1, keepdims=True)),
        }[activation.name]()

    def fit_batch(self, x, y, loss, rate):
        a, memory = x, []
        for w, b, _, activation in self.stack:
            below, z = a, a @ w.T + (0 if b is None else b)
            a = self.squash(activation, z).astype(x.dtype)
            memory.append((below, z, a))
        g, direct = (2 * (a - y), False) if loss == "squared" else (a - y, True)
        changes = []
        for (w, b, mask, activation), (below, z, a) in zip(self.stack[::-1], memory[::-1]):
            delta = g if direct else self.pull(activation, z, a, g).astype(x.dtype)
            direct = False
            gw = delta.T @ below
            changes.append((gw if mask is None else gw * mask, delta.sum(0)))
            g = delta @ w
        for entry, (gw, gb) in zip(self.stack, changes[::-1]):
            entry[0] = entry[0] - rate * gw
            if entry[1] is not None:
                entry[1] = entry[1] - rate * gb


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    loader = Loader(case.x, case.y, case.batches)
    model = Perceptron(case.layers)
    log = []
    for _ in range(len(loader)):
        x, y = next(iter(loader))
        model.fit_batch(x, y, case.loss, case.learning_rate)
        log.append({"weights": [entry[0] for entry in model.stack], "biases": [entry[1] for entry in model.stack]})
    return log
