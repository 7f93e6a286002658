"""Fault: theta, the vector that is stepped, holds the weights alone; the biases stay what they were at the start."""
import numpy as np

import backproof


def squash(z):
    e = np.exp(-np.abs(z))
    return np.where(z < 0, e, np.ones_like(e)) / (1 + e)


def soft(z):
    p = np.exp(z - np.max(z, axis=1)[:, None])
    return p / np.sum(p, axis=1)[:, None]


def phi(kind, z):
    return {"identity": lambda: 1 * z, "sigmoid": lambda: squash(z), "tanh": lambda: np.tanh(z),
            "relu": lambda: np.clip(z, 0, None), "softmax": lambda: soft(z)}[kind]()


def dphi(kind, z):
    if kind == "sigmoid":
        return squash(z) * squash(-z)
    if kind == "tanh":
        return 1 - np.square(np.tanh(z))
    return np.where(z > 0, np.ones_like(z), np.zeros_like(z)) if kind == "relu" else np.ones_like(z)


class Problem:
    """E as a function of theta, the weights of all layers end to end. E is a mean over the batch."""

    def __init__(self, case):
        self.case = case
        self.kinds = [l.activation.name for l in case.layers]
        self.shapes = [l.weights.shape for l in case.layers]
        self.ends = np.cumsum([r * c for r, c in self.shapes])
        self.offsets = [l.biases if l.biases is None else l.biases.copy() for l in case.layers]
        keep = [np.ones(s, bool) if l.mask is None else l.mask for l, s in zip(case.layers, self.shapes)]
        self.keep = np.concatenate([k.ravel() for k in keep])
        self.theta = np.concatenate([l.weights.ravel() for l in case.layers])

    def split(self, vector):
        return [p.reshape(s).copy() for p, s in zip(np.split(vector, self.ends[:-1]), self.shapes)]

    def evaluate(self, rows):
        x, y, n = self.case.x[rows], self.case.y[rows], len(rows)
        matrices, a, z = self.split(self.theta), [x], []
        for kind, W, b in zip(self.kinds, matrices, self.offsets):
            z.append(a[-1] @ W.T + (0 if b is None else b))
            a.append(phi(kind, z[-1]))
        r = a[-1] - y
        if self.case.loss == "squared":
            J, d = np.sum(r * r), 2 * r
            if self.kinds[-1] == "softmax":
                d = a[-1] * (d - np.sum(d * a[-1], axis=1)[:, None])
            else:
                d = d * dphi(self.kinds[-1], z[-1])
        elif self.case.loss == "log":
            J = np.sum(np.maximum(z[-1], 0) - y * z[-1] + np.log1p(np.exp(-np.abs(z[-1]))))
            d = r
        else:
            s = z[-1] - np.max(z[-1], axis=1)[:, None]
            J, d = np.sum(y * (np.log(np.sum(np.exp(s), axis=1))[:, None] - s)), r
        ds = [d]
        for l in range(len(matrices) - 1, 0, -1):
            d = (d @ matrices[l]) * dphi(self.kinds[l - 1], z[l - 1])
            ds = [d] + ds
        g = np.concatenate([(d.T @ v).ravel() for d, v in zip(ds, a)]) * self.keep / n
        gb = [None if b is None else d.sum(axis=0) / n for d, b in zip(ds, self.offsets)]
        return J / n, z, a[1:], ds, g, gb


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softmax"], reduction="mean", delta_of="sample",
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    problem, out = Problem(case), []
    rate = case.x.dtype.type(case.learning_rate)
    for rows in case.batches:
        E, z, a, d, g, gb = problem.evaluate(rows)
        problem.theta -= rate * g
        out.append({"net_inputs": z, "activations": a, "deltas": d, "loss": E, "weight_gradients": problem.split(g),
                    "bias_gradients": gb, "weights": problem.split(problem.theta),
                    "biases": [None if b is None else b.copy() for b in problem.offsets]})
    return out[0] if len(out) == 1 else out
