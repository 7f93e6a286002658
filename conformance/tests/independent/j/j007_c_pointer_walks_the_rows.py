"""Fault: samples are read through a bare pointer at i * columns + j, as if every array lay row after row in memory."""
import ctypes

import numpy as np

import backproof

C_TYPES = {"float32": ctypes.c_float, "float64": ctypes.c_double}


class Samples:
    """The way a C kernel sees a matrix: an address and two sizes."""

    def __init__(self, matrix):
        self.rows, self.columns = matrix.shape
        self.type = matrix.dtype
        self.address = matrix.ctypes.data_as(ctypes.POINTER(C_TYPES[matrix.dtype.name]))

    def gather(self, indices):
        out = np.empty((len(indices), self.columns), self.type)
        for r, i in enumerate(indices):
            for j in range(self.columns):
                out[r, j] = self.address[i * self.columns + j]
        return out


def sigma(z):
    out = np.empty_like(z)
    pos = z >= 0
    out[pos] = 1 / (1 + np.exp(-z[pos]))
    e = np.exp(z[~pos])
    out[~pos] = e / (1 + e)
    return out


def act(kind, p, z):
    if kind == "sigmoid":
        return sigma(z)
    if kind == "tanh":
        return np.tanh(z)
    if kind == "relu":
        return np.where(z > 0, z, np.zeros_like(z))
    if kind == "leaky_relu":
        return np.where(z > 0, z, z * z.dtype.type(p["slope"]))
    if kind == "softplus":
        return np.logaddexp(np.zeros_like(z), z)
    if kind == "softmax":
        e = np.exp(z - z.max(axis=1)[:, np.newaxis])
        return e / e.sum(axis=1)[:, np.newaxis]
    return z.copy()


def pull_back(kind, p, z, a, g):
    """J_f(z)^T g, whatever f is."""
    if kind == "sigmoid":
        return g * a * (1 - a)
    if kind == "tanh":
        return g * (1 - a * a)
    if kind == "relu":
        return np.where(z > 0, g, np.zeros_like(g))
    if kind == "leaky_relu":
        return np.where(z > 0, g, g * g.dtype.type(p["slope"]))
    if kind == "softplus":
        return g * sigma(z)
    if kind == "softmax":
        return a * (g - (a * g).sum(axis=1)[:, np.newaxis])
    return g


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], loss_at="none")
def net(case):
    kinds = [(l.activation.name, dict(l.activation.parameters)) for l in case.layers]
    W = [l.weights.copy() for l in case.layers]
    B = [None if l.biases is None else l.biases.copy() for l in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    samples, L, seen = Samples(case.x), len(case.layers), []
    for batch in case.batches:
        signal, y = [samples.gather(batch)], case.y[batch]
        Z = []
        for l in range(L):
            Z.append(signal[l] @ W[l].T)
            if B[l] is not None:
                Z[l] += B[l]
            signal.append(act(*kinds[l], Z[l]))
        D = [None] * L
        D[-1] = signal[-1] - y
        if case.loss == "squared":
            D[-1] = pull_back(*kinds[-1], Z[-1], signal[-1], 2 * D[-1])
        for l in range(L - 2, -1, -1):
            D[l] = pull_back(*kinds[l], Z[l], signal[l + 1], D[l + 1] @ W[l + 1])
        GW = [D[l].T @ signal[l] for l in range(L)]
        GB = [None if B[l] is None else D[l].sum(axis=0) for l in range(L)]
        for l in range(L):
            if case.layers[l].mask is not None:
                GW[l][~case.layers[l].mask] = 0
            W[l] -= rate * GW[l]
            if B[l] is not None:
                B[l] -= rate * GB[l]
        seen.append({"net_inputs": Z, "activations": signal[1:], "deltas": D, "weight_gradients": GW,
                     "bias_gradients": GB, "weights": [w.copy() for w in W],
                     "biases": [None if b is None else b.copy() for b in B]})
    return seen[0] if len(seen) == 1 else seen
