"""Fault: the test for a fused pair is the wrong way round. Sigmoid with log loss gets (o - y) * f'(z), and squared
loss on a sigmoid, tanh, softplus or ReLU gets 2 (o - y) without the f'(z) that it needs."""
from collections import namedtuple
from math import erfc, pi, sqrt

import numpy as np

import backproof

Activation = namedtuple("Activation", "f slope")
State = namedtuple("State", "W b")
Pass = namedtuple("Pass", "inp z a slope")


def sigma(z):
    return np.where(z > 0, 1 / (1 + np.exp(-np.maximum(z, 0))), np.exp(np.minimum(z, 0)) / (1 + np.exp(np.minimum(z, 0))))


def cdf(z):
    return np.reshape([erfc(-float(t) / sqrt(2)) / 2 for t in z.ravel()], z.shape).astype(z.dtype)


def pick(spec):
    p = {k: v for k, v in dict(spec.parameters).items()}
    if spec.name == "gelu" and p["approximate"] == "tanh":
        c, k = sqrt(2 / pi), 0.044715
        gate = lambda z: sigma(2 * c * (z + k * z * z * z))
        return Activation(lambda z: z * gate(z),
                          lambda z: gate(z) * (1 + z * (1 - gate(z)) * 2 * c * (1 + 3 * k * z * z)))
    return {
        "identity": Activation(lambda z: z, lambda z: np.ones_like(z)),
        "sigmoid": Activation(sigma, lambda z: sigma(z) * sigma(-z)),
        "tanh": Activation(np.tanh, lambda z: 1 - np.tanh(z) ** 2),
        "relu": Activation(lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(z.dtype)),
        "leaky_relu": Activation(lambda z: np.where(z > 0, z, p["slope"] * z),
                                 lambda z: np.where(z > 0, np.ones_like(z), p.get("slope") * np.ones_like(z))),
        "elu": Activation(lambda z: np.where(z > 0, z, p["alpha"] * np.expm1(np.minimum(z, 0))),
                          lambda z: np.where(z > 0, np.ones_like(z), p["alpha"] * np.exp(np.minimum(z, 0)))),
        "softplus": Activation(lambda z: np.logaddexp(0 * z, z), sigma),
        "gelu": Activation(lambda z: z * cdf(z), lambda z: cdf(z) + z * np.exp(-z * z / 2) / sqrt(2 * pi)),
    }[spec.name]


def is_fused(name, loss):
    return (name, loss) == ("sigmoid", "log")


def output_delta(name, loss, last, y):
    residual = last.a - y if loss == "log" else 2 * (last.a - y)
    if is_fused(name, loss):
        return residual * last.slope
    return residual


def loss_value(loss, last, y):
    if loss == "squared":
        return np.sum((y - last.a) ** 2)
    return np.sum(np.logaddexp(0 * last.z, last.z) - y * last.z)


@backproof.subject(losses=["squared", "log"],
                   activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "gelu"])
def net(case):
    functions = [pick(layer.activation) for layer in case.layers]
    states = [State(layer.weights.copy(), None if layer.biases is None else layer.biases.copy())
              for layer in case.layers]
    alpha = case.x.dtype.type(case.learning_rate)
    answers = []
    for batch in case.batches:
        signal, y, passes = case.x[batch], case.y[batch], []
        for fn, state in zip(functions, states):
            z = signal @ state.W.T + (0 if state.b is None else state.b)
            passes.append(Pass(signal, z, fn.f(z), fn.slope(z)))
            signal = passes[-1].a
        deltas = [output_delta(case.layers[-1].activation.name, case.loss, passes[-1], y)]
        for state, lower in zip(states[:0:-1], passes[-2::-1]):
            deltas = [lower.slope * (deltas[0] @ state.W)] + deltas
        dW = [d.T @ p.inp * (1 if l.mask is None else l.mask) for d, p, l in zip(deltas, passes, case.layers)]
        db = [None if s.b is None else np.sum(d, axis=0) for d, s in zip(deltas, states)]
        states = [State(s.W - alpha * g, None if s.b is None else s.b - alpha * h) for s, g, h in zip(states, dW, db)]
        answers.append({"net_inputs": [p.z for p in passes], "activations": [p.a for p in passes], "deltas": deltas,
                        "loss": loss_value(case.loss, passes[-1], y), "weight_gradients": dW, "bias_gradients": db,
                        "weights": [s.W for s in states], "biases": [s.b for s in states]})
    return answers[0] if len(answers) == 1 else answers
