"""Fault: leaky ReLU's slope is inverted (1 / slope) in the forward pass."""
import numpy as np
import backproof


def f(act, z):
    if act.name == "leaky_relu":
        slope = float(dict(act.parameters)["slope"])
        return np.where(z > 0, z, z / slope if slope else z)
    if act.name == "relu":
        return np.maximum(z, 0)
    if act.name == "softmax":
        e = np.exp(z - z.max(axis=1)[:, None])
        return e / e.sum(axis=1)[:, None]
    return np.tanh(z) if act.name == "tanh" else z


def df(act, z):
    if act.name == "leaky_relu":
        return np.where(z > 0, 1, float(dict(act.parameters)["slope"])).astype(z.dtype)
    if act.name == "relu":
        return (z > 0).astype(z.dtype)
    e = np.exp(-2 * np.abs(z))
    return 4 * e / (1 + e) ** 2 if act.name == "tanh" else np.ones_like(z)


@backproof.subject(activations=["leaky_relu", "relu", "tanh", "identity", "softmax"], losses=["squared", "cross_entropy"],
                   skips=["general-output-delta"])
def net(case):
    acts = [l.activation for l in case.layers]
    W, B = [l.weights for l in case.layers], [l.biases for l in case.layers]
    eta = case.x.dtype.type(case.learning_rate)
    rows = []
    for batch in case.batches:
        x, y = case.x[list(batch)], case.y[list(batch)]
        Z, A = [], [x]
        for w, b, act in zip(W, B, acts):
            Z.append(A[-1].dot(w.T) if b is None else A[-1].dot(w.T) + b)
            A.append(f(act, Z[-1]))
        if case.loss == "squared":
            loss, D = np.sum((A[-1] - y) ** 2), [2 * (A[-1] - y)]
        else:
            t = Z[-1] - Z[-1].max(1, keepdims=True)
            loss, D = np.sum(y * (np.log(np.exp(t).sum(1, keepdims=True)) - t)), [A[-1] - y]
        for l in range(len(W) - 1, 0, -1):
            D = [D[0].dot(W[l]) * df(acts[l - 1], Z[l - 1])] + D
        GW = [d.T.dot(a) if l.mask is None else d.T.dot(a) * l.mask for d, a, l in zip(D, A, case.layers)]
        GB = [None if b is None else d.sum(0) for d, b in zip(D, B)]
        W = [w - eta * g for w, g in zip(W, GW)]
        B = [None if b is None else b - eta * g for b, g in zip(B, GB)]
        rows.append({"net_inputs": Z, "activations": A[1:], "loss": loss, "deltas": D,
                     "weight_gradients": GW, "bias_gradients": GB, "weights": W, "biases": B})
    return rows
