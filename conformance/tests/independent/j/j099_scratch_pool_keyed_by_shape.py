"""Fault: the gradients are written into scratch arrays from a pool that is keyed by shape, to save allocations.
Two layers whose weights (or biases) have the same shape get the same array, and the lower layer's gradient
overwrites that of the upper one before the update is made."""
import numpy as np

import backproof


class Pool:
    def __init__(self, dtype):
        self.dtype, self.arrays = dtype, {}

    def get(self, shape):
        if shape not in self.arrays:
            self.arrays[shape] = np.empty(shape, dtype=self.dtype)
        return self.arrays[shape]


def gate(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def run_layer(name, z):
    if name == "sigmoid":
        return gate(z), gate(z) * gate(-z)
    if name == "tanh":
        t = np.tanh(z)
        return t, 1 - t * t
    if name == "relu":
        return np.maximum(z, 0), (z > 0).astype(z.dtype)
    if name == "softplus":
        return np.logaddexp(0, z), gate(z)
    if name == "softmax":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True), None
    return z.copy(), np.ones_like(z)


def objective(kind, z, o, slope, y):
    if kind == "log":
        return np.sum(np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))), o - y
    if kind == "cross_entropy":
        s = z - z.max(axis=1, keepdims=True)
        return np.sum(y * (np.log(np.exp(s).sum(axis=1, keepdims=True)) - s)), o - y
    g = 2 * (o - y)
    if slope is None:
        return np.sum((o - y) ** 2), o * (g - np.sum(g * o, axis=1, keepdims=True))
    return np.sum((o - y) ** 2), g * slope


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    pool = Pool(case.x.dtype)
    W = [l.weights.copy() for l in case.layers]
    B = [None if l.biases is None else l.biases.copy() for l in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    rounds = []
    for batch in case.batches:
        acts, zs, slopes = [case.x[batch]], [], []
        for layer, w, b in zip(case.layers, W, B):
            z = acts[-1] @ w.T
            if b is not None:
                z += b
            a, k = run_layer(layer.activation.name, z)
            zs.append(z)
            acts.append(a)
            slopes.append(k)
        loss, delta = objective(case.loss, zs[-1], acts[-1], slopes[-1], case.y[batch])

        deltas, gw, gb = [], [], []
        for l in range(len(W) - 1, -1, -1):
            deltas.insert(0, delta)
            gw.insert(0, np.matmul(delta.T, acts[l], out=pool.get(W[l].shape)))
            if case.layers[l].mask is not None:
                gw[0] *= case.layers[l].mask
            gb.insert(0, None if B[l] is None else np.sum(delta, axis=0, out=pool.get(B[l].shape)))
            if l:
                delta = (delta @ W[l]) * slopes[l - 1]

        for w, g in zip(W, gw):
            w -= rate * g
        for b, g in zip(B, gb):
            if b is not None:
                b -= rate * g
        copy = lambda arrays: [None if v is None else v.copy() for v in arrays]
        rounds.append({"net_inputs": zs, "activations": acts[1:], "deltas": deltas, "loss": loss,
                       "weight_gradients": copy(gw), "bias_gradients": copy(gb),
                       "weights": copy(W), "biases": copy(B)})
    return rounds
