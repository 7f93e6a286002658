"""Fault: activations pass through float16."""
import numpy as np
import backproof


def sg(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


class Dense:
    def __init__(self, layer):
        self.w, self.b, self.mask = layer.weights.copy(), layer.biases, layer.mask
        self.kind = layer.activation.name

    def __call__(self, a):
        self.a_in = a
        self.z = a @ self.w.T if self.b is None else a @ self.w.T + self.b
        if self.kind == "softmax":
            e = np.exp(self.z - self.z.max(1, keepdims=True))
            a = e / e.sum(1, keepdims=True)
        else:
            a = {"sigmoid": sg, "tanh": np.tanh, "identity": np.copy}[self.kind](self.z)
        self.a = a.astype(np.float16).astype(a.dtype)
        return self.a

    def back(self, d):
        self.d = d
        self.gw = d.T @ self.a_in if self.mask is None else (d.T @ self.a_in) * self.mask
        self.gb = None if self.b is None else d.sum(0)
        return d @ self.w

    def slope(self):
        if self.kind == "identity":
            return np.ones_like(self.z)
        return sg(self.z) * sg(-self.z) if self.kind == "sigmoid" else 4 * sg(2 * self.z) * sg(-2 * self.z)

    def descend(self, rate):
        self.w = self.w - rate * self.gw
        self.b = None if self.b is None else self.b - rate * self.gb


@backproof.subject(activations=["sigmoid", "tanh", "identity", "softmax"], losses=["squared", "log", "cross_entropy"],
                   skips=["general-output-delta"])
def net(case):
    layers, out = [Dense(l) for l in case.layers], []
    for batch in case.batches:
        a = case.x[list(batch)]
        for layer in layers:
            a = layer(a)
        back = layers[-1].back((2 if case.loss == "squared" else 1) * (a - case.y[list(batch)]))
        for layer in layers[-2::-1]:
            back = layer.back(back * layer.slope())
        for layer in layers:
            layer.descend(case.x.dtype.type(case.learning_rate))
        out.append({"net_inputs": [l.z for l in layers], "activations": [l.a for l in layers], "deltas": [l.d for l in layers],
                    "weight_gradients": [l.gw for l in layers], "bias_gradients": [l.gb for l in layers],
                    "weights": [l.w for l in layers], "biases": [l.b for l in layers]})
    return out
