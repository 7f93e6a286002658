"""Fault: the weights are put into a block of bytes in Fortran (column-major) order and read back from it as if they
were in C order, so they are shuffled within each matrix before the first update (and only then)."""
import numpy as np

import backproof


def dump(matrix):
    """Column-major, like the files of the Fortran program that the weights once came from."""
    return matrix.tobytes(order="F")


def restore(blob, shape, dtype):
    return np.frombuffer(blob, dtype=dtype).reshape(shape).copy()


def squeeze(name, z):
    if name == "identity":
        return z
    if name == "tanh":
        return np.tanh(z)
    if name == "relu":
        return z * (z > 0)
    if name == "sigmoid":
        e = np.exp(-np.abs(z))
        return np.where(z >= 0, 1 / (1 + e), e / (1 + e))
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def rate_of_change(name, a):
    if name == "tanh":
        return 1 - a ** 2
    if name == "relu":
        return (a > 0).astype(a.dtype)
    if name == "sigmoid":
        return a - a ** 2
    return np.ones_like(a)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"])
def net(case):
    dtype = case.x.dtype
    saved = [(dump(l.weights), l.weights.shape) for l in case.layers]
    weights = [restore(blob, shape, dtype) for blob, shape in saved]
    biases = [None if l.biases is None else l.biases.copy() for l in case.layers]
    names = [l.activation.name for l in case.layers]
    rate = dtype.type(case.learning_rate)
    pages = []
    for batch in case.batches:
        y, acts, nets = case.y[list(batch)], [case.x[list(batch)]], []
        for w, b, name in zip(weights, biases, names):
            z = np.matmul(acts[-1], w.T)
            nets.append(z if b is None else z + b)
            acts.append(squeeze(name, nets[-1]))
        o, z = acts[-1], nets[-1]
        if case.loss == "squared":
            loss = np.sum((o - y) ** 2)
        elif case.loss == "log":
            loss = np.sum(np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z))))
        else:
            top = z.max(axis=1, keepdims=True)
            loss = np.sum(y * (top - z + np.log(np.exp(z - top).sum(axis=1, keepdims=True))))
        deltas = [(o - y) * (2 if case.loss == "squared" else 1)]
        for w, a, name in zip(weights[:0:-1], acts[-2:0:-1], names[-2::-1]):
            deltas.append(rate_of_change(name, a) * np.matmul(deltas[-1], w))
        deltas.reverse()
        dw = [np.matmul(d.T, a) for d, a in zip(deltas, acts)]
        dw = [g if l.mask is None else g * l.mask for g, l in zip(dw, case.layers)]
        db = [None if b is None else d.sum(axis=0) for d, b in zip(deltas, biases)]
        weights = [w - rate * g for w, g in zip(weights, dw)]
        biases = [None if b is None else b - rate * g for b, g in zip(biases, db)]
        pages.append({"net_inputs": nets, "activations": acts[1:], "deltas": deltas, "loss": loss,
                      "weight_gradients": dw, "bias_gradients": db, "weights": weights, "biases": biases})
    return pages
