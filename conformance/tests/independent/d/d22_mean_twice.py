"""The gradient is divided by the number of samples twice: once in the output delta, once in the sum."""

import numpy as np

import backproof


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def softmax(z):
    e = np.exp(z - z.max(axis=0))
    return e / e.sum(axis=0)


F = {"sigmoid": sigmoid, "tanh": np.tanh, "relu": lambda z: np.maximum(z, 0), "identity": lambda z: z, "softmax": softmax}
DF = {
    "sigmoid": lambda a: a * (1 - a), "tanh": lambda a: 1 - a * a,
    "relu": lambda a: (a > 0).astype(a.dtype), "identity": np.ones_like,
}


@backproof.subject(
    activations=list(F), losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"],
    reduction="mean", weight_layout="in_out", batch_axis=1,
)
def net(case):
    W, b = [l.weights for l in case.layers], [l.biases for l in case.layers]
    act = [l.activation.name for l in case.layers]
    lr = case.x.dtype.type(case.learning_rate)
    frames = []
    for batch in case.batches:
        m = len(batch)
        A = [case.x[:, list(batch)]]
        for w, c, name in zip(W, b, act):
            A.append(F[name](w.T @ A[-1] + (0 if c is None else c.reshape(-1, 1))))
        dZ = (A[-1] - case.y[:, list(batch)]) / m
        if case.loss == "squared":
            dZ = 2 * dZ
        dW, db = {}, {}
        for l in range(len(W) - 1, -1, -1):
            dW[l] = A[l] @ dZ.T / m
            db[l] = None if b[l] is None else (dZ.sum(axis=1) / m).reshape(b[l].shape)
            if case.layers[l].mask is not None:
                dW[l] = dW[l] * case.layers[l].mask
            if l > 0:
                dZ = (W[l] @ dZ) * DF[act[l - 1]](A[l])
        W = [w - lr * dW[l] for l, w in enumerate(W)]
        b = [None if c is None else c - lr * db[l] for l, c in enumerate(b)]
        frames.append({
            "weight_gradients": [dW[l] for l in range(len(W))], "bias_gradients": [db[l] for l in range(len(W))],
            "weights": W, "biases": b,
        })
    return frames
