"""Style: one flat parameter vector with slices, shows only weights and biases; fault: gradient ascent."""

import numpy as np

import backproof


def sig(v):
    e = np.exp(-abs(v))
    return np.where(v > 0, 1 / (1 + e), e / (1 + e))


def plan(layers):
    """[(weight slice, weight shape, bias slice or None, activation name)], total length"""
    spots, at = [], 0
    for layer in layers:
        size = layer.weights.size
        w = slice(at, at + size)
        at += size
        b = None
        if layer.biases is not None:
            b = slice(at, at + layer.biases.size)
            at = b.stop
        spots.append((w, layer.weights.shape, b, layer.activation.name))
    return spots, at


def pack(layers, spots, length, dtype):
    theta, allowed = np.zeros(length, dtype), np.ones(length, dtype)
    for layer, (w, _, b, _) in zip(layers, spots):
        theta[w] = layer.weights.reshape(-1)
        if layer.mask is not None:
            allowed[w] = layer.mask.reshape(-1)
        if b is not None:
            theta[b] = layer.biases
    return theta, allowed


def gradient(theta, spots, x, y, loss):
    zs, acts = [], [x]
    for w, shape, b, name in spots:
        z = acts[-1] @ theta[w].reshape(shape).T
        if b is not None:
            z = z + theta[b]
        zs.append(z)
        acts.append(z if name == "identity" else sig(z) if name == "sigmoid" else np.tanh(z))

    def slope(l):
        name = spots[l][3]
        if name == "identity":
            return 1
        if name == "sigmoid":
            return sig(zs[l]) * sig(-zs[l])
        return (1 - acts[l + 1]) * (1 + acts[l + 1])

    if loss == "log":
        delta = (1 - y) * sig(zs[-1]) - y * sig(-zs[-1])
    else:
        delta = 2 * (acts[-1] - y) * slope(len(spots) - 1)
    g = np.zeros_like(theta)
    for l in reversed(range(len(spots))):
        w, shape, b, _ = spots[l]
        g[w] = (delta.T @ acts[l]).ravel()
        if b is not None:
            g[b] = delta.sum(axis=0)
        if l:
            delta = delta @ theta[w].reshape(shape) * slope(l - 1)
    return g


@backproof.subject(activations=["identity", "sigmoid", "tanh"], losses=["squared", "log"])
def net(case):
    spots, length = plan(case.layers)
    theta, allowed = pack(case.layers, spots, length, case.x.dtype)
    rate = float(case.learning_rate)
    shown = []
    for batch in case.batches:
        rows = np.asarray(batch)
        theta = theta + rate * allowed * gradient(theta, spots, case.x[rows], case.y[rows], case.loss)
        shown.append(
            {
                "weights": [theta[w].reshape(shape).copy() for w, shape, _, _ in spots],
                "biases": [None if b is None else theta[b].copy() for _, _, b, _ in spots],
            }
        )
    return shown
