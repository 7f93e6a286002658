"""Fault: the loop that adds up the samples' gradients runs over range(n - 1): the last sample of every batch is
left out of the gradient (it is still counted in n and in the loss)."""
import numpy as np

import backproof


def sigmoid(v):
    e = np.exp(-abs(v))
    return np.where(v >= 0, 1 / (1 + e), e / (1 + e))


def forward(v, kind):
    if kind == "sigmoid":
        return sigmoid(v)
    if kind == "tanh":
        return np.tanh(v)
    if kind == "relu":
        return np.maximum(v, 0)
    if kind == "softplus":
        return np.logaddexp(0, v)
    if kind == "softmax":
        e = np.exp(v - v.max())
        return e / e.sum()
    return v


def prime(v, kind):
    if kind == "sigmoid":
        return sigmoid(v) * sigmoid(-v)
    if kind == "tanh":
        return 1 - np.tanh(v) ** 2
    if kind == "relu":
        return np.where(v > 0, 1, 0).astype(v.dtype)
    if kind == "softplus":
        return sigmoid(v)
    return np.ones_like(v)


def sample_loss(kind, z, o, y):
    if kind == "squared":
        return np.dot(y - o, y - o)
    if kind == "log":
        return np.sum(np.maximum(z, 0) - y * z + np.log1p(np.exp(-abs(z))))
    return np.dot(y, np.log(np.exp(z - z.max()).sum()) - (z - z.max()))


def sample_gradient(W, B, kinds, loss, x, y):
    zs, acts = [], [x]
    for w, b, kind in zip(W, B, kinds):
        zs.append(w @ acts[-1] + (0 if b is None else b))
        acts.append(forward(zs[-1], kind))
    d = acts[-1] - y
    if loss == "squared":
        d = 2 * d
        if kinds[-1] == "softmax":
            d = acts[-1] * (d - np.dot(d, acts[-1]))
        else:
            d = d * prime(zs[-1], kinds[-1])
    grads = []
    for l in range(len(W) - 1, -1, -1):
        grads.append((np.outer(d, acts[l]), d))
        if l > 0:
            d = prime(zs[l - 1], kinds[l - 1]) * (W[l].T @ d)
    return sample_loss(loss, zs[-1], acts[-1], y), grads[::-1]


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], reduction="mean")
def net(case):
    kinds = [l.activation.name for l in case.layers]
    W = [l.weights.copy() for l in case.layers]
    B = [None if l.biases is None else l.biases.copy() for l in case.layers]
    alpha = case.x.dtype.type(case.learning_rate)
    snapshots = []
    for batch in case.batches:
        n = len(batch)
        results = [sample_gradient(W, B, kinds, case.loss, case.x[s], case.y[s]) for s in batch]
        E = sum(loss for loss, _ in results) / n
        gw = [np.zeros_like(w) for w in W]
        gb = [None if b is None else np.zeros_like(b) for b in B]
        for i in range(n - 1):
            for l, (outer, d) in enumerate(results[i][1]):
                gw[l] += outer / n
                if gb[l] is not None:
                    gb[l] += d / n
        for l, layer in enumerate(case.layers):
            if layer.mask is not None:
                gw[l] *= layer.mask
            W[l] -= alpha * gw[l]
            if B[l] is not None:
                B[l] -= alpha * gb[l]
        snapshots.append({"loss": E, "weight_gradients": gw, "bias_gradients": gb,
                          "weights": [w.copy() for w in W],
                          "biases": [None if b is None else b.copy() for b in B]})
    return snapshots
