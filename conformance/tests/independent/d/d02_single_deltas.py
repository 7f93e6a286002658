"""Every delta passes through float32."""

import numpy as np

import backproof


def logistic(z):
    e = np.exp(-abs(z))
    return np.where(z < 0, e, 1) / (1 + e)


def act(name, z):
    if name == "softmax":
        e = np.exp(z - z.max(axis=0))
        return e / e.sum(axis=0)
    return {"sigmoid": logistic, "tanh": np.tanh, "relu": lambda v: np.maximum(v, 0), "identity": lambda v: v}[name](z)


def slope(name, a):
    return {"sigmoid": a * (1 - a), "tanh": (1 - a) * (1 + a), "relu": (a > 0).astype(a.dtype), "identity": a * 0 + 1}[name]


@backproof.subject(
    activations=["sigmoid", "tanh", "relu", "identity", "softmax"],
    losses=["squared", "log", "cross_entropy"],
    skips=["general-output-delta"],
    batch_axis=1,
)
def net(case):
    W = [l.weights for l in case.layers]
    B = [l.biases for l in case.layers]
    names = [l.activation.name for l in case.layers]
    lr = case.x.dtype.type(case.learning_rate)
    history = []
    for batch in case.batches:
        cols = list(batch)
        A = [case.x[:, cols]]
        for w, b, name in zip(W, B, names):
            z = w @ A[-1]
            if b is not None:
                z = z + b.reshape(-1, 1)
            A.append(act(name, z))
        d = A[-1] - case.y[:, cols]
        if case.loss == "squared":
            d = 2 * d
        D = [d.astype(np.float32).astype(d.dtype)]
        for i in range(len(W) - 1, 0, -1):
            d = slope(names[i - 1], A[i]) * (W[i].T @ D[0])
            D.insert(0, d.astype(np.float32).astype(d.dtype))
        G = [d @ a.T for d, a in zip(D, A)]
        G = [g if l.mask is None else g * l.mask for g, l in zip(G, case.layers)]
        W = [w - lr * g for w, g in zip(W, G)]
        B = [None if b is None else b - lr * d.sum(axis=1).reshape(b.shape) for b, d in zip(B, D)]
        history.append({"deltas": D, "weights": W, "biases": B})
    return history
