"""Fault: the reported log loss is divided by 2 while the gradients are those of the full loss."""
import numpy as np
import backproof


def logistic(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


class Loss:
    """value(z, o, y) and the gradient by z."""

    def __init__(self, kind, name):
        self.kind, self.name = kind, name

    def value(self, z, o, y):
        if self.kind == "squared":
            return np.sum((y - o) ** 2)
        rest = np.log1p(np.exp(-np.abs(z)))
        per_output = y * (np.maximum(-z, 0) + rest) + (1 - y) * (np.maximum(z, 0) + rest)
        return np.sum(per_output) / 2

    def delta(self, z, o, y):
        return o - y if self.kind == "log" else 2 * (o - y) * SLOPE[self.name](z, o)


FIRE = {"sigmoid": logistic, "tanh": np.tanh, "relu": lambda z: np.maximum(z, 0), "identity": lambda z: z}
SLOPE = {"sigmoid": lambda z, a: a * (1 - a), "tanh": lambda z, a: (1 - a) * (1 + a),
         "relu": lambda z, a: (z > 0).astype(z.dtype), "identity": lambda z, a: np.ones_like(z)}


@backproof.subject(activations=list(FIRE), losses=["squared", "log"])
def net(case):
    names = [l.activation.name for l in case.layers]
    loss = Loss(case.loss, names[-1])
    W, b = [l.weights for l in case.layers], [l.biases for l in case.layers]
    eta = case.x.dtype.type(case.learning_rate)
    reports = []
    for batch in case.batches:
        x, y = case.x[list(batch)], case.y[list(batch)]
        Z, A = [], [x]
        for w, c, n in zip(W, b, names):
            Z.append(A[-1] @ w.T + (c if c is not None else eta * 0))
            A.append(FIRE[n](Z[-1]))
        D = [loss.delta(Z[-1], A[-1], y)]
        for l in range(len(W) - 2, -1, -1):
            D.insert(0, SLOPE[names[l]](Z[l], A[l + 1]) * (D[0] @ W[l + 1]))
        GW = [d.T @ a if l.mask is None else (d.T @ a) * l.mask for d, a, l in zip(D, A, case.layers)]
        GB = [None if c is None else d.sum(axis=0) for d, c in zip(D, b)]
        W = [w - eta * g for w, g in zip(W, GW)]
        b = [None if c is None else c - eta * g for c, g in zip(b, GB)]
        reports.append({"net_inputs": Z, "activations": A[1:], "loss": loss.value(Z[-1], A[-1], y), "deltas": D,
                        "weight_gradients": GW, "bias_gradients": GB, "weights": W, "biases": b})
    return reports
