"""The derivative of ReLU is used for every hidden activation."""

import numpy as np

import backproof


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def squash(activation, z):
    name, p = activation.name, dict(activation.parameters)
    if name == "sigmoid":
        return sigmoid(z)
    if name == "tanh":
        return np.tanh(z)
    if name == "relu":
        return np.maximum(z, 0)
    if name == "leaky_relu":
        return np.where(z > 0, z, z.dtype.type(p["slope"]) * z)
    if name == "elu":
        return np.where(z > 0, z, z.dtype.type(p["alpha"]) * np.expm1(np.minimum(z, 0)))
    if name == "softplus":
        return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
    if name == "softmax":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)
    return z


@backproof.subject(
    activations=["sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "identity", "softmax"],
    losses=["squared", "log", "cross_entropy"],
    skips=["general-output-delta"],
)
def net(case):
    state = {l: {"w": s.weights, "b": s.biases, "f": s.activation, "mask": s.mask} for l, s in enumerate(case.layers, 1)}
    L, lr, out = len(state), case.x.dtype.type(case.learning_rate), []
    for batch in case.batches:
        a, z, d = {0: case.x[list(batch)]}, {}, {}
        for l, s in state.items():
            z[l] = a[l - 1] @ s["w"].T
            if s["b"] is not None:
                z[l] = z[l] + s["b"]
            a[l] = squash(s["f"], z[l])
        d[L] = a[L] - case.y[list(batch)]
        if case.loss == "squared":
            d[L] = 2 * d[L]
        for l in range(L - 1, 0, -1):
            d[l] = np.where(z[l] > 0, d[l + 1] @ state[l + 1]["w"], 0)
        for l, s in state.items():
            g = d[l].T @ a[l - 1]
            s["w"] = s["w"] - lr * (g if s["mask"] is None else g * s["mask"])
            s["b"] = None if s["b"] is None else s["b"] - lr * d[l].sum(axis=0)
        out.append({
            "deltas": [d[l] for l in state], "weights": [s["w"] for s in state.values()],
            "biases": [s["b"] for s in state.values()],
        })
    return out
