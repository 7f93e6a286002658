"""Fault: the derivative of every activation function is taken to be a (1 - a), which is right for the sigmoid only."""
import numpy as np

import backproof


def sigmoid(z):
    e = np.exp(np.minimum(z, -z))
    return np.where(z > 0, 1 / (1 + e), e / (1 + e))


def activate(activation, z):
    name, p = activation.name, dict(activation.parameters)
    match name:
        case "identity":
            return z
        case "sigmoid":
            return sigmoid(z)
        case "tanh":
            return np.tanh(z)
        case "relu":
            return np.clip(z, 0, None)
        case "leaky_relu":
            return np.where(z < 0, z.dtype.type(p["slope"]) * z, z)
        case "elu":
            return np.where(z < 0, z.dtype.type(p["alpha"]) * np.expm1(np.minimum(z, 0)), z)
        case "softplus":
            return np.logaddexp(z.dtype.type(0), z)
        case "softmax":
            e = np.exp(z - np.max(z, axis=1, keepdims=True))
            return e / np.sum(e, axis=1, keepdims=True)
    raise ValueError(name)


def dfdz(a):
    return a * (1 - a)


def output(loss, activation, z, o, y):
    """The loss and the delta of the last layer."""
    if loss == "log":
        zero = z.dtype.type(0)
        return np.sum(y * np.logaddexp(zero, -z) + (1 - y) * np.logaddexp(zero, z)), o - y
    if loss == "cross_entropy":
        s = z - np.max(z, axis=1, keepdims=True)
        return np.sum(y * (np.log(np.sum(np.exp(s), axis=1, keepdims=True)) - s)), o - y
    e = 2 * (o - y)
    if activation.name == "identity":
        return np.sum((o - y) ** 2), e
    if activation.name == "softmax":
        return np.sum((o - y) ** 2), o * (e - np.sum(o * e, axis=1, keepdims=True))
    return np.sum((o - y) ** 2), e * dfdz(o)


def learn(case, layers, parameters, a_in, y, rate):
    """Go up through the layers, and come back with (error for the layer below, what was seen, new parameters)."""
    (w, b), *rest = parameters
    z = a_in @ w.T
    if b is not None:
        z = z + b
    a = activate(layers[0].activation, z)
    if rest:
        pulled, seen, new = learn(case, layers[1:], rest, a, y, rate)
        delta = dfdz(a) * pulled
    else:
        loss, delta = output(case.loss, layers[0].activation, z, a, y)
        seen = {k: [] for k in ("net_inputs", "activations", "deltas", "weight_gradients", "bias_gradients",
                                "weights", "biases")}
        seen["loss"], new = loss, []
    gw = np.matmul(delta.T, a_in)
    if layers[0].mask is not None:
        gw = gw * layers[0].mask
    gb = None if b is None else np.sum(delta, axis=0)
    w2, b2 = w - rate * gw, None if b is None else b - rate * gb
    for key, value in (("net_inputs", z), ("activations", a), ("deltas", delta), ("weight_gradients", gw),
                       ("bias_gradients", gb), ("weights", w2), ("biases", b2)):
        seen[key].insert(0, value)
    return delta @ w, seen, [(w2, b2)] + new


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    parameters = [(l.weights.copy(), None if l.biases is None else l.biases.copy()) for l in case.layers]
    rate, story = case.x.dtype.type(case.learning_rate), []
    for batch in case.batches:
        rows = list(batch)
        _, seen, parameters = learn(case, list(case.layers), parameters, case.x[rows], case.y[rows], rate)
        story.append(seen)
    return story
