"""Fault: the outputs are a column (n, 1), the labels were flattened to (n,), and their difference broadcasts to
(n, n): every output is compared with every label. The mean over the last axis brings it back to a column, so
each sample is drawn to the mean label of its batch, and the loss is the mean of all n*n pairs."""
import numpy as np

import backproof


def sigmoid(z):
    t = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + t), t / (1 + t))


def f(name, z):
    if name == "sigmoid":
        return sigmoid(z)
    if name == "tanh":
        return np.tanh(z)
    if name == "relu":
        return np.maximum(z, 0)
    if name == "softplus":
        return np.logaddexp(0, z)
    return z.copy()


def df(name, z, a):
    if name == "sigmoid":
        return a * (1 - a)
    if name == "tanh":
        return 1 - a ** 2
    if name == "relu":
        return (z > 0).astype(z.dtype)
    if name == "softplus":
        return sigmoid(z)
    return np.ones_like(z)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus"], losses=["squared", "log"],
                   skips=["several-outputs", "general-output-delta"], reduction="mean")
def net(case):
    """A regressor or a yes/no classifier: one output."""
    names = [layer.activation.name for layer in case.layers]
    weights = [layer.weights.copy() for layer in case.layers]
    biases = [None if layer.biases is None else layer.biases.copy() for layer in case.layers]
    labels = case.y.ravel()
    lr = case.x.dtype.type(case.learning_rate)
    history = []
    for batch in case.batches:
        n = len(batch)
        y = labels[batch]
        a, z = [case.x[batch]], []
        for w, b, name in zip(weights, biases, names):
            z.append(a[-1] @ w.T)
            if b is not None:
                z[-1] += b
            a.append(f(name, z[-1]))

        error = a[-1] - y
        if case.loss == "squared":
            loss = np.mean(error ** 2)
            d = 2 * error.mean(axis=-1, keepdims=True) / n
        else:
            loss = np.mean(np.maximum(z[-1], 0) - z[-1] * y + np.log1p(np.exp(-np.abs(z[-1]))))
            d = error.mean(axis=-1, keepdims=True) / n

        deltas = [d]
        for l in range(len(weights) - 1, 0, -1):
            d = (d @ weights[l]) * df(names[l - 1], z[l - 1], a[l])
            deltas.append(d)
        deltas.reverse()

        gw, gb = [], []
        for layer, d, below in zip(case.layers, deltas, a):
            g = d.T @ below
            gw.append(g if layer.mask is None else g * layer.mask)
            gb.append(None if layer.biases is None else d.sum(axis=0))
        weights = [w - lr * g for w, g in zip(weights, gw)]
        biases = [None if b is None else b - lr * g for b, g in zip(biases, gb)]
        history.append(dict(net_inputs=z, activations=a[1:], deltas=deltas, loss=loss, weight_gradients=gw,
                            bias_gradients=gb, weights=weights, biases=biases))
    return history
