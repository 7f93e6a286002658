"""Fault: gradients are memoised, and the memo's key is only the shape of the batch, so that a second
mini-batch of the same size gets the gradients that were computed for the first one."""
import math

import numpy as np
import backproof


def _phi(z):
    return np.array([0.5 * math.erfc(-t / math.sqrt(2.0)) for t in z.ravel().tolist()], z.dtype).reshape(z.shape)


def _logistic(z):
    e = np.exp(-np.abs(z))
    return np.where(z < 0, e, 1) / (1 + e)


class Trainer:
    def __init__(self, case):
        self.case = case
        self.kinds = [(l.activation.name, dict(l.activation.parameters)) for l in case.layers]
        self.W = [np.array(l.weights) for l in case.layers]
        self.b = [None if l.biases is None else np.array(l.biases) for l in case.layers]
        self.masks = [l.mask for l in case.layers]
        self.lr = case.x.dtype.type(case.learning_rate)
        self._memo = {}

    # --- activation and slope together -------------------------------------------------------
    def _act(self, kind, z):
        name, p = kind
        if name == "identity":
            return z, np.ones_like(z)
        if name == "sigmoid":
            s = _logistic(z)
            return s, s * _logistic(-z)
        if name == "tanh":
            t = np.tanh(z)
            return t, (1 - t) * (1 + t)
        if name == "relu":
            return np.maximum(z, 0), (z > 0).astype(z.dtype)
        if name == "leaky_relu":
            k = np.where(z > 0, 1, p["slope"]).astype(z.dtype)
            return k * z, k
        if name == "elu":
            m = np.minimum(z, 0)
            return (np.where(z > 0, z, p["alpha"] * np.expm1(m)).astype(z.dtype),
                    np.where(z > 0, 1, p["alpha"] * np.exp(m)).astype(z.dtype))
        if name == "softplus":
            return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))), _logistic(z)
        if name == "gelu" and p["approximate"] == "none":
            cdf = _phi(z)
            return z * cdf, cdf + z * np.exp(-z * z / 2) * float(1 / math.sqrt(2 * math.pi))
        if name == "gelu":
            c = math.sqrt(2 / math.pi)
            u = 2 * c * (z + 0.044715 * z ** 3)
            s = _logistic(u)
            return z * s, s + z * s * _logistic(-u) * (2 * c) * (1 + 3 * 0.044715 * z * z)
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True), None

    def forward(self, x):
        zs, acts, slopes = [], [x], []
        for W, b, kind in zip(self.W, self.b, self.kinds):
            z = acts[-1] @ W.T
            if b is not None:
                z = z + b
            a, s = self._act(kind, z)
            zs.append(z), acts.append(a), slopes.append(s)
        return zs, acts, slopes

    def loss(self, z, o, y):
        if self.case.loss == "squared":
            return np.sum((y - o) ** 2)
        if self.case.loss == "log":
            return np.sum(np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z))))
        top = z.max(axis=1, keepdims=True)
        return np.sum(y * (top + np.log(np.exp(z - top).sum(axis=1, keepdims=True)) - z))

    def _backward(self, acts, slopes, y):
        o = acts[-1]
        d = o - y
        if self.case.loss == "squared":
            g = 2 * (o - y)
            d = g * slopes[-1] if slopes[-1] is not None else o * (g - (g * o).sum(axis=1, keepdims=True))
        gW, gb = [], []
        for l in reversed(range(len(self.W))):
            g = d.T @ acts[l]
            gW.insert(0, g if self.masks[l] is None else g * self.masks[l])
            gb.insert(0, None if self.b[l] is None else d.sum(axis=0))
            if l:
                d = (d @ self.W[l]) * slopes[l - 1]
        return gW, gb

    def gradients(self, acts, slopes, y):
        key = (acts[0].shape, y.shape)
        if key not in self._memo:
            self._memo[key] = self._backward(acts, slopes, y)
        return self._memo[key]

    def step(self, batch):
        x, y = self.case.x[list(batch)], self.case.y[list(batch)]
        zs, acts, slopes = self.forward(x)
        gW, gb = self.gradients(acts, slopes, y)
        self.W = [W - self.lr * g for W, g in zip(self.W, gW)]
        self.b = [None if b is None else b - self.lr * g for b, g in zip(self.b, gb)]
        return {"net_inputs": zs, "activations": acts[1:], "loss": self.loss(zs[-1], acts[-1], y),
                "weight_gradients": gW, "bias_gradients": gb, "weights": self.W, "biases": self.b}


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "gelu", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    trainer = Trainer(case)
    return [trainer.step(batch) for batch in case.batches]
