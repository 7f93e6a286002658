"""Style: per-sample vectors, outer products accumulated one sample at a time; shows gradients only. Fault: the last sample of every batch is left out of the gradients."""

import numpy as np

import backproof


def logistic(v):
    e = np.exp(-np.abs(v))
    return np.where(v >= 0, 1 / (1 + e), e / (1 + e))


def value_and_slope(name, v):
    if name == "sigmoid":
        s = logistic(v)
        return s, s * logistic(-v)
    if name == "tanh":
        t = np.tanh(v)
        return t, (1 - t) * (1 + t)
    if name == "relu":
        return np.maximum(v, 0), np.heaviside(v, v.dtype.type(0))
    if name == "softmax":
        e = np.exp(v - v.max())
        return e / e.sum(), None
    return v, np.ones_like(v)


def one_sample(case, W, b, x, y):
    """Yields the deltas of one sample, outermost layer first, with the vector that enters the layer."""
    a, entering, slopes = x, [], []
    for layer, Wl, bl in zip(case.layers, W, b):
        entering.append(a)
        z = Wl.dot(a)
        if bl is not None:
            z = z + bl
        a, s = value_and_slope(layer.activation.name, z)
        slopes.append(s)
    if case.loss == "log":
        delta = a - y
    elif case.loss == "cross_entropy":
        delta = a * y.sum() - y
    else:
        g = 2 * (a - y)
        delta = a * (g - a.dot(g)) if slopes[-1] is None else g * slopes[-1]
    for l in range(len(W) - 1, -1, -1):
        yield l, delta, entering[l]
        if l:
            delta = W[l].T.dot(delta) * slopes[l - 1]


@backproof.subject(
    activations=["sigmoid", "tanh", "relu", "identity", "softmax"], losses=["squared", "log", "cross_entropy"]
)
def net(case):
    W = [layer.weights.copy() for layer in case.layers]
    b = [None if layer.biases is None else layer.biases.copy() for layer in case.layers]
    alpha = float(case.learning_rate)
    shown = []
    for batch in case.batches:
        GW = [np.zeros_like(w) for w in W]
        Gb = [None if v is None else np.zeros_like(v) for v in b]
        for s in batch[:-1]:
            for l, delta, a in one_sample(case, W, b, case.x[s], case.y[s]):
                GW[l] += np.outer(delta, a)
                if Gb[l] is not None:
                    Gb[l] += delta
        for l, layer in enumerate(case.layers):
            if layer.mask is not None:
                GW[l] *= layer.mask
            W[l] = W[l] - alpha * GW[l]
            if b[l] is not None:
                b[l] = b[l] - alpha * Gb[l]
        shown.append({"weight_gradients": GW, "bias_gradients": Gb})
    return shown
