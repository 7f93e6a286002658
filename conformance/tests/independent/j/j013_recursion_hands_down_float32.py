"""Fault: what the recursion hands back to a hidden layer is cast to float32 on the way; hidden deltas keep 7 digits."""
import math

import numpy as np

import backproof


def f(spec, z):
    p = dict(spec.parameters)
    match spec.name:
        case "identity":
            return z, np.ones_like(z)
        case "sigmoid":
            a = sig(z)
            return a, a * sig(-z)
        case "tanh":
            a = np.tanh(z)
            return a, 1 - a * a
        case "relu":
            return np.fmax(z, 0), (z > 0).astype(z.dtype)
        case "leaky_relu":
            k = np.where(z > 0, z.dtype.type(1), z.dtype.type(p["slope"]))
            return k * z, k
        case "elu":
            m, al = np.fmin(z, 0), z.dtype.type(p["alpha"])
            return np.where(z > 0, z, al * np.expm1(m)), np.where(z > 0, z.dtype.type(1), al * np.exp(m))
        case "softplus":
            return np.fmax(z, 0) + np.log1p(np.exp(-abs(z))), sig(z)
        case "gelu":
            wide = z.astype(np.float64)
            if p["approximate"] == "tanh":
                c = math.sqrt(2 / math.pi)
                s = sig(2 * c * (wide + 0.044715 * wide**3))
                d = s + 2 * c * wide * s * (1 - s) * (1 + 0.134145 * wide**2)
            else:
                s = np.array([0.5 * math.erfc(-t / math.sqrt(2)) for t in wide.flat]).reshape(z.shape)
                d = s + wide * np.exp(-wide * wide / 2) / math.sqrt(2 * math.pi)
            return (wide * s).astype(z.dtype), d.astype(z.dtype)
        case "softmax":
            e = np.exp(z - z.max(axis=1, keepdims=True))
            return e / e.sum(axis=1, keepdims=True), None


def sig(z):
    e = np.exp(-abs(z))
    return np.where(z < 0, e / (1 + e), 1 / (1 + e))


def judge(loss, z, o, slope, y):
    """Loss and output delta."""
    if loss == "squared":
        g = 2 * (o - y)
        d = o * (g - (g * o).sum(axis=1, keepdims=True)) if slope is None else slope * g
        return ((o - y) ** 2).sum(), d
    if loss == "log":
        return (np.fmax(z, 0) - y * z + np.log1p(np.exp(-abs(z)))).sum(), o - y
    s = z - z.max(axis=1, keepdims=True)
    return (y * (np.log(np.exp(s).sum(axis=1, keepdims=True)) - s)).sum(), o - y


def visit(layers, params, a, y, loss, rate):
    """Go down to the output and come back. Returns the loss, dE/da and one record a layer, first layer first."""
    (spec, *rest), ((W, b), *others) = layers, params
    z = a @ W.T if b is None else a @ W.T + b
    o, slope = f(spec.activation, z)
    if rest:
        total, pull, below = visit(rest, others, o, y, loss, rate)
        delta = slope * pull
        delta = delta.astype(np.float32).astype(z.dtype)
    else:
        below = []
        total, delta = judge(loss, z, o, slope, y)
    dW = delta.T @ a if spec.mask is None else np.where(spec.mask, delta.T @ a, z.dtype.type(0))
    db = None if b is None else delta.sum(axis=0)
    new = (W - rate * dW, None if b is None else b - rate * db)
    return total, delta @ W, [(z, o, delta, dW, db, *new)] + below


NAMES = ("net_inputs", "activations", "deltas", "weight_gradients", "bias_gradients", "weights", "biases")


@backproof.subject(losses=["squared", "log", "cross_entropy"], activations=[
    "identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "gelu", "softmax"])
def net(case):
    def train(params, batches):
        if not batches:
            return []
        rows = batches[0]
        total, _, records = visit(case.layers, params, case.x[rows], case.y[rows], case.loss,
                                  case.x.dtype.type(case.learning_rate))
        seen = dict(zip(NAMES, map(list, zip(*records))), loss=total)
        return [seen] + train(list(zip(seen["weights"], seen["biases"])), batches[1:])

    steps = train([(l.weights.copy(), None if l.biases is None else l.biases.copy()) for l in case.layers],
                  list(case.batches))
    return steps[0] if len(steps) == 1 else steps
