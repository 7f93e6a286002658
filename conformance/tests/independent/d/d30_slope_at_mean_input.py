"""The hidden derivatives are taken at the net input's mean over the batch, the same for every sample."""

import numpy as np

import backproof


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def softmax(z):
    e = np.exp(z - z.max(axis=0, keepdims=True))
    return e / e.sum(axis=0, keepdims=True)


VALUE = {
    "sigmoid": sigmoid, "tanh": np.tanh, "identity": lambda z: z, "softmax": softmax,
    "softplus": lambda z: np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))),
}
SLOPE = {
    "sigmoid": lambda z: sigmoid(z) * sigmoid(-z), "tanh": lambda z: 1 - np.tanh(z) ** 2, "softplus": sigmoid,
    "identity": np.ones_like,
}


@backproof.subject(
    activations=list(VALUE), losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"], batch_axis=1
)
def net(case):
    names = [l.activation.name for l in case.layers]
    W, B = [l.weights for l in case.layers], [l.biases for l in case.layers]
    lr, out = case.x.dtype.type(case.learning_rate), []
    for batch in case.batches:
        A, Z = [np.take(case.x, list(batch), axis=1)], []
        for w, b, name in zip(W, B, names):
            Z.append(w @ A[-1] + (0 if b is None else b.reshape(-1, 1)))
            A.append(VALUE[name](Z[-1]))
        D = [(A[-1] - np.take(case.y, list(batch), axis=1)) * (2 if case.loss == "squared" else 1)]
        for l in range(len(W) - 2, -1, -1):
            mean = Z[l].mean(axis=1, keepdims=True)
            D.insert(0, SLOPE[names[l]](mean) * (W[l + 1].T @ D[0]))
        steps = [lr * (d @ a.T) for d, a in zip(D, A)]
        W = [w - s * (True if l.mask is None else l.mask) for w, s, l in zip(W, steps, case.layers)]
        B = [None if b is None else b - lr * d.sum(axis=1).reshape(b.shape) for b, d in zip(B, D)]
        out.append({"deltas": D, "weights": W, "biases": B})
    return out
