"""Fault: the derivative of the logistic function is written 1 - a, the factor a is missing (hidden sigmoid layers, and
sigmoid outputs under a squared loss)."""
from dataclasses import dataclass, field
import numpy as np
import backproof


@dataclass
class Stage:
    name: str
    w: np.ndarray
    b: np.ndarray | None
    keep: np.ndarray | None
    trace: dict = field(default_factory=dict)

    def run(self, a):
        z = a @ self.w.T
        if self.b is not None:
            z = z + self.b
        self.trace = {"in": a, "z": z, "out": self.squash(z)}
        return self.trace["out"]

    def squash(self, z):
        if self.name == "sigmoid":
            e = np.exp(-np.abs(z))
            return np.where(z >= 0, 1, e) / (1 + e)
        if self.name == "softmax":
            e = np.exp(z - np.max(z, axis=-1, keepdims=True))
            return e / np.sum(e, axis=-1, keepdims=True)
        return z

    def prime(self):
        a = self.trace["out"]
        return 1 - a if self.name == "sigmoid" else np.ones_like(a)

    def blame(self, d):
        self.trace["d"] = d
        g = d.T @ self.trace["in"]
        self.trace["gw"] = g if self.keep is None else g * self.keep
        self.trace["gb"] = None if self.b is None else np.sum(d, axis=0)
        return d @ self.w

    def learn(self, eta):
        self.w = self.w - eta * self.trace["gw"]
        self.b = None if self.b is None else self.b - eta * self.trace["gb"]


@backproof.subject(activations=["identity", "sigmoid", "softmax"], losses=["squared", "log", "cross_entropy"])
def net(case):
    stages = [Stage(s.activation.name, s.weights.copy(), None if s.biases is None else s.biases.copy(), s.mask)
              for s in case.layers]
    eta = case.x.dtype.type(case.learning_rate)
    log = []
    for batch in case.batches:
        a = case.x[batch]
        for s in stages:
            a = s.run(a)
        d = a - case.y[batch]
        if case.loss == "squared":
            d = 2 * d
            last = stages[-1]
            d = a * (d - np.sum(d * a, axis=1, keepdims=True)) if last.name == "softmax" else d * last.prime()
        for k in range(len(stages) - 1, -1, -1):
            back = stages[k].blame(d)
            if k:
                d = back * stages[k - 1].prime()
        for s in stages:
            s.learn(eta)
        log.append({"deltas": [s.trace["d"] for s in stages], "weight_gradients": [s.trace["gw"] for s in stages],
                    "bias_gradients": [s.trace["gb"] for s in stages], "weights": [s.w for s in stages],
                    "biases": [s.b for s in stages]})
    return log
