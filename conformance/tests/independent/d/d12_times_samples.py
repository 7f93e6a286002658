"""The gradient is multiplied by the number of samples."""

import numpy as np

import backproof


def act(kind, z):
    if kind == "sigmoid":
        e = np.exp(-np.abs(z))
        a = np.where(z >= 0, 1 / (1 + e), e / (1 + e))
        return a, a * (1 - a)
    if kind == "tanh":
        a = np.tanh(z)
        return a, 1 - a * a
    if kind == "softmax":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / np.einsum("ni->n", e)[:, None], None
    return z, np.ones_like(z)


@backproof.subject(
    activations=["sigmoid", "tanh", "identity", "softmax"],
    losses=["squared", "log", "cross_entropy"],
    skips=["general-output-delta", "no-biases"],
)
def net(case):
    w = [layer.weights for layer in case.layers]
    b = [layer.biases for layer in case.layers]
    lr = np.asarray(case.learning_rate, dtype=case.x.dtype)
    result = []
    for batch in case.batches:
        rows = list(batch)
        n = len(rows)
        acts, primes = [case.x[rows]], []
        for layer, wl, bl in zip(case.layers, w, b):
            a, p = act(layer.activation.name, np.einsum("oi,ni->no", wl, acts[-1]) + bl)
            acts.append(a)
            primes.append(p)
        delta = (2 if case.loss == "squared" else 1) * (acts[-1] - case.y[rows])
        nw, nb = list(w), list(b)
        for l in range(len(w) - 1, -1, -1):
            gw = np.einsum("no,ni->oi", delta, acts[l]) * n
            gb = np.einsum("no->o", delta) * n
            if case.layers[l].mask is not None:
                gw = gw * case.layers[l].mask
            nw[l], nb[l] = w[l] - lr * gw, b[l] - lr * gb
            if l:
                delta = np.einsum("no,oi->ni", delta, w[l]) * primes[l - 1]
        w, b = nw, nb
        result.append({"weights": w, "biases": b})
    return result
