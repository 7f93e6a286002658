"""Style: recursion, each level of the call stack is a layer. Fault: sigmoid's derivative a(1-a) is used for every hidden activation."""

import numpy as np

import backproof


def squish(name, z):
    if name == "sigmoid":
        e = np.exp(-np.abs(z))
        return np.where(z >= 0, 1, e) / (1 + e)
    if name == "tanh":
        return np.tanh(z)
    if name == "relu":
        return np.clip(z, 0, None)
    if name == "softmax":
        e = np.exp(z - np.amax(z, 1, keepdims=True))
        return e / np.sum(e, 1, keepdims=True)
    return +z


def derivative(name, z, a):
    if name == "sigmoid":
        return a * (1 - a)
    if name == "tanh":
        return 1 - a * a
    if name == "relu":
        return np.sign(a)
    return np.ones_like(a)


def hidden_derivative(name, z, a):
    return a * (1 - a)


def finish(kind, name, z, o, y):
    """The end of the recursion: the loss and the output delta."""
    if kind == "log":
        return np.sum(np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))), o - y
    if kind == "cross_entropy":
        s = z - np.amax(z, 1, keepdims=True)
        logp = s - np.log(np.sum(np.exp(s), 1, keepdims=True))
        return -np.sum(y * logp), o * np.sum(y, 1, keepdims=True) - y
    g = 2 * (o - y)
    if name == "softmax":
        return np.sum((y - o) ** 2), o * g - o * np.sum(o * g, 1, keepdims=True)
    return np.sum((y - o) ** 2), g * derivative(name, z, o)


def dive(layers, params, a_in, y, kind):
    """Goes down through the remaining layers and comes back with (loss, dE/da_in, trail)."""
    (W, b), *rest = params
    name = layers[0].activation.name
    z = a_in @ W.T if b is None else a_in @ W.T + b
    a = squish(name, z)
    if rest:
        loss, back, trail = dive(layers[1:], rest, a, y, kind)
        delta = back * hidden_derivative(name, z, a)
    else:
        loss, delta = finish(kind, name, z, a, y)
        trail = ()
    gW = delta.T @ a_in
    if layers[0].mask is not None:
        gW = np.where(layers[0].mask, gW, np.zeros_like(gW))
    gb = None if b is None else np.sum(delta, 0)
    return loss, delta @ W, ((z, a, delta, gW, gb),) + trail


def one_update(case, params, rows):
    loss, _, trail = dive(tuple(case.layers), params, case.x[rows], case.y[rows], case.loss)
    z, a, d, gW, gb = (list(part) for part in zip(*trail))
    rate = float(case.learning_rate)
    new = [(W - rate * g, None if b is None else b - rate * h)
           for (W, b), g, h in zip(params, gW, gb)]
    return new, {"net_inputs": z, "activations": a, "loss": loss, "deltas": d,
                 "weight_gradients": gW, "bias_gradients": gb,
                 "weights": [W for W, _ in new], "biases": [b for _, b in new]}


@backproof.subject(
    activations=["sigmoid", "tanh", "relu", "identity", "softmax"], losses=["squared", "log", "cross_entropy"]
)
def net(case):
    params = [(c.weights, c.biases) for c in case.layers]
    pages = []
    for batch in case.batches:
        params, page = one_update(case, params, list(batch))
        pages.append(page)
    return pages
