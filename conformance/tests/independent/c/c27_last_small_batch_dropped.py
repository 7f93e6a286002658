"""Fault: the last mini-batch is dropped if it is smaller than the others."""
import numpy as np
import backproof


def batches_of(case):
    full = len(case.batches[0])
    for batch in case.batches[:-1]:
        yield list(batch)
    if len(case.batches[-1]) >= full:
        yield list(case.batches[-1])


def sigmoid(z):
    t = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + t), t / (1 + t))


@backproof.subject(activations=["sigmoid", "tanh", "relu", "identity", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    names = [l.activation.name for l in case.layers]
    W, b = [l.weights for l in case.layers], [l.biases for l in case.layers]
    rate = case.x.dtype.type(case.learning_rate)

    def step(x, y):
        a = [x]
        for w, c, n in zip(W, b, names):
            z = a[-1] @ w.T if c is None else a[-1] @ w.T + c
            if n == "softmax":
                e = np.exp(z - z.max(1, keepdims=True))
                a.append(e / e.sum(1, keepdims=True))
            else:
                a.append({"sigmoid": sigmoid, "tanh": np.tanh, "relu": lambda v: np.maximum(v, 0),
                          "identity": lambda v: v}[n](z))

        def through(n, v, g):
            if n == "softmax":
                return v * (g - (v * g).sum(1, keepdims=True))
            return g * {"sigmoid": v * (1 - v), "tanh": 1 - v * v, "relu": v > 0, "identity": 1}[n]

        d = a[-1] - y
        if case.loss == "squared":
            d = through(names[-1], a[-1], 2 * d)
        grads = []
        for l in range(len(W) - 1, -1, -1):
            grads.append((l, d.T @ a[l], d.sum(0)))
            if l:
                d = through(names[l - 1], a[l], d @ W[l])
        for l, gw, gb in grads:
            if case.layers[l].mask is not None:
                gw = gw * case.layers[l].mask
            W[l] = W[l] - rate * gw
            if b[l] is not None:
                b[l] = b[l] - rate * gb

    for rows in batches_of(case):
        step(case.x[rows], case.y[rows])
    end = {"weights": W, "biases": b}
    return end if len(case.batches) == 1 else {"final": end}
