"""Fault: going down one layer multiplies the delta by 2 each time (2 f'(z) W^T delta), so it is 2^depth too big."""
import numpy as np
import backproof


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def f(name, z, p):
    if name == "identity":
        return z.copy()
    if name == "sigmoid":
        return sigmoid(z)
    if name == "tanh":
        return np.tanh(z)
    if name == "relu":
        return np.maximum(z, 0)
    if name == "leaky_relu":
        return np.where(z > 0, z, p["slope"] * z)
    if name == "elu":
        return np.where(z > 0, z, p["alpha"] * np.expm1(np.minimum(z, 0)))
    if name == "softplus":
        return np.logaddexp(0, z)
    return softmax(z)


def df(name, z, p):
    if name == "identity":
        return np.ones_like(z)
    if name == "sigmoid":
        return sigmoid(z) * sigmoid(-z)
    if name == "tanh":
        t = np.tanh(z)
        return (1 - t) * (1 + t)
    if name == "relu":
        return (z > 0).astype(z.dtype)
    if name == "leaky_relu":
        return np.where(z > 0, 1, p["slope"]).astype(z.dtype)
    if name == "elu":
        return np.where(z > 0, 1, p["alpha"] * np.exp(np.minimum(z, 0))).astype(z.dtype)
    return sigmoid(z)


def loss_of(kind, z, o, y):
    if kind == "squared":
        return ((y - o) ** 2).sum()
    if kind == "log":
        return (y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)).sum()
    s = z - z.max(axis=1, keepdims=True)
    return (y * (np.log(np.exp(s).sum(axis=1, keepdims=True)) - s)).sum()


def output_delta(kind, name, z, o, y, p):
    if kind != "squared":
        return o - y
    if name == "softmax":
        g = 2 * (o - y)
        return o * (g - (g * o).sum(axis=1, keepdims=True))
    return 2 * (o - y) * df(name, z, p)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    W = [layer.weights.copy() for layer in case.layers]
    B = [None if layer.biases is None else layer.biases.copy() for layer in case.layers]
    names = [(layer.activation.name, dict(layer.activation.parameters)) for layer in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    result = []
    for batch in case.batches:
        x, y = case.x[list(batch)], case.y[list(batch)]
        zs, acts = [], [x]
        for w, b, (name, p) in zip(W, B, names):
            z = acts[-1] @ w.T
            if b is not None:
                z = z + b
            zs.append(z)
            acts.append(f(name, z, p))
        loss = loss_of(case.loss, zs[-1], acts[-1], y)
        deltas = [output_delta(case.loss, names[-1][0], zs[-1], acts[-1], y, names[-1][1])]
        for l in range(len(W) - 2, -1, -1):
            name, p = names[l]
            deltas.insert(0, 2 * (deltas[0] @ W[l + 1]) * df(name, zs[l], p))
        gw = [d.T @ a for d, a in zip(deltas, acts)]
        gw = [g if layer.mask is None else g * layer.mask for g, layer in zip(gw, case.layers)]
        gb = [None if b is None else d.sum(axis=0) for d, b in zip(deltas, B)]
        W = [w - rate * g for w, g in zip(W, gw)]
        B = [None if b is None else b - rate * g for b, g in zip(B, gb)]
        result.append(dict(net_inputs=zs, activations=acts[1:], deltas=deltas, loss=loss, weight_gradients=gw,
                           bias_gradients=gb, weights=W, biases=B))
    return result
