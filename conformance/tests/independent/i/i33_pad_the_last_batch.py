"""All batches are brought to one length: a shorter one is filled up by repeating its last sample, and the copies are
counted in the loss and in the gradients like samples of their own."""
import numpy as np

import backproof


def rectangular(batches):
    """A (number of updates, batch size) table of sample indices."""
    size = max(map(len, batches))
    return np.stack([np.pad(np.asarray(b, dtype=int), (0, size - len(b)), mode="edge") for b in batches])


def squash(name, z):
    if name == "tanh":
        t = np.tanh(z)
        return t, 1 - t * t
    if name == "sigmoid":
        e = np.exp(-np.fabs(z))
        s = np.where(z < 0, e, 1) / (1 + e)
        return s, e / (1 + e) ** 2
    if name == "relu":
        return np.where(z > 0, z, 0), (z > 0).astype(z.dtype)
    return z, np.ones_like(z)


def error(loss, name, z, y):
    """E, dE/dz of the output layer."""
    if name == "softmax":
        z = z - z.max(axis=1, keepdims=True)
        log_o = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        o = np.exp(log_o)
        if loss == "cross_entropy":
            return -(y * log_o).sum(), o - y
        g = 2 * (o - y)
        return ((o - y) ** 2).sum(), o * (g - (o * g).sum(axis=1, keepdims=True))
    o, slope = squash(name, z)
    if loss == "log":
        return (y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)).sum(), o - y
    return ((o - y) ** 2).sum(), 2 * (o - y) * slope


def gradients(theta, names, x, y, loss):
    a, memory = x, []
    for k, (w, b) in enumerate(theta):
        z = a @ w.T
        if b is not None:
            z = z + b
        if k + 1 < len(theta):
            out, slope = squash(names[k], z)
            memory.append((a, slope))
            a = out.astype(z.dtype)
        else:
            memory.append((a, None))
    e, delta = error(loss, names[-1], z, y)
    grads = []
    for k in reversed(range(len(theta))):
        a, _ = memory[k]
        grads.append((delta.T @ a, delta.sum(axis=0)))
        if k:
            delta = (delta @ theta[k][0]) * memory[k - 1][1]
    return e, grads[::-1]


@backproof.subject(activations=["tanh", "sigmoid", "relu", "identity", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    theta = [(np.array(layer.weights), None if layer.biases is None else np.array(layer.biases)) for layer in case.layers]
    names = [layer.activation.name for layer in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    track = []
    for chosen in rectangular(case.batches):
        e, grads = gradients(theta, names, case.x[chosen], case.y[chosen], case.loss)
        gw = [g if layer.mask is None else g * layer.mask for (g, _), layer in zip(grads, case.layers)]
        gb = [None if b is None else g for (_, g), (_, b) in zip(grads, theta)]
        theta = [(w - rate * dw, None if b is None else b - rate * db) for (w, b), dw, db in zip(theta, gw, gb)]
        track.append({"loss": e, "weight_gradients": gw, "bias_gradients": gb,
                      "weights": [w for w, _ in theta], "biases": [b for _, b in theta]})
    return track
