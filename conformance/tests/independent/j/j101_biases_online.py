"""Fault: in the loop over the samples the weights' gradients are collected until the end of the batch, but the
biases are moved at once, after every sample, so that the later samples of a batch already meet new biases."""
import numpy as np
import backproof


def logistic(z):
    e = np.exp(-np.abs(z))
    return np.where(z < 0, e, 1) / (1 + e)


def squash(name, z):
    if name == "sigmoid":
        return logistic(z)
    if name == "tanh":
        return np.tanh(z)
    if name == "relu":
        return np.maximum(z, 0)
    if name == "softplus":
        return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
    if name == "softmax":
        e = np.exp(z - z.max())
        return e / e.sum()
    return z


def unsquash(name, z, a, g):
    if name == "sigmoid":
        return g * a * logistic(-z)
    if name == "tanh":
        return g * (1 - a * a)
    if name == "relu":
        return g * (z > 0)
    if name == "softplus":
        return g * logistic(z)
    if name == "softmax":
        return a * (g - a @ g)
    return g


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], loss_at="none")
def net(case):
    names = [layer.activation.name for layer in case.layers]
    W = [layer.weights.copy() for layer in case.layers]
    b = [None if layer.biases is None else layer.biases.copy() for layer in case.layers]
    lr = case.x.dtype.type(case.learning_rate)
    L = len(W)
    snapshots = []
    for batch in case.batches:
        dW = [np.zeros_like(w) for w in W]
        for s in batch:
            z, a = [], [case.x[s]]
            for l in range(L):
                z.append(W[l] @ a[l] if b[l] is None else W[l] @ a[l] + b[l])
                a.append(squash(names[l], z[l]))
            if case.loss == "squared":
                delta = unsquash(names[-1], z[-1], a[-1], 2 * (a[-1] - case.y[s]))
            else:
                delta = a[-1] - case.y[s]
            for l in range(L - 1, -1, -1):
                dW[l] += np.outer(delta, a[l])
                if b[l] is not None:
                    b[l] -= lr * delta
                if l:
                    delta = unsquash(names[l - 1], z[l - 1], a[l], W[l].T @ delta)
        for l in range(L):
            if case.layers[l].mask is not None:
                dW[l] *= case.layers[l].mask
            W[l] -= lr * dW[l]
        snapshots.append({
            "weights": [w.copy() for w in W],
            "biases": [None if v is None else v.copy() for v in b],
        })
    return snapshots
