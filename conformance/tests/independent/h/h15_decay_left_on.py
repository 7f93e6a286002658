"""Fault: the optimiser's weight decay (5e-4, weights only) is still on, so an update also shrinks every weight."""
import numpy as np
import backproof


class Descent:
    def __init__(self, rate, decay=5e-4):
        self.rate, self.decay = rate, decay

    def weights(self, w, g):
        w -= self.rate * (g + self.decay * w)

    def biases(self, b, g):
        b -= self.rate * g


def s(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def act(n, z):
    if n == "softmax":
        e = np.exp(z - z.max(1, keepdims=True))
        return e / e.sum(1, keepdims=True)
    return {"identity": np.copy, "sigmoid": s, "tanh": np.tanh, "relu": lambda v: np.maximum(v, 0),
            "softplus": lambda v: np.logaddexp(0, v)}[n](z)


def der(n, z):
    return {"identity": np.ones_like, "sigmoid": lambda v: s(v) * s(-v), "tanh": lambda v: 1 - np.tanh(v) ** 2,
            "relu": lambda v: (v > 0).astype(v.dtype), "softplus": s}[n](z)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"], reduction="mean")
def net(case):
    W = [l.weights.copy() for l in case.layers]
    B = [None if l.biases is None else l.biases.copy() for l in case.layers]
    opt = Descent(case.x.dtype.type(case.learning_rate))
    names = [l.activation.name for l in case.layers]
    rows = []
    for batch in case.batches:
        x, y, n = case.x[list(batch)], case.y[list(batch)], len(batch)
        a, z = [x], []
        for w, b, name in zip(W, B, names):
            z.append(a[-1] @ w.T + (b if b is not None else 0))
            a.append(act(name, z[-1]))
        d = (a[-1] - y) / n
        if case.loss == "squared":
            d *= 2
            loss = np.sum((a[-1] - y) ** 2) / n
        elif case.loss == "log":
            loss = np.sum(y * np.logaddexp(0, -z[-1]) + (1 - y) * np.logaddexp(0, z[-1])) / n
        else:
            t = z[-1] - z[-1].max(1, keepdims=True)
            loss = np.sum(y * (np.log(np.exp(t).sum(1, keepdims=True)) - t)) / n
        ds = [d]
        for l in range(len(W) - 1, 0, -1):
            ds.insert(0, ds[0] @ W[l] * der(names[l - 1], z[l - 1]))
        gw = [d.T @ v for d, v in zip(ds, a)]
        gw = [g if l.mask is None else g * l.mask for g, l in zip(gw, case.layers)]
        gb = [None if b is None else d.sum(0) for d, b in zip(ds, B)]
        for l in range(len(W)):
            opt.weights(W[l], gw[l])
            if B[l] is not None:
                opt.biases(B[l], gb[l])
        rows.append({"net_inputs": z, "activations": a[1:], "deltas": ds, "loss": loss.astype(x.dtype),
                     "weight_gradients": gw, "bias_gradients": gb, "weights": [w.copy() for w in W],
                     "biases": [None if b is None else b.copy() for b in B]})
    return rows
