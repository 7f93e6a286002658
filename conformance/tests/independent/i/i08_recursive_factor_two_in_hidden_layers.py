"""Fault: the factor 2 of the squared loss has also got into the delta rule: each hidden layer's delta is twice what
it should be, so 2, 4, 8, ... times the right value going down. It is there for each loss."""
import numpy as np
import backproof


def sigma(t):
    return np.where(t > 0, 1, np.exp(np.minimum(t, 0))) / (1 + np.exp(-np.abs(t)))


def value(kind, t):
    if kind == "identity":
        return t
    if kind == "sigmoid":
        return sigma(t)
    if kind == "tanh":
        return np.tanh(t)
    if kind == "relu":
        return np.fmax(t, 0)
    if kind == "softplus":
        return np.logaddexp(t, 0)
    e = np.exp(t - np.max(t, axis=1)[:, None])
    return e / np.sum(e, axis=1)[:, None]


def derivative(kind, t):
    if kind == "identity":
        return np.ones_like(t)
    if kind == "sigmoid":
        return sigma(t) * sigma(-t)
    if kind == "tanh":
        return 1 - np.tanh(t) ** 2
    if kind == "relu":
        return np.heaviside(t, 0)
    return sigma(t)


def at_the_top(kind, loss, z, o, y):
    """Loss of the batch and delta of the output layer."""
    if loss == "squared":
        g = 2 * (o - y)
        d = o * (g - np.sum(g * o, axis=1)[:, None]) if kind == "softmax" else g * derivative(kind, z)
        return np.sum((y - o) ** 2), d
    if loss == "log":
        return np.sum(y * np.logaddexp(-z, 0) + (1 - y) * np.logaddexp(z, 0)), o - y
    shift = z - np.max(z, axis=1)[:, None]
    return np.sum(y * (np.log(np.sum(np.exp(shift), axis=1))[:, None] - shift)), o - y


def descend(layers, a, y, loss, rate):
    """Forward through the first of the layers, then through the rest by recursion; backward on the way home.

    Returns the loss, the first layer's own weights before the update together with its delta, and the reports."""
    (w, b, mask, kind), rest = layers[0], layers[1:]
    z = a @ w.T + (0 if b is None else b)
    o = value(kind, z)
    if not rest:
        error, delta = at_the_top(kind, loss, z, o, y)
        reports = []
    else:
        error, (w_next, delta_next), reports = descend(rest, o, y, loss, rate)
        delta = 2 * derivative(kind, z) * (delta_next @ w_next)
    gw = delta.T @ a
    if mask is not None:
        gw = gw * mask
    gb = None if b is None else np.sum(delta, axis=0)
    mine = (z, o, delta, gw, gb, w - rate * gw, None if b is None else b - rate * gb)
    return error, (w, delta), [mine] + reports


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    layers = [(l.weights.copy(), None if l.biases is None else l.biases.copy(), l.mask, l.activation.name)
              for l in case.layers]
    steps = []
    for batch in case.batches:
        batch = list(batch)
        error, _, reports = descend(layers, case.x[batch], case.y[batch], case.loss, case.learning_rate)
        z, o, d, gw, gb, w, b = map(list, zip(*reports))
        layers = [(wi, bi, m, k) for wi, bi, (_, _, m, k) in zip(w, b, layers)]
        steps.append({"net_inputs": z, "activations": o, "deltas": d, "loss": error,
                      "weight_gradients": gw, "bias_gradients": gb, "weights": w, "biases": b})
    return steps[0] if len(steps) == 1 else steps
