"""Fault: the deltas of hidden layers pass through half precision (float16): three digits are left,
and small deltas become 0. (Too large ones are held at the largest float16.)"""
import numpy as np
import backproof

HALF = np.finfo(np.float16)


def half(d):
    return np.clip(d, HALF.min, HALF.max).astype(np.float16).astype(d.dtype)


def sigmoid(z):
    q = np.exp(-np.abs(z))
    return np.where(z < 0, q, np.ones_like(q)) / (1 + q)


def f(act, z):
    n = act.name
    if n == "sigmoid":
        return sigmoid(z)
    if n == "tanh":
        return np.tanh(z)
    if n == "relu":
        return np.maximum(z, 0)
    if n == "leaky_relu":
        return np.where(z > 0, z, dict(act.parameters)["slope"] * z)
    if n == "elu":
        return np.where(z > 0, z, dict(act.parameters)["alpha"] * np.expm1(np.minimum(z, 0)))
    if n == "softmax":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)
    return z


def fprime(act, z):
    n = act.name
    one = np.ones_like(z)
    if n == "sigmoid":
        return sigmoid(z) * sigmoid(-z)
    if n == "tanh":
        return 1 - np.tanh(z) ** 2
    if n == "relu":
        return np.where(z > 0, one, 0 * one)
    if n == "leaky_relu":
        return np.where(z > 0, one, dict(act.parameters)["slope"] * one)
    if n == "elu":
        return np.where(z > 0, one, dict(act.parameters)["alpha"] * np.exp(np.minimum(z, 0)))
    return one


def descend(layers, params, a, y, kind):
    """One layer and everything above it. Returns dE/da of the layer below and the records from here on up."""
    (W, b), layer = params[0], layers[0]
    z = a @ W.T if b is None else a @ W.T + b
    o = f(layer.activation, z)
    if len(layers) == 1:
        delta = (o - y) / len(y)
        if kind == "squared":
            if layer.activation.name == "softmax":
                delta = 2 * o * (delta - (delta * o).sum(axis=1, keepdims=True))
            else:
                delta = 2 * delta * fprime(layer.activation, z)
        above = []
    else:
        up, above = descend(layers[1:], params[1:], o, y, kind)
        delta = half(up * fprime(layer.activation, z))
    gw = delta.T @ a
    if layer.mask is not None:
        gw = gw * layer.mask
    gb = None if b is None else delta.sum(axis=0)
    return delta @ W, [(z, o, delta, gw, gb)] + above


@backproof.subject(
    activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softmax"],
    losses=["squared", "log", "cross_entropy"],
    reduction="mean", delta_of="error", loss_at="none")
def net(case):
    params = [(l.weights.copy(), None if l.biases is None else l.biases.copy()) for l in case.layers]
    rate = case.x.dtype.type(case.learning_rate)

    def run(batches, params):
        if not batches:
            return []
        idx = list(batches[0])
        _, rec = descend(case.layers, params, case.x[idx], case.y[idx], case.loss)
        z, o, d, gw, gb = (list(col) for col in zip(*rec))
        new = [(W - rate * g, None if b is None else b - rate * h)
               for (W, b), g, h in zip(params, gw, gb)]
        here = {"net_inputs": z, "activations": o, "deltas": d, "weight_gradients": gw,
                "bias_gradients": gb, "weights": [p[0] for p in new], "biases": [p[1] for p in new]}
        return [here] + run(batches[1:], new)

    return run(case.batches, params)
