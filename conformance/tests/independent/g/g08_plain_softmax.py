"""Fault: softmax exponentiates the net inputs as they are, without subtracting the largest (it overflows to NaN)."""
import numpy as np
import backproof


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def softmax(z):
    e = np.exp(z)
    return e / e.sum(axis=1, keepdims=True)


TABLE = {
    "identity": (lambda z: z * 1, lambda z: np.ones_like(z)),
    "sigmoid": (sigmoid, lambda z: sigmoid(z) * sigmoid(-z)),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "relu": (lambda z: np.maximum(z, 0), lambda z: np.sign(np.maximum(z, 0))),
    "softplus": (lambda z: np.logaddexp(z, 0), sigmoid),
}


def measure(case, z, o, y):
    """(loss, delta of the output layer)"""
    if case.loss == "squared":
        g = 2 * (o - y)
        if case.layers[-1].activation.name == "softmax":
            delta = o * (g - np.sum(g * o, axis=1, keepdims=True))
        else:
            delta = g * TABLE[case.layers[-1].activation.name][1](z)
        return np.sum((y - o) ** 2), delta
    if case.loss == "log":
        return np.sum(y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)), o - y
    top = z.max(axis=1, keepdims=True)
    logs = z - top - np.log(np.sum(np.exp(z - top), axis=1, keepdims=True))
    return -np.sum(y * logs), o - y


def descend(case, params, a, y, i=0):
    """Go through layer i and everything above it; what comes back is
    (dE/d its input, loss, list of per-layer facts from layer i on)."""
    layer = case.layers[i]
    w, b = params[i]
    z = a @ w.T
    if b is not None:
        z = z + b
    name = layer.activation.name
    o = softmax(z) if name == "softmax" else TABLE[name][0](z)
    if i + 1 == len(params):
        loss, delta = measure(case, z, o, y)
        above = []
    else:
        back, loss, above = descend(case, params, o, y, i + 1)
        delta = back * TABLE[name][1](z)
    gw = delta.T @ a
    if layer.mask is not None:
        gw = gw * layer.mask
    gb = None if b is None else delta.sum(axis=0)
    return delta @ w, loss, [(z, o, delta, gw, gb)] + above


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=[])
def net(case):
    params = [(l.weights.copy(), None if l.biases is None else l.biases.copy()) for l in case.layers]
    T = case.x.dtype.type
    answer = []
    for batch in case.batches:
        _, loss, facts = descend(case, params, case.x[batch], case.y[batch])
        z, o, delta, gw, gb = (list(t) for t in zip(*facts))
        params = [(w - T(case.learning_rate) * p, None if b is None else b - T(case.learning_rate) * q)
                  for (w, b), p, q in zip(params, gw, gb)]
        answer.append({"net_inputs": z, "activations": o, "deltas": delta, "loss": T(loss), "weight_gradients": gw,
                       "bias_gradients": gb, "weights": [w for w, _ in params], "biases": [b for _, b in params]})
    return answer
