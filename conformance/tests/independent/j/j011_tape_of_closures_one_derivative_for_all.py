"""Fault: the tape multiplies by sigmoid'(z) at every activation, also where the activation is not a sigmoid."""
import math

import numpy as np

import backproof

SQ2 = math.sqrt(2.0)


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z < 0, e, np.ones_like(e)) / (1 + e)


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def d_sigmoid(z):
    return sigmoid(z) * (1 - sigmoid(z))


def activation(spec):
    name, p = spec.name, dict(spec.parameters)
    if name == "sigmoid":
        return sigmoid
    if name == "tanh":
        return np.tanh
    if name == "relu":
        return lambda z: np.maximum(z, 0)
    if name == "leaky_relu":
        return lambda z: np.where(z > 0, z, z.dtype.type(p["slope"]) * z)
    if name == "elu":
        return lambda z: np.where(z > 0, z, z.dtype.type(p["alpha"]) * np.expm1(np.minimum(z, 0)))
    if name == "softplus":
        return lambda z: np.logaddexp(np.zeros_like(z), z)
    if name == "gelu" and p["approximate"] == "tanh":
        return lambda z: z * sigmoid(z.dtype.type(2 * math.sqrt(2 / math.pi)) * (z + z.dtype.type(0.044715) * z**3))
    if name == "gelu":
        phi = np.frompyfunc(lambda t: 0.5 * math.erfc(-t / SQ2), 1, 1)
        return lambda z: z * phi(z.astype(float)).astype(z.dtype)
    return softmax if name == "softmax" else lambda z: z


class Tape(list):
    """Closures that take dE/d(result) and hand back dE/d(argument)."""

    def rewind(self, grad):
        while self:
            grad = self.pop()(grad)
        return grad


def affine(tape, a, W, b, mask, record):
    def back(delta):
        dW = delta.T @ a
        record["deltas"].insert(0, delta)
        record["weight_gradients"].insert(0, dW if mask is None else dW * mask)
        record["bias_gradients"].insert(0, None if b is None else delta.sum(axis=0))
        return delta @ W
    tape.append(back)
    z = a @ W.T if b is None else a @ W.T + b
    record["net_inputs"].append(z)
    return z


def squash(tape, z, f, record):
    tape.append(lambda grad: grad * d_sigmoid(z))
    a = f(z)
    record["activations"].append(a)
    return a


def finish(tape, z, o, y, loss, record):
    """The loss and the gradient that the tape is rewound with; a fused pair drops the last closure."""
    if loss == "squared":
        record["loss"] = ((y - o) ** 2).sum()
        return 2 * (o - y)
    tape.pop()
    if loss == "log":
        record["loss"] = (np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))).sum()
        return o - y
    s = z - z.max(axis=1, keepdims=True)
    record["loss"] = (y * (np.log(np.exp(s).sum(axis=1, keepdims=True)) - s)).sum()
    return o - y


@backproof.subject(losses=["squared", "log", "cross_entropy"], activations=[
    "identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "gelu", "softmax"])
def net(case):
    fs = [activation(l.activation) for l in case.layers]
    Ws = [l.weights.copy() for l in case.layers]
    bs = [None if l.biases is None else l.biases.copy() for l in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    records = []
    for batch in case.batches:
        record = {key: [] for key in ("net_inputs", "activations", "deltas", "weight_gradients", "bias_gradients")}
        tape, a = Tape(), case.x[batch]
        for l, f in enumerate(fs):
            z = affine(tape, a, Ws[l], bs[l], case.layers[l].mask, record)
            a = squash(tape, z, f, record)
        seed = finish(tape, z, a, case.y[batch], case.loss, record)
        if case.loss == "squared" and case.layers[-1].activation.name == "identity":
            tape.pop()  # E23 has no derivative in it either
        tape.rewind(seed)
        Ws = [W - rate * g for W, g in zip(Ws, record["weight_gradients"])]
        bs = [None if b is None else b - rate * g for b, g in zip(bs, record["bias_gradients"])]
        record.update(weights=Ws, biases=bs)
        records.append(record)
    return records if len(records) > 1 else records[0]
