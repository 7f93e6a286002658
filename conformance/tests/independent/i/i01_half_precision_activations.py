"""Fault: to save memory every activation (hidden and output) is kept as float16, so after the non-linearity only
about three digits are left, in the forward pass as well as in everything that is computed from it."""
import numpy as np
import backproof


class Dense:
    def __init__(self, spec):
        self.w = np.array(spec.weights, copy=True)
        self.b = None if spec.biases is None else np.array(spec.biases, copy=True)
        self.mask = spec.mask

    def forward(self, a):
        self.a = a
        z = a @ self.w.T
        return z if self.b is None else z + self.b

    def backward(self, delta):
        self.gw = delta.T @ self.a
        if self.mask is not None:
            self.gw = self.gw * self.mask
        self.gb = None if self.b is None else delta.sum(axis=0)
        return delta @ self.w

    def step(self, rate):
        self.w -= rate * self.gw
        if self.b is not None:
            self.b -= rate * self.gb


class Activation:
    def __init__(self, kind):
        self.kind = kind

    def forward(self, z):
        self.z = z
        if self.kind == "identity":
            a = z
        elif self.kind == "tanh":
            a = np.tanh(z)
        elif self.kind == "relu":
            a = np.where(z > 0, z, np.zeros_like(z))
        elif self.kind == "sigmoid":
            t = np.exp(-np.abs(z))
            a = np.where(z < 0, t, np.ones_like(t)) / (1 + t)
        else:
            t = np.exp(z - z.max(axis=1, keepdims=True))
            a = t / t.sum(axis=1, keepdims=True)
        self.stored = a.astype(np.float16)          # half the memory, a quarter in double precision
        return self.value

    @property
    def value(self):
        return self.stored.astype(self.z.dtype)

    def backward(self, g):
        a = self.value
        if self.kind == "identity":
            return g
        if self.kind == "tanh":
            return g * (1 - a * a)
        if self.kind == "relu":
            return g * (self.z > 0)
        if self.kind == "sigmoid":
            return g * (a * (1 - a))
        return a * (g - (g * a).sum(axis=1, keepdims=True))


def loss_and_delta(kind, head, y):
    z, o = head.z, head.value
    if kind == "squared":
        return np.sum((y - o) ** 2), head.backward(2 * (o - y))
    if kind == "log":
        return np.sum(np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))), o - y
    s = z - z.max(axis=1, keepdims=True)
    return np.sum(y * (np.log(np.exp(s).sum(axis=1, keepdims=True)) - s)), o - y


@backproof.subject(activations=["identity", "tanh", "relu", "sigmoid", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    dense = [Dense(spec) for spec in case.layers]
    acts = [Activation(spec.activation.name) for spec in case.layers]
    reports = []
    for batch in case.batches:
        a, y = case.x[list(batch)], case.y[list(batch)]
        for d, f in zip(dense, acts):
            a = f.forward(d.forward(a))
        loss, delta = loss_and_delta(case.loss, acts[-1], y)
        deltas = [delta]
        for i in reversed(range(len(dense))):
            g = dense[i].backward(delta)
            if i:
                delta = acts[i - 1].backward(g)
                deltas.insert(0, delta)
        for d in dense:
            d.step(case.learning_rate)
        reports.append({
            "net_inputs": [f.z for f in acts], "activations": [f.value for f in acts], "deltas": deltas,
            "loss": loss, "weight_gradients": [d.gw for d in dense], "bias_gradients": [d.gb for d in dense],
            "weights": [d.w.copy() for d in dense],
            "biases": [None if d.b is None else d.b.copy() for d in dense]})
    return reports if len(reports) > 1 else reports[0]
