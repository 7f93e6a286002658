"""The bias gradients are not zeroed between updates."""

import numpy as np

import backproof


def go(name, z):
    if name == "softmax":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)
    if name == "sigmoid":
        e = np.exp(-np.abs(z))
        return np.where(z >= 0, 1 / (1 + e), e / (1 + e))
    return np.tanh(z) if name == "tanh" else np.maximum(z, 0) if name == "relu" else z


def back(name, a, g):
    if name == "softmax":
        return a * (g - (g * a).sum(axis=1, keepdims=True))
    if name == "sigmoid":
        return g * a * (1 - a)
    return g * (1 - a * a) if name == "tanh" else g * (a > 0) if name == "relu" else g


@backproof.subject(
    activations=["sigmoid", "tanh", "relu", "identity", "softmax"],
    losses=["squared", "log", "cross_entropy"],
    skips=["no-biases", "masked"],
    weight_layout="in_out",
)
def net(case):
    names = [l.activation.name for l in case.layers]
    w = [l.weights.copy() for l in case.layers]
    b = [l.biases.copy() for l in case.layers]
    db = [np.zeros_like(v) for v in b]
    lr = case.x.dtype.type(case.learning_rate)
    answers = []
    for batch in case.batches:
        dw = [np.zeros_like(v) for v in w]
        a = [case.x[list(batch)]]
        for l in range(len(w)):
            a.append(go(names[l], a[l] @ w[l] + b[l]))
        y = case.y[list(batch)]
        delta = back(names[-1], a[-1], 2 * (a[-1] - y)) if case.loss == "squared" else a[-1] - y
        for l in range(len(w) - 1, -1, -1):
            dw[l] += a[l].T @ delta
            db[l] += delta.sum(axis=0)
            if l > 0:
                delta = back(names[l - 1], a[l], delta @ w[l].T)
        for l in range(len(w)):
            w[l] -= lr * dw[l]
            b[l] -= lr * db[l]
        answers.append({
            "weight_gradients": dw, "bias_gradients": [v.copy() for v in db],
            "weights": [v.copy() for v in w], "biases": [v.copy() for v in b],
        })
    return answers
