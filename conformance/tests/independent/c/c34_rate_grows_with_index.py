"""Fault: the learning rate of a neuron grows with its index, alpha (1 + i/8)."""
import numpy as np
import backproof


def sigma(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


@backproof.subject(activations=["sigmoid", "tanh", "relu", "softmax", "identity"],
                   losses=["squared", "log", "cross_entropy"], skips=["masked"])
def net(case):
    T = case.x.dtype.type

    def forward(params, x):
        steps = [(None, x)]
        for (w, b), l in zip(params, case.layers):
            z = steps[-1][1] @ w.T + (T(0) if b is None else b)
            n = l.activation.name
            if n == "softmax":
                e = np.exp(z - z.max(axis=1, keepdims=True))
                a = e / e.sum(axis=1, keepdims=True)
            else:
                a = {"sigmoid": sigma, "tanh": np.tanh, "relu": lambda v: v.clip(0), "identity": lambda v: v}[n](z)
            steps.append((n, a))
        return steps

    def pull(n, a, g):
        if n == "softmax":
            return a * (g - np.vecdot(a, g)[:, None])
        return g * {"sigmoid": a * (1 - a), "tanh": 1 - a * a, "relu": (a > 0).astype(a.dtype),
                    "identity": np.ones_like(a)}[n]

    def epochs(params):
        for batch in case.batches:
            steps = forward(params, case.x[list(batch)])
            n, o = steps[-1]
            d = o - case.y[list(batch)]
            if case.loss == "squared":
                d = pull(n, o, 2 * d)
            gw, gb = [], []
            for k in range(len(params) - 1, -1, -1):
                gw.insert(0, d.T @ steps[k][1])
                gb.insert(0, None if params[k][1] is None else d.sum(axis=0))
                if k:
                    d = pull(*steps[k], d @ params[k][0])
            nxt = []
            for (w, b), p, q in zip(params, gw, gb):
                rate = T(case.learning_rate) * (1 + np.arange(len(w), dtype=w.dtype) / 8)
                nxt.append((w - rate[:, None] * p, None if b is None else b - rate * q))
            params = nxt
            yield {"weight_gradients": gw, "bias_gradients": gb, "weights": [w for w, _ in params],
                   "biases": [b for _, b in params]}

    return list(epochs([(l.weights, l.biases) for l in case.layers]))
