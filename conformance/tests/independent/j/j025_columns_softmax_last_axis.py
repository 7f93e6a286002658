"""Fault: the samples stand in columns here, but softmax (and the log-softmax of the loss) still normalises
along the last axis, so it runs over the samples of the batch and not over the classes of one sample."""
import numpy as np

import backproof


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def log_softmax(z):
    shifted = z - z.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def logistic(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


FORWARD = {"identity": lambda z: z.copy(), "sigmoid": logistic, "tanh": np.tanh,
           "relu": lambda z: np.maximum(z, 0), "softmax": softmax}
SLOPE = {"identity": lambda z, a: np.ones_like(z), "sigmoid": lambda z, a: a * (1 - a),
         "tanh": lambda z, a: 1 - a * a, "relu": lambda z, a: (z > 0).astype(z.dtype)}


def total_loss(kind, z, o, y):
    if kind == "squared":
        return np.sum((y - o) ** 2)
    if kind == "log":
        return np.sum(np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z))))
    return -np.sum(y * log_softmax(z))


def one_step(W, b, masks, names, kind, X, Y, eta):
    zs, acts = [], [X]
    for w, c, name in zip(W, b, names):
        z = w @ acts[-1]
        if c is not None:
            z = z + c[:, None]
        zs.append(z)
        acts.append(FORWARD[name](z))
    o = acts[-1]
    error = total_loss(kind, zs[-1], o, Y)
    d = o - Y
    if kind == "squared":
        d = 2 * d
    deltas = [d]
    for k in range(len(W) - 2, -1, -1):
        d = SLOPE[names[k]](zs[k], acts[k + 1]) * (W[k + 1].T @ d)
        deltas.insert(0, d)
    gW = [dl @ a.T for dl, a in zip(deltas, acts)]
    gW = [g if m is None else g * m for g, m in zip(gW, masks)]
    gb = [None if c is None else dl.sum(axis=1) for dl, c in zip(deltas, b)]
    W = [w - eta * g for w, g in zip(W, gW)]
    b = [None if c is None else c - eta * g for c, g in zip(b, gb)]
    seen = dict(net_inputs=zs, activations=acts[1:], deltas=deltas, loss=error,
                weight_gradients=gW, bias_gradients=gb, weights=W, biases=b)
    return W, b, seen


@backproof.subject(activations=list(FORWARD), losses=["squared", "log", "cross_entropy"],
                   skips=["general-output-delta"], batch_axis=1)
def net(case):
    W = [layer.weights.copy() for layer in case.layers]
    b = [None if layer.biases is None else layer.biases.copy() for layer in case.layers]
    masks = [layer.mask for layer in case.layers]
    names = [layer.activation.name for layer in case.layers]
    eta = case.x.dtype.type(case.learning_rate)
    history = []
    for batch in case.batches:
        W, b, seen = one_step(W, b, masks, names, case.loss, case.x[:, batch], case.y[:, batch], eta)
        history.append(seen)
    return history
