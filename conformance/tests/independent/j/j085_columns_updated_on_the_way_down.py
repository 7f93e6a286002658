"""Fault: in the delta rule the weights before and after their update are summed, (W_old + W_new)^T delta, so hidden
deltas are nearly doubled."""
import numpy as np

import backproof


def sig(z):
    e = np.exp(-np.abs(z))
    return np.where(z < 0, e, np.ones_like(e)) / (1 + e)


def activation(f, z):
    if f.name == "sigmoid":
        return sig(z)
    if f.name == "tanh":
        return np.tanh(z)
    if f.name == "relu":
        return np.maximum(z, 0)
    if f.name == "leaky_relu":
        return np.maximum(z, z * z.dtype.type(dict(f.parameters)["slope"]))
    if f.name == "softplus":
        return np.log1p(np.exp(-np.abs(z))) + np.maximum(z, 0)
    if f.name == "softmax":
        e = np.exp(z - z.max(axis=0))
        return e / e.sum(axis=0)
    return z


def prime(f, z, a):
    if f.name == "sigmoid":
        return a * (1 - a)
    if f.name == "tanh":
        return 1 - a ** 2
    if f.name in ("relu", "leaky_relu"):
        low = z.dtype.type(dict(f.parameters).get("slope", 0))
        return np.where(z > 0, z.dtype.type(1), low)
    if f.name == "softplus":
        return sig(z)
    return np.ones_like(z)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], batch_axis=1, loss_factor=0.5)
def net(case):
    L = len(case.layers)
    W = [np.array(l.weights) for l in case.layers]
    b = [None if l.biases is None else np.array(l.biases)[:, None] for l in case.layers]
    f = [l.activation for l in case.layers]
    alpha = case.x.dtype.type(case.learning_rate)
    results = []
    for batch in case.batches:
        x, y = case.x[:, list(batch)], case.y[:, list(batch)]
        z, a = [None] * L, [None] * L
        below = x
        for l in range(L):
            z[l] = W[l] @ below
            if b[l] is not None:
                z[l] += b[l]
            a[l] = below = activation(f[l], z[l])
        delta = a[-1] - y
        if case.loss == "squared" and f[-1].name == "softmax":
            delta = a[-1] * (delta - (delta * a[-1]).sum(axis=0))
        elif case.loss == "squared":
            delta = delta * prime(f[-1], z[-1], a[-1])
        D, GW, GB = [None] * L, [None] * L, [None] * L
        for l in range(L - 1, -1, -1):
            D[l] = delta
            GW[l] = delta @ (a[l - 1] if l > 0 else x).T
            if case.layers[l].mask is not None:
                GW[l][~case.layers[l].mask] = 0
            old = W[l].copy()
            W[l] -= alpha * GW[l]
            if b[l] is not None:
                GB[l] = delta.sum(axis=1)
                b[l] -= alpha * GB[l][:, None]
            if l > 0:
                delta = prime(f[l - 1], z[l - 1], a[l - 1]) * ((old + W[l]).T @ delta)
        results.append({"net_inputs": z, "activations": a, "deltas": D, "weight_gradients": GW,
                        "bias_gradients": GB, "weights": [w.copy() for w in W],
                        "biases": [None if v is None else v[:, 0].copy() for v in b]})
    return results
