"""Fault: for the fused pairs (sigmoid with log loss, softmax with cross-entropy) o - y is multiplied by o(1 - o) once more, though that derivative is already in it."""
from dataclasses import dataclass, field
import numpy as np
import backproof


def sgm(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


@dataclass
class Layer:
    kind: str
    options: dict
    W: np.ndarray  # (n_in, n_out)
    b: np.ndarray | None
    mask: np.ndarray | None
    a_in: np.ndarray = field(default=None, repr=False)
    z: np.ndarray = field(default=None, repr=False)
    a: np.ndarray = field(default=None, repr=False)
    delta: np.ndarray = field(default=None, repr=False)
    dW: np.ndarray = field(default=None, repr=False)
    db: np.ndarray = field(default=None, repr=False)

    def run(self, a):
        self.a_in = a
        self.z = a @ self.W if self.b is None else a @ self.W + self.b
        z = self.z
        if self.kind == "softmax":
            e = np.exp(z - z.max(axis=1, keepdims=True))
            self.a = e / e.sum(axis=1, keepdims=True)
        elif self.kind == "elu":
            self.a = np.where(z > 0, z, self.options["alpha"] * np.expm1(np.minimum(z, 0)))
        elif self.kind == "leaky_relu":
            self.a = np.where(z > 0, z, self.options["slope"] * z)
        else:
            self.a = {"identity": np.copy, "tanh": np.tanh, "sigmoid": sgm,
                      "relu": lambda v: np.maximum(v, 0), "softplus": lambda v: np.logaddexp(0, v)}[self.kind](z)
        return self.a

    def prime(self):
        z, a = self.z, self.a
        if self.kind == "elu":
            return np.where(z > 0, 1, self.options["alpha"] * np.exp(np.minimum(z, 0))).astype(z.dtype)
        if self.kind == "leaky_relu":
            return np.where(z > 0, 1, self.options["slope"]).astype(z.dtype)
        return {"identity": np.ones_like, "tanh": lambda _: 1 - a * a, "relu": lambda v: (v > 0).astype(v.dtype),
                "softmax": lambda _: a * (1 - a), "sigmoid": lambda v: a * sgm(-v), "softplus": sgm}[self.kind](z)

    def collect(self):
        self.dW = self.a_in.T @ self.delta
        if self.mask is not None:
            self.dW *= self.mask
        self.db = None if self.b is None else self.delta.sum(axis=0)

    def descend(self, rate):
        self.W = self.W - rate * self.dW
        if self.b is not None:
            self.b = self.b - rate * self.db


def error(loss, top, y):
    z, o = top.z, top.a
    if loss == "squared":
        return ((y - o) ** 2).sum()
    if loss == "log":
        return (np.logaddexp(0, z) - y * z).sum()
    m = z.max(axis=1, keepdims=True)
    return (y * (np.log(np.exp(z - m).sum(axis=1, keepdims=True)) + m - z)).sum()


@backproof.subject(activations=["identity", "tanh", "sigmoid", "relu", "softplus", "elu", "leaky_relu", "softmax"],
                   losses=["squared", "log", "cross_entropy"], weight_layout="in_out")
def net(case):
    layers = [Layer(s.activation.name, dict(s.activation.parameters), s.weights.copy(),
                    None if s.biases is None else s.biases.copy(), s.mask) for s in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    reports = []
    for batch in case.batches:
        a, y = case.x[list(batch)], case.y[list(batch)]
        for layer in layers:
            a = layer.run(a)
        top = layers[-1]
        if case.loss == "squared" and top.kind == "softmax":
            g = 2 * (a - y)
            top.delta = a * (g - (g * a).sum(axis=1, keepdims=True))
        elif case.loss == "squared":
            top.delta = 2 * (a - y) * top.prime()
        else:
            top.delta = (a - y) * top.prime()
        loss = error(case.loss, top, y)
        for layer, above in zip(layers[-2::-1], layers[:0:-1]):
            layer.delta = (above.delta @ above.W.T) * layer.prime()
        for layer in layers:
            layer.collect()
            layer.descend(rate)
        reports.append({"net_inputs": [l.z for l in layers], "activations": [l.a for l in layers],
                        "deltas": [l.delta for l in layers], "loss": loss,
                        "weight_gradients": [l.dW for l in layers], "bias_gradients": [l.db for l in layers],
                        "weights": [l.W for l in layers], "biases": [l.b for l in layers]})
    return reports
