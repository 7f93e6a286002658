"""Fault: leaky ReLU divides by its slope below 0 (z / slope, derivative 1 / slope) instead of multiplying by it."""
import numpy as np
import backproof


def leak(z, slope):
    return np.where(z > 0, z, z / slope)


def leak_slope(z, slope):
    return np.where(z > 0, 1, 1 / slope).astype(z.dtype)


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def value(act, z):
    par = dict(act.parameters)
    if act.name == "leaky_relu":
        return leak(z, par["slope"])
    if act.name == "elu":
        return np.where(z > 0, z, par["alpha"] * np.expm1(np.minimum(z, 0)))
    if act.name == "relu":
        return np.maximum(z, 0)
    if act.name == "tanh":
        return np.tanh(z)
    if act.name == "sigmoid":
        return sigmoid(z)
    return z.copy()


def slope(act, z):
    par = dict(act.parameters)
    if act.name == "leaky_relu":
        return leak_slope(z, par["slope"])
    if act.name == "elu":
        return np.where(z > 0, 1, par["alpha"] * np.exp(np.minimum(z, 0))).astype(z.dtype)
    if act.name == "relu":
        return (z > 0).astype(z.dtype)
    if act.name == "tanh":
        return 1 - np.tanh(z) ** 2
    if act.name == "sigmoid":
        return sigmoid(z) * sigmoid(-z)
    return np.ones_like(z)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu"], losses=["squared", "log"])
def net(case):
    """Only parameters are shown; samples are worked through one after the other."""
    W = [l.weights.copy() for l in case.layers]
    B = [np.zeros(len(l.weights), case.x.dtype) if l.biases is None else l.biases.copy() for l in case.layers]
    acts = [l.activation for l in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    shown = []
    for batch in case.batches:
        dW, dB = [np.zeros_like(w) for w in W], [np.zeros_like(b) for b in B]
        for i in batch:
            a, zs = [case.x[i]], []
            for w, b, act in zip(W, B, acts):
                zs.append(w @ a[-1] + b)
                a.append(value(act, zs[-1]))
            delta = a[-1] - case.y[i]
            if case.loss == "squared":
                delta = 2 * delta * slope(acts[-1], zs[-1])
            for l in reversed(range(len(W))):
                dW[l] += np.outer(delta, a[l])
                dB[l] += delta
                if l:
                    delta = slope(acts[l - 1], zs[l - 1]) * (W[l].T @ delta)
        for l, layer in enumerate(case.layers):
            if layer.mask is not None:
                dW[l] *= layer.mask
            W[l] = W[l] - rate * dW[l]
            if layer.biases is not None:
                B[l] = B[l] - rate * dB[l]
        shown.append({"weights": list(W),
                      "biases": [None if l.biases is None else b for l, b in zip(case.layers, B)]})
    return shown
