"""Fault: the workspace only grows, and the mean is taken over its rows, that is over the largest batch ever
seen, not over the samples of this batch."""
import numpy as np
import backproof


class Workspace:
    """arrays for the largest batch so far; smaller batches use the first rows"""

    def __init__(self, widths, dtype):
        self.widths, self.dtype, self.rows = widths, dtype, 0

    def ensure(self, n):
        if n > self.rows:
            self.rows = n
            self.z = [np.zeros((n, m), self.dtype) for m in self.widths[1:]]
            self.a = [np.zeros((n, m), self.dtype) for m in self.widths]
            self.d = [np.zeros((n, m), self.dtype) for m in self.widths[1:]]


def sigmoid_into(z, out):
    np.exp(-np.abs(z), out=out)
    np.divide(np.where(z < 0, out, 1), 1 + out, out=out)


def activation(name, z, out):
    if name == "identity":
        out[...] = z
    elif name == "sigmoid":
        sigmoid_into(z, out)
    elif name == "tanh":
        np.tanh(z, out=out)
    elif name == "relu":
        np.maximum(z, 0, out=out)
    elif name == "softmax":
        np.exp(z - z.max(axis=1, keepdims=True), out=out)
        out /= out.sum(axis=1, keepdims=True)


def times_slope(name, z, a, d):
    if name == "sigmoid":
        d *= a
        other = np.empty_like(z)
        sigmoid_into(-z, other)
        d *= other
    elif name == "tanh":
        d *= 1 - a * a
    elif name == "relu":
        d *= z > 0
    elif name == "softmax":
        d -= (d * a).sum(axis=1, keepdims=True)
        d *= a


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softmax"],
                   losses=["squared", "log", "cross_entropy"], reduction="mean", delta_of="sample", loss_at="before")
def net(case):
    W = [l.weights.copy() for l in case.layers]
    B = [None if l.biases is None else l.biases.copy() for l in case.layers]
    names = [l.activation.name for l in case.layers]
    L = len(W)
    space = Workspace([case.x.shape[1]] + [w.shape[0] for w in W], case.x.dtype)
    lr = case.x.dtype.type(case.learning_rate)
    res = []
    for batch in case.batches:
        n = len(batch)
        space.ensure(n)
        a = [v[:n] for v in space.a]
        z = [v[:n] for v in space.z]
        d = [v[:n] for v in space.d]
        a[0][...] = case.x[list(batch)]
        y = case.y[list(batch)]
        for l in range(L):
            np.matmul(a[l], W[l].T, out=z[l])
            if B[l] is not None:
                z[l] += B[l]
            activation(names[l], z[l], a[l + 1])
        np.subtract(a[L], y, out=d[-1])
        t = z[-1]
        if case.loss == "squared":
            loss = np.square(d[-1]).sum() / n
            d[-1] *= 2
            times_slope(names[-1], t, a[L], d[-1])
        elif case.loss == "log":
            loss = (np.maximum(t, 0) - y * t + np.log1p(np.exp(-np.abs(t)))).sum() / n
        else:
            t = t - t.max(axis=1, keepdims=True)
            loss = (y * (np.log(np.exp(t).sum(axis=1, keepdims=True)) - t)).sum() / n
        for l in range(L - 1, 0, -1):
            np.matmul(d[l], W[l], out=d[l - 1])
            times_slope(names[l - 1], z[l - 1], a[l], d[l - 1])
        gw, gb = [], []
        for l in range(L):
            g = d[l].T @ a[l] / space.rows
            if case.layers[l].mask is not None:
                g *= case.layers[l].mask
            gw.append(g)
            gb.append(None if B[l] is None else d[l].sum(axis=0) / space.rows)
            W[l] -= lr * g
            if B[l] is not None:
                B[l] -= lr * gb[l]
        res.append({"deltas": [v.copy() for v in d], "activations": [v.copy() for v in a[1:]],
                    "loss": case.x.dtype.type(loss), "weight_gradients": gw, "bias_gradients": gb,
                    "weights": [w.copy() for w in W], "biases": [None if b is None else b.copy() for b in B]})
    return res
