"""Style: sample by sample with 1-d vectors and np.outer; fault: two, the biases ascend and the hidden deltas are halved."""

import numpy as np

import backproof


def sg(v):
    e = np.exp(-np.abs(v))
    return np.where(v >= 0, 1 / (1 + e), e / (1 + e))


def fire(name, v):
    if name == "sigmoid":
        return sg(v)
    if name == "tanh":
        return np.tanh(v)
    if name == "relu":
        return np.maximum(v, 0)
    return v.copy()


def rise(name, v):
    if name == "sigmoid":
        return sg(v) * sg(-v)
    if name == "tanh":
        return 4 * sg(2 * v) * sg(-2 * v)
    if name == "relu":
        return np.heaviside(v, np.zeros_like(v))
    return np.ones_like(v)


def sample_pass(W, B, names, x, y, loss):
    z, a = [], [x]
    for w, b, name in zip(W, B, names):
        v = w.dot(a[-1])
        if b is not None:
            v = v + b
        z.append(v)
        a.append(fire(name, v))
    if loss == "log":
        error = (y * np.logaddexp(0, -z[-1]) + (1 - y) * np.logaddexp(0, z[-1])).sum()
        delta = (1 - y) * sg(z[-1]) - y * sg(-z[-1])
    else:
        error = ((y - a[-1]) ** 2).sum()
        delta = 2 * (a[-1] - y) * rise(names[-1], z[-1])
    d = [delta]
    for l in range(len(W) - 1, 0, -1):
        d.append(0.5 * rise(names[l - 1], z[l - 1]) * W[l].T.dot(d[-1]))
    return z, a, d[::-1], error


@backproof.subject(
    activations=["identity", "sigmoid", "tanh", "relu"],
    losses=["squared", "log"],
)
def net(case):
    W = [layer.weights.copy() for layer in case.layers]
    B = [None if layer.biases is None else layer.biases.copy() for layer in case.layers]
    M = [layer.mask for layer in case.layers]
    names = [layer.activation.name for layer in case.layers]
    levels = range(len(W))
    rate = float(case.learning_rate)
    result = []
    for batch in case.batches:
        gW = [np.zeros_like(w) for w in W]
        gB = [None if b is None else np.zeros_like(b) for b in B]
        total = case.x.dtype.type(0)
        seen = []
        for s in batch:
            z, a, d, e = sample_pass(W, B, names, case.x[s], case.y[s], case.loss)
            seen.append((z, a, d))
            total = total + e
            for l in levels:
                gW[l] += np.outer(d[l], a[l])
                if gB[l] is not None:
                    gB[l] += d[l]
        for l in levels:
            if M[l] is not None:
                gW[l] *= M[l]
        W = [w - rate * g for w, g in zip(W, gW)]
        B = [None if b is None else b + rate * g for b, g in zip(B, gB)]
        result.append(
            {
                "net_inputs": [np.stack([z[l] for z, _, _ in seen]) for l in levels],
                "activations": [np.stack([a[l + 1] for _, a, _ in seen]) for l in levels],
                "loss": total,
                "deltas": [np.stack([d[l] for _, _, d in seen]) for l in levels],
                "weight_gradients": gW,
                "bias_gradients": gB,
                "weights": W,
                "biases": B,
            }
        )
    return result
