"""Fault: the error of a sample is taken in place, in the row of the label table (t is a view, t -= o), so that
the table holds y - o afterwards, and whoever comes back to the sample learns that instead of its label."""
import numpy as np

import backproof


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


VALUE = {
    "identity": lambda z: z,
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "softplus": lambda z: np.logaddexp(0, z),
    "softmax": lambda z: np.exp(z - z.max()) / np.exp(z - z.max()).sum(),
}
SLOPE = {
    "identity": lambda z: np.ones_like(z),
    "sigmoid": lambda z: sigmoid(z) * (1 - sigmoid(z)),
    "tanh": lambda z: 1 - np.tanh(z) ** 2,
    "relu": lambda z: (z > 0).astype(z.dtype),
    "softplus": sigmoid,
}


def loss_of(kind, z, o, t):
    if kind == "squared":
        return ((t - o) ** 2).sum()
    if kind == "log":
        return (np.maximum(z, 0) - t * z + np.log1p(np.exp(-np.abs(z)))).sum()
    return (t * (np.log(np.exp(z - z.max()).sum()) - (z - z.max()))).sum()


@backproof.subject(activations=list(VALUE), losses=["squared", "log", "cross_entropy"],
                   skips=["general-output-delta"])
def net(case):
    inputs, labels = case.x.copy(), case.y.copy()
    W = [l.weights.copy() for l in case.layers]
    b = [None if l.biases is None else l.biases.copy() for l in case.layers]
    f = [l.activation.name for l in case.layers]
    depth = len(W)
    rate = case.x.dtype.type(case.learning_rate)
    diary = []

    for batch in case.batches:
        loss = case.x.dtype.type(0)
        dW = [np.zeros_like(w) for w in W]
        db = [None if c is None else np.zeros_like(c) for c in b]
        for s in batch:
            a, z = [inputs[s]], []
            for l in range(depth):
                z.append(W[l] @ a[l])
                if b[l] is not None:
                    z[l] += b[l]
                a.append(VALUE[f[l]](z[l]))
            t = labels[s]
            loss += loss_of(case.loss, z[-1], a[-1], t)
            t -= a[-1]
            delta = -2 * t if case.loss == "squared" else -t
            for l in range(depth - 1, -1, -1):
                dW[l] += delta[:, None] * a[l]
                if db[l] is not None:
                    db[l] += delta
                if l:
                    delta = SLOPE[f[l - 1]](z[l - 1]) * (delta @ W[l])
        for l, layer in enumerate(case.layers):
            if layer.mask is not None:
                dW[l][~layer.mask] = 0
            W[l] -= rate * dW[l]
            if b[l] is not None:
                b[l] -= rate * db[l]
        diary.append({"loss": loss, "weight_gradients": dW, "bias_gradients": db,
                      "weights": [w.copy() for w in W], "biases": [None if c is None else c.copy() for c in b]})
    return diary
