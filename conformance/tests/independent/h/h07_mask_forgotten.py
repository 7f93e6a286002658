"""Fault: the mask is never applied to the gradients, so missing edges get one and stop being zero after an update."""
from dataclasses import dataclass, field
import numpy as np
import backproof


@dataclass
class Layer:
    w: np.ndarray            # (n_in, n_out)
    b: np.ndarray | None
    kind: str
    mask: np.ndarray | None
    trace: dict = field(default_factory=dict)

    def forward(self, a):
        if self.mask is not None and not self.trace:
            self.w = np.where(self.mask, self.w, 0).astype(a.dtype)
        z = a @ self.w if self.b is None else a @ self.w + self.b
        e = np.exp(-np.abs(z))
        pos, neg = 1 / (1 + e), e / (1 + e)
        if self.kind == "sigmoid":
            out, slope = np.where(z >= 0, pos, neg), pos * neg
        elif self.kind == "tanh":
            out = np.tanh(z)
            slope = 1 - out ** 2
        elif self.kind == "relu":
            out, slope = np.where(z > 0, z, 0), np.where(z > 0, 1, 0)
        elif self.kind == "softmax":
            p = np.exp(z - np.max(z, axis=1, keepdims=True))
            out, slope = p / np.sum(p, axis=1, keepdims=True), 1
        else:
            out, slope = z.copy(), 1
        self.trace = {"in": a, "z": z, "a": out.astype(z.dtype), "slope": slope}
        return self.trace["a"]

    def backward(self, delta):
        self.trace["delta"] = delta
        self.trace["gw"] = self.trace["in"].T @ delta
        self.trace["gb"] = None if self.b is None else delta.sum(axis=0)
        return delta @ self.w.T

    def update(self, rate):
        self.w = self.w - rate * self.trace["gw"]
        if self.b is not None:
            self.b = self.b - rate * self.trace["gb"]


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"], weight_layout="in_out")
def net(case):
    layers = [Layer(np.array(l.weights), None if l.biases is None else np.array(l.biases), l.activation.name, l.mask)
              for l in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    maps = []
    for batch in case.batches:
        a, y = case.x[list(batch)], case.y[list(batch)]
        for layer in layers:
            a = layer.forward(a)
        back = (2 if case.loss == "squared" else 1) * (a - y)
        top = layers[-1]
        for layer in reversed(layers):
            back = layer.backward(back if layer is top else (back * layer.trace["slope"]).astype(a.dtype))
        for layer in layers:
            layer.update(rate)
        maps.append({"net_inputs": [l.trace["z"] for l in layers], "activations": [l.trace["a"] for l in layers],
                     "deltas": [l.trace["delta"] for l in layers], "weight_gradients": [l.trace["gw"] for l in layers],
                     "bias_gradients": [l.trace["gb"] for l in layers], "weights": [l.w for l in layers],
                     "biases": [l.b for l in layers]})
    return maps
