"""Two faults. (1) The delta of every hidden layer is halved on its way down. (2) The biases are updated with the
learning rate divided by the number of layers; the weights with the learning rate itself."""
import numpy as np

import backproof


def sigma(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, np.ones_like(z), e) / (1 + e)


def activate(activation, z):
    name, p = activation.name, dict(activation.parameters)
    if name == "sigmoid":
        return sigma(z)
    if name == "tanh":
        return np.tanh(z)
    if name == "relu":
        return np.maximum(z, 0)
    if name == "elu":
        return np.where(z > 0, z, p["alpha"] * np.expm1(np.minimum(z, 0)))
    if name == "softplus":
        return np.logaddexp(0, z)
    if name == "softmax":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)
    return z


def differentiate(activation, z):
    name, p = activation.name, dict(activation.parameters)
    if name == "sigmoid":
        return sigma(z) * sigma(-z)
    if name == "tanh":
        return 1 - np.tanh(z) ** 2
    if name == "relu":
        return np.where(z > 0, np.ones_like(z), 0)
    if name == "elu":
        return np.where(z > 0, np.ones_like(z), p["alpha"] * np.exp(np.minimum(z, 0)))
    if name == "softplus":
        return sigma(z)
    return np.ones_like(z)


def finish(loss, activation, z, o, y):
    if loss == "squared":
        g = 2 * (o - y)
        if activation.name == "softmax":
            return np.sum((o - y) ** 2), o * (g - np.sum(o * g, axis=1, keepdims=True))
        return np.sum((o - y) ** 2), g * differentiate(activation, z)
    if loss == "log":
        return np.sum(y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)), o - y
    top = z.max(axis=1, keepdims=True)
    return np.sum(y * (top + np.log(np.exp(z - top).sum(axis=1, keepdims=True)) - z)), o - y


def visit(layers, a, y, loss):
    """The loss, and what is known of each of these layers, the topmost last: (z, a, delta, gw, gb, w)."""
    (w, b, mask, activation), above = layers[0], layers[1:]
    z = a @ w.T + b if b is not None else a @ w.T
    out = activate(activation, z)
    if above:
        value, known = visit(above, out, y, loss)
        next_delta, next_w = known[0][2], known[0][5]
        delta = 0.5 * differentiate(activation, z) * (next_delta @ next_w)
    else:
        known = []
        value, delta = finish(loss, activation, z, out, y)
    gw = delta.T @ a
    gw = gw if mask is None else gw * mask
    gb = None if b is None else delta.sum(axis=0)
    return value, [(z, out, delta, gw, gb, w)] + known


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "elu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    layers = [(s.weights.copy(), None if s.biases is None else s.biases.copy(), s.mask, s.activation)
              for s in case.layers]
    rate, bias_rate = case.learning_rate, case.learning_rate / len(layers)
    seen = []
    for batch in case.batches:
        value, known = visit(layers, case.x[list(batch)], case.y[list(batch)], case.loss)
        z, a, delta, gw, gb, _ = map(list, zip(*known))
        layers = [(w - rate * dw, None if b is None else b - bias_rate * db, mask, activation)
                  for (w, b, mask, activation), dw, db in zip(layers, gw, gb)]
        seen.append({"net_inputs": z, "activations": a, "deltas": delta, "loss": value, "weight_gradients": gw,
                     "bias_gradients": gb, "weights": [p[0] for p in layers], "biases": [p[1] for p in layers]})
    return seen
