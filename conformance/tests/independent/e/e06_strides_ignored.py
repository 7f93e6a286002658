"""Fault: the memory of arrays is read without regard to strides (gaps between elements are not skipped)."""
import ctypes

import numpy as np
import backproof


def extent(a):
    low = high = a.ctypes.data
    for n, step in zip(a.shape, a.strides):
        low, high = low + min(0, (n - 1) * step), high + max(0, (n - 1) * step)
    return low, high + a.itemsize


def read(a):
    """Copy an array from its pointer and shape, as one would hand it to C."""
    low, high = extent(a)
    if a.size == 0 or high - low < a.nbytes:
        return np.ascontiguousarray(a)
    data = np.frombuffer((ctypes.c_char * a.nbytes).from_address(low), dtype=a.dtype).copy()
    return data.reshape(a.shape, order="F" if a.flags.f_contiguous else "C")


def sig(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


@backproof.subject(activations=["identity", "sigmoid", "tanh"], losses=["squared", "log"])
def net(case):
    x, y = read(case.x), read(case.y)
    W = [read(l.weights) for l in case.layers]
    B = [None if l.biases is None else read(l.biases) for l in case.layers]
    kinds = [l.activation.name for l in case.layers]
    f = {"identity": np.copy, "sigmoid": sig, "tanh": np.tanh}
    df = {"identity": np.ones_like, "sigmoid": lambda z: sig(z) * sig(-z), "tanh": lambda z: 4 * sig(2 * z) * sig(-2 * z)}
    rate, out = x.dtype.type(case.learning_rate), []
    for batch in case.batches:
        a, z = [x[list(batch)]], []
        t = y[list(batch)]
        for w, b, k in zip(W, B, kinds):
            z.append(a[-1] @ w.T if b is None else a[-1] @ w.T + b)
            a.append(f[k](z[-1]))
        d = [a[-1] - t if case.loss == "log" else 2 * (a[-1] - t) * df[kinds[-1]](z[-1])]
        for l in range(len(W) - 1, 0, -1):
            d.insert(0, df[kinds[l - 1]](z[l - 1]) * (d[0] @ W[l]))
        for l, layer in enumerate(case.layers):
            g = d[l].T @ a[l]
            W[l] = W[l] - rate * (g if layer.mask is None else g * layer.mask)
            B[l] = None if B[l] is None else B[l] - rate * d[l].sum(0)
        out.append({"net_inputs": z, "activations": a[1:], "deltas": d, "weights": list(W), "biases": list(B)})
    return out
