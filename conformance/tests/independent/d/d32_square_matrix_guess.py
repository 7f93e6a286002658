"""The backward pass guesses the orientation of a matrix by its shape: a square one is taken the wrong way round."""

import numpy as np

import backproof


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def times(d, w):
    return d @ w if d.shape[1] == w.shape[0] else d @ w.T


F = {"sigmoid": sigmoid, "tanh": np.tanh, "relu": lambda z: np.maximum(z, 0), "identity": lambda z: z, "softmax": softmax}
P = {
    "sigmoid": lambda a, g: g * a * (1 - a), "tanh": lambda a, g: g * (1 - a * a), "relu": lambda a, g: g * (a > 0),
    "identity": lambda a, g: g, "softmax": lambda a, g: a * (g - (a * g).sum(axis=1, keepdims=True)),
}


@backproof.subject(activations=list(F), losses=["squared", "log", "cross_entropy"], weight_layout="in_out")
def net(case):
    kinds = [l.activation.name for l in case.layers]
    W, B = [l.weights for l in case.layers], [l.biases for l in case.layers]
    lr, records = case.x.dtype.type(case.learning_rate), []
    for batch in case.batches:
        a = [case.x[list(batch)]]
        for w, b, kind in zip(W, B, kinds):
            a.append(F[kind](a[-1] @ w if b is None else a[-1] @ w + b))
        y = case.y[list(batch)]
        d = P[kinds[-1]](a[-1], 2 * (a[-1] - y)) if case.loss == "squared" else a[-1] - y
        gw, gb = [], []
        for l in reversed(range(len(W))):
            g = a[l].T @ d
            gw.append(g if case.layers[l].mask is None else g * case.layers[l].mask)
            gb.append(None if B[l] is None else d.sum(axis=0))
            if l:
                d = P[kinds[l - 1]](a[l], times(d, W[l]))
        gw, gb = gw[::-1], gb[::-1]
        W = [w - lr * g for w, g in zip(W, gw)]
        B = [None if b is None else b - lr * g for b, g in zip(B, gb)]
        records.append({"weight_gradients": gw, "bias_gradients": gb, "weights": W, "biases": B})
    return records
