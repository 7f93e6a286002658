"""Fault: the hidden layers' deltas use the derivative of the output layer's activation instead of their own (harmless only in nets where all activations are alike)."""
from functools import reduce
from itertools import accumulate
import numpy as np
import backproof


def logistic(z):
    e = np.exp(-np.abs(z))
    return np.where(z > 0, 1, e) / (1 + e)


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def function(act):
    p = dict(act.parameters)
    return {"identity": lambda z: z.copy(),
            "sigmoid": logistic,
            "tanh": np.tanh,
            "relu": lambda z: np.maximum(z, 0),
            "leaky_relu": lambda z: np.where(z > 0, z, p["slope"] * z),
            "elu": lambda z: np.where(z > 0, z, p["alpha"] * np.expm1(np.minimum(z, 0))),
            "softplus": lambda z: np.logaddexp(0, z),
            "softmax": softmax}[act.name]


def derivative(act):
    p = dict(act.parameters)
    return {"identity": lambda z: np.ones_like(z),
            "sigmoid": lambda z: logistic(z) * logistic(-z),
            "tanh": lambda z: 1 - np.tanh(z) ** 2,
            "relu": lambda z: (z > 0).astype(z.dtype),
            "leaky_relu": lambda z: np.where(z > 0, 1, p["slope"]).astype(z.dtype),
            "elu": lambda z: np.where(z > 0, 1, p["alpha"] * np.exp(np.minimum(z, 0))).astype(z.dtype),
            "softplus": logistic,
            "softmax": lambda z: softmax(z) * (1 - softmax(z))}[act.name]


def output_delta(case, z, o, y):
    act = case.layers[-1].activation
    if case.loss != "squared":
        return o - y
    g = 2 * (o - y)
    return o * (g - (g * o).sum(axis=1, keepdims=True)) if act.name == "softmax" else g * derivative(act)(z)


def update(case, params, batch):
    idx = list(batch)
    fs = [function(l.activation) for l in case.layers]
    prime = derivative(case.layers[-1].activation)

    def up(state, layer):
        (w, b), f = layer
        z = state[1] @ w.T if b is None else state[1] @ w.T + b
        return z, f(z)

    states = list(accumulate(zip(params, fs), up, initial=(None, case.x[idx])))
    zs, acts = [z for z, _ in states[1:]], [a for _, a in states]
    down = lambda delta, pair: (delta @ pair[0][0]) * prime(pair[1])
    deltas = list(accumulate(zip(params[:0:-1], zs[-2::-1]), down,
                             initial=output_delta(case, zs[-1], acts[-1], case.y[idx])))[::-1]
    gw = [d.T @ a * (1 if l.mask is None else l.mask) for d, a, l in zip(deltas, acts, case.layers)]
    gb = [None if b is None else d.sum(axis=0) for d, (_, b) in zip(deltas, params)]
    rate = case.x.dtype.type(case.learning_rate)
    new = [(w - rate * g, None if b is None else b - rate * h) for (w, b), g, h in zip(params, gw, gb)]
    return new, {"net_inputs": zs, "activations": acts[1:], "deltas": deltas, "weight_gradients": gw,
                 "bias_gradients": gb, "weights": [w for w, _ in new], "biases": [b for _, b in new]}


@backproof.subject(loss_at="none", losses=["squared", "log", "cross_entropy"], activations=[
    "identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"])
def net(case):
    start = [(l.weights.copy(), None if l.biases is None else l.biases.copy()) for l in case.layers]

    def advance(state, batch):
        params, reports = state
        params, report = update(case, params, batch)
        return params, reports + [report]

    return reduce(advance, case.batches, (start, []))[1]
