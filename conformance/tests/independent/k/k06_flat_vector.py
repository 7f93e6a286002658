"""Fault: the step vector has the learning rate only where weights are; biases move by their whole gradient (b <- b - dE/db)."""
import numpy as np
import backproof


class Theta:
    """All parameters in one vector; weights and biases are views of it."""

    def __init__(self, layers, dtype):
        self.plan, self.size = [], 0
        for layer in layers:
            m, n = layer.weights.shape
            ws = slice(self.size, self.size + m * n)
            bs = None if layer.biases is None else slice(ws.stop, ws.stop + m)
            self.plan.append((m, n, ws, bs))
            self.size = (bs or ws).stop
        self.vector = np.empty(self.size, dtype)
        for (w, b), layer in zip(self.views(self.vector), layers):
            w[...] = layer.weights
            if b is not None:
                b[...] = layer.biases

    def views(self, vector):
        return [(vector[ws].reshape(m, n), None if bs is None else vector[bs]) for m, n, ws, bs in self.plan]


def sigmoid(z):
    out = np.empty_like(z)
    pos = z >= 0
    out[pos] = 1 / (1 + np.exp(-z[pos]))
    e = np.exp(z[~pos])
    out[~pos] = e / (1 + e)
    return out


def activate(f, z):
    """The activation and (for element-wise ones) its derivative."""
    if f == "sigmoid":
        a = sigmoid(z)
        return a, a * (1 - a)
    if f == "tanh":
        a = np.tanh(z)
        return a, 1 - a * a
    if f == "relu":
        return np.clip(z, 0, None), (z > 0).astype(z.dtype)
    if f == "softmax":
        a = np.exp(z - z.max(axis=-1, keepdims=True))
        return a / a.sum(axis=-1, keepdims=True), None
    if f == "softplus":
        return np.logaddexp(z, np.zeros_like(z)), sigmoid(z)
    return z.copy(), np.ones_like(z)


@backproof.subject(activations=["sigmoid", "tanh", "relu", "softmax", "softplus", "identity"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"])
def net(case):
    dtype = case.x.dtype
    theta = Theta(case.layers, dtype)
    keep = np.ones(theta.size, dtype)
    for (w, _), layer in zip(theta.views(keep), case.layers):
        if layer.mask is not None:
            w[...] = layer.mask
    step = np.ones(theta.size, dtype)
    for w, _ in theta.views(step):
        w[...] = case.learning_rate
    seen = []
    for batch in case.batches:
        idx = list(batch)
        params = theta.views(theta.vector)
        grad = np.zeros(theta.size, dtype)
        slots = theta.views(grad)
        a, acts, slopes = case.x[idx], [case.x[idx]], []
        for (w, b), layer in zip(params, case.layers):
            z = a @ w.T + (0 if b is None else b)
            a, slope = activate(layer.activation.name, z)
            acts.append(a)
            slopes.append(slope)
        delta = (2 if case.loss == "squared" else 1) * (a - case.y[idx])
        deltas = []
        for l in reversed(range(len(params))):
            gw, gb = slots[l]
            gw[...] = delta.T @ acts[l]
            if gb is not None:
                gb[...] = delta.sum(0)
            deltas.append(delta)
            if l:
                delta = (delta @ params[l][0]) * slopes[l - 1]
        grad *= keep
        theta.vector -= step * grad
        new = theta.views(theta.vector.copy())
        seen.append({"activations": acts[1:], "deltas": deltas[::-1],
                     "weight_gradients": [g for g, _ in slots], "bias_gradients": [g for _, g in slots],
                     "weights": [w for w, _ in new], "biases": [b for _, b in new]})
    return seen
