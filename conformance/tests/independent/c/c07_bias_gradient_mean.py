"""Fault: the bias gradient is the mean over the samples although the weights' gradient is the sum."""
import numpy as np
import backproof


def sigmoid(z):
    return np.exp(-np.logaddexp(0, -z)).astype(z.dtype)


def forward(case, W, b, x):
    yield x
    for layer, w, c in zip(case.layers, W, b):
        z = x @ w.T
        if c is not None:
            z += c
        x = {"tanh": np.tanh, "sigmoid": sigmoid, "relu": lambda v: np.maximum(v, 0), "identity": lambda v: v}[
            layer.activation.name](z)
        yield x


def backward(case, W, a, y):
    """Deltas from the last layer down."""
    d = a[-1] - y
    for l in range(len(W) - 1, -1, -1):
        o = a[l + 1]
        if l == len(W) - 1:
            if case.loss == "squared":
                d = 2 * d
        else:
            d = d @ W[l + 1]
        if l < len(W) - 1 or case.loss == "squared":
            name = case.layers[l].activation.name
            if name == "tanh":
                d = d * (1 - o * o)
            elif name == "sigmoid":
                d = d * (o - o * o)
            elif name == "relu":
                d = d * (o > 0)
        yield d


@backproof.subject(activations=["tanh", "sigmoid", "relu", "identity"], losses=["squared", "log"], skips=["masked"])
def net(case):
    W = [layer.weights for layer in case.layers]
    b = [layer.biases for layer in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    out = []
    for batch in map(list, case.batches):
        a = list(forward(case, W, b, case.x[batch]))
        d = list(backward(case, W, a, case.y[batch]))[::-1]
        gw = [e.T @ p for e, p in zip(d, a)]
        gb = [None if c is None else e.mean(axis=0) for e, c in zip(d, b)]
        W = [w - rate * g for w, g in zip(W, gw)]
        b = [c if c is None else c - rate * g for c, g in zip(b, gb)]
        out.append({"weight_gradients": gw, "bias_gradients": gb, "weights": W, "biases": b})
    return out
