"""Fault: the biases walk up the gradient, b <- b + alpha dE/db, while the weights walk down it as they should."""
import numpy as np
import backproof


def logistic(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e)).astype(z.dtype)


def squash(kind, opts, z):
    if kind == "identity":
        return z.copy()
    if kind == "sigmoid":
        return logistic(z)
    if kind == "tanh":
        return np.tanh(z)
    if kind == "relu":
        return np.maximum(z, 0)
    if kind == "leaky_relu":
        return np.where(z > 0, z, opts["slope"] * z)
    if kind == "softplus":
        return np.logaddexp(z, 0).astype(z.dtype)
    if kind == "softmax":
        e = np.exp(z - z.max(axis=0, keepdims=True))
        return e / e.sum(axis=0, keepdims=True)
    raise ValueError(kind)


def squash_slope(kind, opts, z, a):
    if kind == "identity":
        return np.ones_like(z)
    if kind == "sigmoid":
        return a * (1 - a)
    if kind == "tanh":
        return 1 - a * a
    if kind == "relu":
        return (z > 0).astype(z.dtype)
    if kind == "leaky_relu":
        return np.where(z > 0, 1, opts["slope"]).astype(z.dtype)
    if kind == "softplus":
        return logistic(z)
    raise ValueError(kind)


def error_and_output_delta(case, kind, opts, z, o, y):
    if case.loss == "log":
        e = (np.logaddexp(0, z) - y * z).sum()
        return e, o - y
    if case.loss == "cross_entropy":
        s = z - z.max(axis=0, keepdims=True)
        logp = s - np.log(np.exp(s).sum(axis=0, keepdims=True))
        return -(y * logp).sum(), o - y
    g = 2 * (o - y)
    if kind == "softmax":
        d = o * (g - (g * o).sum(axis=0, keepdims=True))
    else:
        d = g * squash_slope(kind, opts, z, o)
    return ((o - y) ** 2).sum(), d


@backproof.subject(
    activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "softplus", "softmax"],
    losses=["squared", "log", "cross_entropy"], batch_axis=1)
def net(case):
    dtype = case.x.dtype
    alpha = dtype.type(case.learning_rate)
    W = [np.array(p.weights) for p in case.layers]
    b = [None if p.biases is None else np.array(p.biases).reshape(-1, 1) for p in case.layers]
    kinds = [(p.activation.name, dict(p.activation.parameters)) for p in case.layers]
    story = []
    for rows in case.batches:
        a = [case.x[:, list(rows)]]
        y = case.y[:, list(rows)]
        z = []
        for w, c, (kind, opts) in zip(W, b, kinds):
            z.append(w @ a[-1] if c is None else w @ a[-1] + c)
            a.append(squash(kind, opts, z[-1]))
        loss, d = error_and_output_delta(case, *kinds[-1], z[-1], a[-1], y)
        deltas = [d]
        for l in range(len(W) - 2, -1, -1):
            deltas.insert(0, (W[l + 1].T @ deltas[0]) * squash_slope(*kinds[l], z[l], a[l + 1]))
        gw = [d @ p.T for d, p in zip(deltas, a)]
        gw = [g if p.mask is None else g * p.mask for g, p in zip(gw, case.layers)]
        gb = [None if c is None else d.sum(axis=1, keepdims=True) for d, c in zip(deltas, b)]
        W = [w - alpha * g for w, g in zip(W, gw)]
        b = [None if c is None else c + alpha * g for c, g in zip(b, gb)]
        flat = lambda cs: [None if c is None else c.ravel().copy() for c in cs]
        story.append({"net_inputs": z, "activations": a[1:], "deltas": deltas, "loss": loss,
                      "weight_gradients": gw, "bias_gradients": flat(gb), "weights": W, "biases": flat(b)})
    return story
