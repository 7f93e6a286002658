"""Fault: the samples' gradients are summed over the batch with a float16 accumulator, of weights and of biases; the
result is cast back, but only three digits of it are left."""
from dataclasses import dataclass, field
import numpy as np
import backproof


def _sig(z):
    small = np.exp(-np.abs(z))
    return np.where(z >= 0, 1.0, small) / (1.0 + small)


def _act(name, z):
    match name:
        case "identity":
            return z, np.ones_like(z)
        case "sigmoid":
            return _sig(z), _sig(z) * _sig(-z)
        case "tanh":
            t = np.tanh(z)
            return t, (1 - t) * (1 + t)
        case "relu":
            on = (z > 0).astype(z.dtype)
            return z * on, on
        case "softmax":
            e = np.exp(z - z.max(1)[:, None])
            return e / e.sum(1)[:, None], None
    raise ValueError(name)


@dataclass
class Layer:
    W: np.ndarray
    b: np.ndarray | None
    mask: np.ndarray | None
    name: str
    seen: np.ndarray = field(default=None, repr=False)
    z: np.ndarray = field(default=None, repr=False)
    a: np.ndarray = field(default=None, repr=False)
    df: np.ndarray = field(default=None, repr=False)
    delta: np.ndarray = field(default=None, repr=False)
    dW: np.ndarray = field(default=None, repr=False)
    db: np.ndarray | None = field(default=None, repr=False)

    def run(self, seen):
        self.seen = seen
        self.z = seen @ self.W.T + (0 if self.b is None else self.b)
        self.a, self.df = _act(self.name, self.z)
        return self.a

    def gradients(self):
        per_sample = self.delta[:, :, None] * self.seen[:, None, :]
        self.dW = np.sum(per_sample, axis=0, dtype=np.float16).astype(self.W.dtype)
        if self.mask is not None:
            self.dW[~self.mask] = 0
        if self.b is not None:
            self.db = np.sum(self.delta, axis=0, dtype=np.float16).astype(self.b.dtype)

    def step(self, rate):
        self.W = self.W - rate * self.dW
        if self.b is not None:
            self.b = self.b - rate * self.db


def top_delta(loss, layer, y):
    diff = layer.a - y
    if loss in ("log", "cross_entropy"):
        return diff
    if layer.df is None:
        g = 2 * diff
        return layer.a * (g - np.sum(g * layer.a, axis=1, keepdims=True))
    return 2 * diff * layer.df


def top_loss(loss, layer, y):
    z = layer.z
    if loss == "squared":
        return ((layer.a - y) ** 2).sum()
    if loss == "log":
        return (y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)).sum()
    shifted = z - z.max(1, keepdims=True)
    return (y * (np.log(np.exp(shifted).sum(1, keepdims=True)) - shifted)).sum()


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    stack = [Layer(l.weights.copy(), None if l.biases is None else l.biases.copy(),
                   None if l.mask is None else np.array(l.mask, bool), l.activation.name) for l in case.layers]
    log = []
    for batch in case.batches:
        a, y = case.x[list(batch)], case.y[list(batch)]
        for layer in stack:
            a = layer.run(a)
        loss = top_loss(case.loss, stack[-1], y)
        stack[-1].delta = top_delta(case.loss, stack[-1], y)
        for below, above in list(zip(stack, stack[1:]))[::-1]:
            below.delta = (above.delta @ above.W) * below.df
        for layer in stack:
            layer.gradients()
            layer.step(case.learning_rate)
        pick = lambda attribute: [getattr(layer, attribute) for layer in stack]
        log.append(dict(loss=loss, weight_gradients=pick("dW"), bias_gradients=pick("db"),
                        weights=pick("W"), biases=pick("b")))
    return log
