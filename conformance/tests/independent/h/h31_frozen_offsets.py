"""Fault: only the weights' part of the flat parameter vector takes a step; biases keep their initial values (their
gradients are right)."""
import numpy as np
import backproof


def layout(layers):
    spots, at = [], 0
    for l in layers:
        shape = l.weights.shape
        size = shape[0] * shape[1]
        ws = slice(at, at + size)
        at += size
        bs = None
        if l.biases is not None:
            bs = slice(at, at + shape[0])
            at += shape[0]
        spots.append((shape, ws, bs))
    return spots, at


def act(kind, z):
    if kind == "sigmoid":
        a = np.exp(-np.logaddexp(0, -z))
        return a, a * np.exp(-np.logaddexp(0, z))
    if kind == "tanh":
        a = np.tanh(z)
        return a, 1 - a * a
    if kind == "relu":
        return np.maximum(z, 0), np.heaviside(z, 0).astype(z.dtype)
    if kind == "softplus":
        return np.logaddexp(0, z), np.exp(-np.logaddexp(0, -z))
    if kind == "softmax":
        e = np.exp(z - z.max(1, keepdims=True))
        return e / e.sum(1, keepdims=True), None
    return z, np.ones_like(z)


def value_and_gradient(theta, spots, kinds, loss, x, y, masks):
    a, tape = x, []
    for (shape, ws, bs), kind in zip(spots, kinds):
        z = a @ theta[ws].reshape(shape).T
        if bs is not None:
            z = z + theta[bs]
        out, slope = act(kind, z)
        tape.append((a, z, out, slope))
        a = out
    if loss == "squared":
        e, g = np.sum((y - a) ** 2), 2 * (a - y)
        d = g * slope if slope is not None else a * (g - (a * g).sum(1, keepdims=True))
    elif loss == "log":
        e, d = np.sum(np.logaddexp(0, z) - y * z), a - y
    else:
        s = z - z.max(1, keepdims=True)
        e, d = np.sum(y * (np.log(np.exp(s).sum(1, keepdims=True)) - s)), a - y
    grad, ds = np.zeros_like(theta), [d]
    for l in range(len(spots) - 1, -1, -1):
        shape, ws, bs = spots[l]
        g = ds[0].T @ tape[l][0]
        grad[ws] = (g if masks[l] is None else g * masks[l]).ravel()
        if bs is not None:
            grad[bs] = ds[0].sum(0)
        if l:
            ds.insert(0, (ds[0] @ theta[ws].reshape(shape)) * tape[l - 1][3])
    return e, grad, tape, ds


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    spots, size = layout(case.layers)
    theta = np.zeros(size, case.x.dtype)
    for l, (shape, ws, bs) in zip(case.layers, spots):
        theta[ws] = l.weights.reshape(-1)
        if bs is not None:
            theta[bs] = l.biases
    kinds, masks = [l.activation.name for l in case.layers], [l.mask for l in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    split_w = lambda v: [v[ws].reshape(shape).copy() for shape, ws, _ in spots]
    split_b = lambda v: [None if bs is None else v[bs].copy() for _, _, bs in spots]
    updates = []
    for batch in case.batches:
        e, grad, tape, ds = value_and_gradient(theta, spots, kinds, case.loss, case.x[batch], case.y[batch], masks)
        for _, ws, _ in spots:
            theta[ws] -= rate * grad[ws]
        updates.append({"loss": e, "net_inputs": [t[1] for t in tape], "activations": [t[2] for t in tape],
                        "deltas": ds, "weight_gradients": split_w(grad), "bias_gradients": split_b(grad),
                        "weights": split_w(theta), "biases": split_b(theta)})
    return updates
