"""Fault: what travels down the tape is stored in half precision: the deltas of the hidden layers go through
float16 (three digits are left, very small ones become subnormal or zero)."""
import numpy as np

import backproof


def sigma(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def curve(name, z):
    """value and a closure that turns dE/da into dE/dz"""
    if name == "sigmoid":
        a = sigma(z)
        return a, lambda g: g * a * sigma(-z)
    if name == "tanh":
        a = np.tanh(z)
        return a, lambda g: g * (1 - a * a)
    if name == "relu":
        return np.where(z > 0, z, 0), lambda g: np.where(z > 0, g, 0)
    if name == "softplus":
        return np.logaddexp(0, z), lambda g: g * sigma(z)
    if name == "softmax":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        a = e / e.sum(axis=1, keepdims=True)
        return a, lambda g: a * (g - np.sum(g * a, axis=1, keepdims=True))
    return z.copy(), lambda g: g


def final(loss, z, o, y, to_z):
    if loss == "squared":
        return np.sum((o - y) ** 2), to_z(2 * (o - y))
    if loss == "log":
        return np.sum(np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))), o - y
    m = z.max(axis=1, keepdims=True)
    return np.sum(y * (np.log(np.exp(z - m).sum(axis=1, keepdims=True)) - (z - m))), o - y


def half(message):
    return message.astype(np.float16).astype(message.dtype)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    W = [l.weights.copy() for l in case.layers]
    B = [None if l.biases is None else l.biases.copy() for l in case.layers]
    L = len(W)
    rate = case.x.dtype.type(case.learning_rate)
    log = []
    for batch in case.batches:
        tape, rec = [], {k: [None] * L for k in ("net_inputs", "activations", "deltas", "weight_gradients",
                                                 "bias_gradients")}
        a, to_z = case.x[batch], None
        for i, layer in enumerate(case.layers):
            z = a @ W[i].T if B[i] is None else a @ W[i].T + B[i]

            def pull(delta, i=i, a=a, to_z_below=to_z, mask=layer.mask):
                rec["deltas"][i] = delta
                g = delta.T @ a
                rec["weight_gradients"][i] = g if mask is None else g * mask
                rec["bias_gradients"][i] = None if B[i] is None else delta.sum(axis=0)
                return None if to_z_below is None else half(to_z_below(delta @ W[i]))

            a, to_z = curve(layer.activation.name, z)
            rec["net_inputs"][i], rec["activations"][i] = z, a
            tape.append(pull)
        rec["loss"], message = final(case.loss, z, a, case.y[batch], to_z)
        while tape:
            message = tape.pop()(message)
        for i in range(L):
            W[i] = W[i] - rate * rec["weight_gradients"][i]
            if B[i] is not None:
                B[i] = B[i] - rate * rec["bias_gradients"][i]
        log.append(dict(rec, weights=list(W), biases=list(B)))
    return log
