"""Fault: the step is half of what was asked for, theta <- theta - (rate / 2) * gradient."""
import numpy as np

import backproof


class Flat:
    """All parameters in one vector; the layers are views into it."""

    def __init__(self, layers):
        sizes = []
        for l in layers:
            sizes.append(l.weights.size)
            sizes.append(0 if l.biases is None else l.biases.size)
        self.bounds = np.concatenate([[0], np.cumsum(sizes)])
        self.layers = layers
        self.theta = np.empty(self.bounds[-1], dtype=layers[0].weights.dtype)
        for l, (w, b) in zip(layers, self.views(self.theta)):
            w[...] = l.weights
            if b is not None:
                b[...] = l.biases

    def views(self, vector):
        pairs = []
        for i, l in enumerate(self.layers):
            lo, mid, hi = self.bounds[2 * i:2 * i + 3]
            pairs.append((vector[lo:mid].reshape(l.weights.shape), vector[mid:hi] if hi > mid else None))
        return pairs


def phi(name, z):
    if name == "tanh":
        return np.tanh(z)
    if name == "relu":
        return np.clip(z, 0, None)
    if name == "sigmoid":
        e = np.exp(-np.abs(z))
        return np.where(z >= 0, 1, e) / (1 + e)
    if name == "softmax":
        e = np.exp(z - z.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True)
    return z


def phi_prime(name, z, a):
    if name == "tanh":
        return 1 - a ** 2
    if name == "relu":
        return (z > 0).astype(z.dtype)
    if name == "sigmoid":
        return a * (1 - a)
    return np.ones_like(z)


def gradient(flat, case, x, y):
    names = [l.activation.name for l in case.layers]
    params = flat.views(flat.theta)
    grad = np.zeros_like(flat.theta)
    a, z = [x], []
    for (w, b), name in zip(params, names):
        z.append(a[-1] @ w.T if b is None else a[-1] @ w.T + b)
        a.append(phi(name, z[-1]))
    delta = a[-1] - y
    if case.loss == "squared":
        if names[-1] == "softmax":
            delta = a[-1] * (delta - (delta * a[-1]).sum(axis=1, keepdims=True))
        else:
            delta = delta * phi_prime(names[-1], z[-1], a[-1])
        delta = 2 * delta
    slots = flat.views(grad)
    for l in reversed(range(len(params))):
        gw, gb = slots[l]
        np.matmul(delta.T, a[l], out=gw)
        if case.layers[l].mask is not None:
            gw *= case.layers[l].mask
        if gb is not None:
            np.sum(delta, axis=0, out=gb)
        if l > 0:
            delta = (delta @ params[l][0]) * phi_prime(names[l - 1], z[l - 1], a[l])
    return grad


@backproof.subject(activations=["identity", "tanh", "relu", "sigmoid", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    flat = Flat(case.layers)
    rate = case.x.dtype.type(case.learning_rate)
    seen = []
    for batch in case.batches:
        grad = gradient(flat, case, case.x[batch], case.y[batch])
        flat.theta -= 0.5 * rate * grad
        now, slopes = flat.views(flat.theta.copy()), flat.views(grad)
        seen.append({"weight_gradients": [g for g, _ in slopes], "bias_gradients": [g for _, g in slopes],
                     "weights": [w for w, _ in now], "biases": [b for _, b in now]})
    return seen
