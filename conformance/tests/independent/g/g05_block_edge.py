"""Fault: the very last element of the first layer's weight gradient is 1 % too large (the edge of a block)."""
import numpy as np
import backproof

NAMES = ["identity", "sigmoid", "tanh", "relu", "elu", "softplus", "softmax"]


class Layout:
    """Where each matrix and each bias lies in one flat vector."""

    def __init__(self, layers):
        self.slots, at = [], 0
        for l in layers:
            w = slice(at, at + l.weights.size)
            at = w.stop
            b = None
            if l.biases is not None:
                b = slice(at, at + l.biases.size)
                at = b.stop
            self.slots.append((w, l.weights.shape, b))
        self.size = at

    def weights(self, v):
        return [v[w].reshape(shape) for w, shape, _ in self.slots]

    def biases(self, v):
        return [None if b is None else v[b] for _, _, b in self.slots]


def act(name, p, z):
    one = z.dtype.type(1)
    if name == "sigmoid":
        e = np.exp(-np.abs(z))
        a = np.where(z >= 0, one, e) / (one + e)
        return a, a * (one - a)
    if name == "tanh":
        a = np.tanh(z)
        return a, one - a * a
    if name == "relu":
        on = (z > 0).astype(z.dtype)
        return z * on, on
    if name == "elu":
        alpha = z.dtype.type(p["alpha"])
        low = np.minimum(z, 0)
        return np.where(z > 0, z, alpha * np.expm1(low)), np.where(z > 0, one, alpha * np.exp(low))
    if name == "softplus":
        e = np.exp(-np.abs(z))
        return np.maximum(z, 0) + np.log1p(e), np.where(z >= 0, one, e) / (one + e)
    if name == "softmax":
        e = np.exp(z - z.max(1, keepdims=True))
        return e / e.sum(1, keepdims=True), None
    return z, np.ones_like(z)


def product_in_blocks(d, a, size=4):
    """d.T @ a, computed tile by tile."""
    g = np.zeros((d.shape[1], a.shape[1]), d.dtype)
    for i in range(0, g.shape[0], size):
        for j in range(0, g.shape[1], size):
            g[i:i + size, j:j + size] = d[:, i:i + size].T @ a[:, j:j + size]
    return g


@backproof.subject(activations=NAMES, losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"])
def net(case):
    lay = Layout(case.layers)
    theta = np.empty(lay.size, case.x.dtype)
    for l, w, b in zip(case.layers, lay.weights(theta), lay.biases(theta)):
        w[...] = l.weights
        if b is not None:
            b[...] = l.biases
    rate = case.x.dtype.type(case.learning_rate)
    seen = []
    for batch in case.batches:
        W, B = lay.weights(theta), lay.biases(theta)
        a, slopes = [case.x[batch]], []
        for l, w, b in zip(case.layers, W, B):
            z = a[-1] @ w.T + (0 if b is None else b)
            o, s = act(l.activation.name, dict(l.activation.parameters), z)
            a.append(o)
            slopes.append(s)
        grad = np.zeros_like(theta)
        gW, gB = lay.weights(grad), lay.biases(grad)
        d = a[-1] - case.y[batch]
        if case.loss == "squared":
            d = d + d
        for i in range(len(W) - 1, -1, -1):
            gW[i][...] = product_in_blocks(d, a[i])
            if i == 0:
                gW[i][-1, -1] *= case.x.dtype.type(1.01)
            if case.layers[i].mask is not None:
                gW[i][...] *= case.layers[i].mask
            if gB[i] is not None:
                gB[i][...] = d.sum(0)
            if i > 0:
                d = d @ W[i] * slopes[i - 1]
        theta = theta - rate * grad
        seen.append({"weight_gradients": gW, "bias_gradients": gB,
                     "weights": lay.weights(theta), "biases": lay.biases(theta)})
    return seen
