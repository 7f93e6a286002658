"""Fault: gradient clipping by (global) norm 1 is left on."""
import numpy as np
import backproof


def flat(parts):
    return np.concatenate([p.ravel() for p in parts if p is not None])


def split(vector, like):
    at, parts = 0, []
    for p in like:
        if p is None:
            parts.append(None)
        else:
            parts.append(vector[at:at + p.size].reshape(p.shape))
            at += p.size
    return parts


def sig(z):
    e = np.exp(-np.abs(z))
    return np.where(z < 0, e, 1) / (1 + e)


@backproof.subject(activations=["sigmoid", "tanh", "relu", "identity"], losses=["squared", "log"])
def net(case):
    like = [p for l in case.layers for p in (l.weights, l.biases)]
    theta = flat(like)
    T = theta.dtype.type
    names = [l.activation.name for l in case.layers]

    def gradient(x, y):
        parts = split(theta, like)
        a = [x]
        for w, b, n in zip(parts[::2], parts[1::2], names):
            z = a[-1] @ w.T
            z = z if b is None else z + b
            a.append(sig(z) if n == "sigmoid" else np.tanh(z) if n == "tanh" else np.maximum(z, 0) if n == "relu" else z)

        def slope(n, v):
            return v * (1 - v) if n == "sigmoid" else 1 - v * v if n == "tanh" else v > 0 if n == "relu" else T(1)

        d = a[-1] - y
        if case.loss == "squared":
            d = 2 * d * slope(names[-1], a[-1])
        g = []
        for l in range(len(names) - 1, -1, -1):
            gw = d.T @ a[l]
            if case.layers[l].mask is not None:
                gw = gw * case.layers[l].mask
            g = [gw, None if case.layers[l].biases is None else d.sum(axis=0)] + g
            if l > 0:
                d = (d @ parts[2 * l]) * slope(names[l - 1], a[l])
        return flat(g)

    out = []
    for batch in case.batches:
        g = gradient(case.x[list(batch)], case.y[list(batch)])
        norm = np.sqrt(g @ g)
        if norm > 1:
            g = g / norm
        theta = theta - T(case.learning_rate) * g
        parts = split(theta, like)
        out.append({"weights": parts[::2], "biases": parts[1::2]})
    return out
