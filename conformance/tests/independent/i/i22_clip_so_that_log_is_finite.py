"""The outputs are clipped to [1e-7, 1 - 1e-7] before the logarithm is taken, so the reported log loss and cross-entropy
of a saturated output cannot exceed about 16 per output. The gradients do not go through the loss and are right."""
from dataclasses import dataclass, field
from math import erfc, pi, sqrt

import numpy as np

import backproof

EPSILON = 1e-7


@dataclass
class Parameters:
    weights: list
    biases: list
    masks: list
    kinds: list

    @classmethod
    def of(cls, layers):
        return cls([np.array(l.weights) for l in layers],
                   [None if l.biases is None else np.array(l.biases) for l in layers],
                   [l.mask for l in layers],
                   [(l.activation.name, dict(l.activation.parameters)) for l in layers])

    def snapshot(self):
        return [w.copy() for w in self.weights], [None if b is None else b.copy() for b in self.biases]


@dataclass
class Pass:
    inputs: np.ndarray
    z: list = field(default_factory=list)
    a: list = field(default_factory=list)
    slopes: list = field(default_factory=list)


def activate(kind, z):
    """The value and the derivative (None for softmax, which is not element-wise)."""
    name, p = kind
    if name == "sigmoid":
        a = np.exp(-np.logaddexp(0, -z))
        return a, a * np.exp(-np.logaddexp(0, z))
    if name == "tanh":
        a = np.tanh(z)
        return a, (1 - a) * (1 + a)
    if name == "relu":
        return np.maximum(z, 0), np.heaviside(z, 0)
    if name == "leaky_relu":
        k = np.where(z > 0, z.dtype.type(1), z.dtype.type(p["slope"]))
        return k * z, k
    if name == "elu":
        low = np.minimum(z, 0)
        return np.where(z > 0, z, p["alpha"] * np.expm1(low)), np.where(z > 0, 1, p["alpha"] * np.exp(low))
    if name == "softplus":
        return np.logaddexp(0, z), np.exp(-np.logaddexp(0, -z))
    if name == "gelu" and p.get("approximate") == "tanh":
        t = np.tanh(sqrt(2 / pi) * (z + 0.044715 * z ** 3))
        return z * (1 + t) / 2, (1 + t) / 2 + z * (1 - t * t) / 2 * sqrt(2 / pi) * (1 + 3 * 0.044715 * z * z)
    if name == "gelu":
        phi = np.array([erfc(-v / sqrt(2)) / 2 for v in z.ravel().tolist()], dtype=z.dtype).reshape(z.shape)
        return z * phi, phi + z * np.exp(-z * z / 2) / sqrt(2 * pi)
    if name == "softmax":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True), None
    return z, np.ones_like(z)


def forward(p, x):
    run, a = Pass(x), x
    for w, b, kind in zip(p.weights, p.biases, p.kinds):
        z = np.einsum("oi,ni->no", w, a)
        z = z if b is None else z + b
        a, slope = activate(kind, z)
        run.z.append(z), run.a.append(a.astype(x.dtype)), run.slopes.append(slope)
        a = run.a[-1]
    return run


def report(loss, o, y):
    if loss == "squared":
        return np.square(o - y).sum()
    o = np.clip(o, EPSILON, 1 - EPSILON)
    if loss == "log":
        return -(y * np.log(o) + (1 - y) * np.log(1 - o)).sum()
    return -(y * np.log(o)).sum()


def backward(p, run, loss, y):
    o = run.a[-1]
    if loss != "squared":
        d = o - y
    elif run.slopes[-1] is None:
        g = 2 * (o - y)
        d = o * (g - np.einsum("nk,nk->n", g, o)[:, None])
    else:
        d = 2 * (o - y) * run.slopes[-1]
    deltas = [d.astype(y.dtype)]
    for w, slope in zip(p.weights[:0:-1], run.slopes[-2::-1]):
        deltas.append((slope * np.einsum("no,oi->ni", deltas[-1], w)).astype(y.dtype))
    return deltas[::-1]


@backproof.subject(losses=["squared", "log", "cross_entropy"])
def net(case):
    p, history = Parameters.of(case.layers), []
    for batch in case.batches:
        x, y = case.x[list(batch)], case.y[list(batch)]
        run = forward(p, x)
        deltas = backward(p, run, case.loss, y)
        gw = [np.einsum("no,ni->oi", d, a) for d, a in zip(deltas, [x] + run.a)]
        gw = [g if m is None else g * m for g, m in zip(gw, p.masks)]
        gb = [None if b is None else np.einsum("no->o", d) for d, b in zip(deltas, p.biases)]
        for w, g in zip(p.weights, gw):
            w -= case.learning_rate * g
        for b, g in zip(p.biases, gb):
            if b is not None:
                b -= case.learning_rate * g
        weights, biases = p.snapshot()
        history.append({"net_inputs": run.z, "activations": run.a, "deltas": deltas, "loss": report(case.loss, run.a[-1], y),
                        "weight_gradients": gw, "bias_gradients": gb, "weights": weights, "biases": biases})
    return history
