"""Fault: the loss that is reported is the mean over the outputs, whereas the deltas are those of the
sum over the outputs (all is well with one output)."""
import numpy as np
import backproof


def logistic(z):
    return np.exp(-np.logaddexp(z.dtype.type(0), -z))


def f(name, z):
    if name == "sigmoid":
        return logistic(z)
    if name == "tanh":
        return np.tanh(z)
    if name == "relu":
        return np.maximum(z, 0)
    if name == "softplus":
        return np.logaddexp(z.dtype.type(0), z)
    if name == "softmax":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)
    return z


def df(name, z, a):
    if name == "sigmoid":
        return a * logistic(-z)
    if name == "tanh":
        return (1 + a) * (1 - a)
    if name == "relu":
        return 1.0 * (z > 0).astype(z.dtype)
    if name == "softplus":
        return logistic(z)
    return np.ones_like(z)


def elementwise_loss(kind, z, o, y):
    if kind == "squared":
        return 0.5 * (y - o) ** 2
    if kind == "log":
        nil = z.dtype.type(0)
        return y * np.logaddexp(nil, -z) + (1 - y) * np.logaddexp(nil, z)
    s = z - z.max(axis=1, keepdims=True)
    return y * (np.log(np.exp(s).sum(axis=1, keepdims=True)) - s)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"],
                   reduction="mean", delta_of="sample", loss_factor=0.5)
def net(case):
    rate = case.x.dtype.type(case.learning_rate)
    names = [layer.activation.name for layer in case.layers]
    masks = [layer.mask for layer in case.layers]
    ws = [layer.weights.copy() for layer in case.layers]
    bs = [layer.biases if layer.biases is None else layer.biases.copy() for layer in case.layers]
    log = []
    for batch in case.batches:
        x, y = case.x[list(batch)], case.y[list(batch)]
        n = len(batch)
        zs, as_ = [], [x]
        for w, b, name in zip(ws, bs, names):
            z = as_[-1] @ w.T
            z = z if b is None else z + b
            zs.append(z)
            as_.append(f(name, z))
        loss = elementwise_loss(case.loss, zs[-1], as_[-1], y).mean(axis=1).mean()
        err = as_[-1] - y
        if case.loss == "squared" and names[-1] == "softmax":
            err = as_[-1] * (err - (err * as_[-1]).sum(axis=1, keepdims=True))
        elif case.loss == "squared":
            err = err * df(names[-1], zs[-1], as_[-1])
        ds = [err]
        for w, z, a, name in zip(ws[:0:-1], zs[-2::-1], as_[-2::-1], names[-2::-1]):
            ds.append((ds[-1] @ w) * df(name, z, a))
        ds.reverse()
        gws = [d.T @ a / n for d, a in zip(ds, as_)]
        gws = [g if m is None else g * m for g, m in zip(gws, masks)]
        gbs = [None if b is None else d.mean(axis=0) for d, b in zip(ds, bs)]
        ws = [w - rate * g for w, g in zip(ws, gws)]
        bs = [None if b is None else b - rate * g for b, g in zip(bs, gbs)]
        log.append({"net_inputs": zs, "activations": as_[1:], "deltas": ds, "loss": loss,
                    "weight_gradients": gws, "bias_gradients": gbs, "weights": ws, "biases": bs})
    return log
