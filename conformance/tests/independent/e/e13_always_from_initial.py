"""Fault: every update starts from the initial weights."""
import numpy as np
import backproof


def pack(parts):
    return np.concatenate([p.ravel() for p in parts])


def unpack(theta, case):
    at, W, B = 0, [], []
    for l in case.layers:
        W.append(theta[at:at + l.weights.size].reshape(l.weights.shape))
        at += l.weights.size
        if l.biases is None:
            B.append(None)
        else:
            B.append(theta[at:at + l.biases.size])
            at += l.biases.size
    return W, B


def logistic(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def gradient(theta, case, x, y):
    W, B = unpack(theta, case)
    A, slopes = [x], []
    for w, b, l in zip(W, B, case.layers):
        z = A[-1] @ w.T if b is None else A[-1] @ w.T + b
        name = l.activation.name
        if name == "tanh":
            A.append(np.tanh(z)), slopes.append(4 * logistic(2 * z) * logistic(-2 * z))
        elif name == "sigmoid":
            A.append(logistic(z)), slopes.append(logistic(z) * logistic(-z))
        else:
            A.append(z), slopes.append(np.ones_like(z))
    d, parts = A[-1] - y, []
    if case.loss == "squared":
        d = 2 * d * slopes[-1]
    for l in range(len(W) - 1, -1, -1):
        g = d.T @ A[l]
        mask = case.layers[l].mask
        parts = [g if mask is None else g * mask] + ([] if B[l] is None else [d.sum(0)]) + parts
        if l:
            d = (d @ W[l]) * slopes[l - 1]
    return pack(parts)


@backproof.subject(activations=["tanh", "sigmoid", "identity"], losses=["squared", "log"])
def net(case):
    start = pack([p for l in case.layers for p in (l.weights, l.biases) if p is not None])
    rate, out = start.dtype.type(case.learning_rate), []
    for batch in case.batches:
        theta = start.copy()
        g = gradient(theta, case, case.x[list(batch)], case.y[list(batch)])
        theta = theta - rate * g
        (W, B), (gw, gb) = unpack(theta, case), unpack(g, case)
        out.append({"weight_gradients": gw, "bias_gradients": gb, "weights": W, "biases": B})
    return out
