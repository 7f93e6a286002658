"""Fault: the batches are popped off the end of the to-do list, so the last batch is trained on first (the wrong order)."""
import numpy as np
import backproof


def squash(name, par, z):
    """Activation and its derivative at z."""
    if name == "sigmoid":
        e = np.exp(-np.abs(z))
        s = np.where(z >= 0, 1 / (1 + e), e / (1 + e))
        return s, s * (1 - s)
    if name == "tanh":
        t = np.tanh(z)
        return t, 1 - t * t
    if name == "relu":
        return np.maximum(z, 0), (z > 0).astype(z.dtype)
    if name == "leaky_relu":
        k = z.dtype.type(par["slope"])
        return np.where(z > 0, z, k * z), np.where(z > 0, z.dtype.type(1), k)
    if name == "softplus":
        e = np.exp(-np.abs(z))
        return np.maximum(z, 0) + np.log1p(e), np.where(z >= 0, 1 / (1 + e), e / (1 + e))
    if name == "softmax":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True), None
    return z.copy(), np.ones_like(z)


def error_of(loss, z, o, y):
    if loss == "squared":
        return ((y - o) ** 2).sum()
    if loss == "log":
        tail = np.log1p(np.exp(-np.abs(z)))
        return (y * (np.maximum(-z, 0) + tail) + (1 - y) * (np.maximum(z, 0) + tail)).sum()
    top = z.max(axis=1, keepdims=True)
    return (y * (np.log(np.exp(z - top).sum(axis=1, keepdims=True)) + top - z)).sum()


def output_delta(loss, o, slope, y):
    if loss != "squared":
        return o - y
    g = 2 * (o - y)
    if slope is None:
        return o * (g - (g * o).sum(axis=1, keepdims=True))
    return g * slope


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=[])
def net(case):
    kind = case.x.dtype.type
    rate = kind(case.learning_rate)
    W = [np.array(l.weights) for l in case.layers]
    B = [None if l.biases is None else np.array(l.biases) for l in case.layers]
    report = []
    todo = [list(b) for b in case.batches]
    while todo:
        rows = todo.pop()
        a, y = [case.x[rows]], case.y[rows]
        slopes = []
        for l, w, b in zip(case.layers, W, B):
            z = a[-1] @ w.T
            if b is not None:
                z = z + b
            out, slope = squash(l.activation.name, dict(l.activation.parameters), z)
            a.append(out)
            slopes.append(slope)
        E = error_of(case.loss, z, a[-1], y)
        d = output_delta(case.loss, a[-1], slopes[-1], y)
        gW, gB = [], []
        for i in reversed(range(len(W))):
            g = d.T @ a[i]
            if case.layers[i].mask is not None:
                g = g * case.layers[i].mask
            gW.insert(0, g)
            gB.insert(0, None if B[i] is None else d.sum(axis=0))
            if i:
                d = (d @ W[i]) * slopes[i - 1]
        W = [w - rate * g for w, g in zip(W, gW)]
        B = [None if b is None else b - rate * g for b, g in zip(B, gB)]
        report.append({"loss": kind(E), "weight_gradients": gW, "bias_gradients": gB, "weights": W, "biases": B})
    return report
