"""Fault: the loss is the full (y - o)^2, but its derivative is taken as (o - y): the 2 is missing, so with the squared loss all deltas and gradients are half of what they should be."""
from typing import NamedTuple
import numpy as np
import backproof


class Parameters(NamedTuple):
    weights: list
    biases: list


class Pass(NamedTuple):
    net_inputs: list
    activations: list
    slopes: list


class Gradients(NamedTuple):
    weight_gradients: list
    bias_gradients: list


def sgm(z):
    return np.exp(-np.logaddexp(0, -z))


def apply(activation, z):
    p = dict(activation.parameters)
    match activation.name:
        case "identity":
            return z * 1, np.ones_like(z)
        case "sigmoid":
            return sgm(z), sgm(z) * sgm(-z)
        case "tanh":
            t = np.tanh(z)
            return t, (1 - t) * (1 + t)
        case "relu":
            return np.where(z > 0, z, 0), np.where(z > 0, np.ones_like(z), 0)
        case "leaky_relu":
            return np.where(z > 0, z, p["slope"] * z), np.where(z > 0, np.ones_like(z), p["slope"])
        case "elu":
            m = np.minimum(z, 0)
            return (np.where(z > 0, z, p["alpha"] * np.expm1(m)),
                    np.where(z > 0, np.ones_like(z), p["alpha"] * np.exp(m)))
        case "softplus":
            return np.logaddexp(0, z), sgm(z)
        case "softmax":
            e = np.exp(z - z.max(axis=1, keepdims=True))
            return e / e.sum(axis=1, keepdims=True), None


def forward(layers, params, x):
    run = Pass([], [x], [])
    for layer, w, b in zip(layers, *params):
        z = run.activations[-1] @ w.T
        z = z if b is None else z + b
        a, s = apply(layer.activation, z)
        run.net_inputs.append(z)
        run.activations.append(a)
        run.slopes.append(s)
    return run


def error(loss, run, y):
    z, o = run.net_inputs[-1], run.activations[-1]
    if loss == "squared":
        return np.square(y - o).sum()
    if loss == "log":
        return (y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)).sum()
    c = z - z.max(axis=1, keepdims=True)
    return (y * (np.log(np.exp(c).sum(axis=1, keepdims=True)) - c)).sum()


def backward(loss, params, run, y):
    o, slope = run.activations[-1], run.slopes[-1]
    d = o - y
    if loss == "squared":
        d = o * (d - (d * o).sum(axis=1, keepdims=True)) if slope is None else d * slope
    deltas = [d]
    for w, s in zip(reversed(params.weights[1:]), reversed(run.slopes[:-1])):
        deltas.append(deltas[-1] @ w * s)
    return deltas[::-1]


def gradients(layers, deltas, run):
    gw = [d.T @ a for d, a in zip(deltas, run.activations)]
    return Gradients([g if l.mask is None else np.where(l.mask, g, np.zeros_like(g)) for g, l in zip(gw, layers)],
                     [None if l.biases is None else d.sum(axis=0) for d, l in zip(deltas, layers)])


def descend(rate, params, grads):
    return Parameters(*[[None if v is None else v - rate * g for v, g in zip(vs, gs)]
                        for vs, gs in zip(params, grads)])


@backproof.subject(losses=["squared", "log", "cross_entropy"], activations=[
    "identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"])
def net(case):
    params = Parameters([l.weights.copy() for l in case.layers],
                        [None if l.biases is None else l.biases.copy() for l in case.layers])
    rate = case.x.dtype.type(case.learning_rate)
    out = []
    for batch in case.batches:
        x, y = case.x[list(batch)], case.y[list(batch)]
        run = forward(case.layers, params, x)
        deltas = backward(case.loss, params, run, y)
        grads = gradients(case.layers, deltas, run)
        params = descend(rate, params, grads)
        out.append({"net_inputs": run.net_inputs, "activations": run.activations[1:], "deltas": deltas,
                    "loss": error(case.loss, run, y), **grads._asdict(), **params._asdict()})
    return out
