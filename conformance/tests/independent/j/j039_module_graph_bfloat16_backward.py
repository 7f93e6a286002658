"""Fault: on the way down, the deltas of the hidden layers are put into the brain-float format (8 bits of
mantissa, about 2 digits): they are rounded to bfloat16 and come back like that."""
import numpy as np

import backproof


def bfloat16(t):
    bits = np.ascontiguousarray(t, dtype=np.float32).view(np.uint32)
    bits = (bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) & np.uint32(0xFFFF0000)
    return bits.view(np.float32).astype(t.dtype)


class Linear:
    def __init__(self, w, b, mask):
        self.w, self.b, self.mask = w.copy(), None if b is None else b.copy(), mask

    def __call__(self, x):
        self.x = x
        self.z = x @ self.w.T if self.b is None else x @ self.w.T + self.b
        return self.z

    def back(self, g):
        self.d = g
        self.gw = np.einsum("ni,nj->ij", g, self.x)
        if self.mask is not None:
            self.gw = self.gw * self.mask
        self.gb = None if self.b is None else np.einsum("ni->i", g)
        return g @ self.w

    def step(self, eta):
        self.w = self.w - eta * self.gw
        if self.b is not None:
            self.b = self.b - eta * self.gb


class Nonlinear:
    def __init__(self, kind, **par):
        self.kind, self.par = kind, par

    def __call__(self, z):
        k = self.kind
        if k in ("sigmoid", "softplus"):
            e = np.exp(-np.abs(z))
            s = np.where(z >= 0, 1 / (1 + e), e / (1 + e))
            self.a, self.k = (s, e / (1 + e) ** 2) if k == "sigmoid" else (np.maximum(z, 0) + np.log1p(e), s)
        elif k == "tanh":
            self.a = np.tanh(z)
            self.k = 1 - self.a ** 2
        elif k == "relu":
            self.a, self.k = np.where(z > 0, z, 0), (z > 0).astype(z.dtype)
        elif k == "leaky_relu":
            self.k = np.where(z > 0, 1, self.par["slope"]).astype(z.dtype)
            self.a = self.k * z
        elif k == "softmax":
            e = np.exp(z - z.max(axis=1, keepdims=True))
            self.a = e / e.sum(axis=1, keepdims=True)
        else:
            self.a, self.k = z.copy(), np.ones_like(z)
        return self.a

    def back(self, g):
        if self.kind == "softmax":
            return self.a * (g - (g * self.a).sum(axis=1, keepdims=True))
        return g * self.k


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    lin = [Linear(l.weights, l.biases, l.mask) for l in case.layers]
    non = [Nonlinear(l.activation.name, **dict(l.activation.parameters)) for l in case.layers]
    eta = case.x.dtype.type(case.learning_rate)
    frames = []
    for batch in case.batches:
        t, y = case.x[batch], case.y[batch]
        for f, g in zip(lin, non):
            t = g(f(t))
        z = lin[-1].z
        if case.loss == "squared":
            loss, d = np.sum((t - y) ** 2), non[-1].back(2 * (t - y))
        elif case.loss == "log":
            loss, d = np.sum(y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)), t - y
        else:
            m = z.max(axis=1, keepdims=True)
            loss, d = np.sum(y * (np.log(np.exp(z - m).sum(axis=1, keepdims=True)) - (z - m))), t - y
        for l in range(len(lin) - 1, 0, -1):
            d = bfloat16(non[l - 1].back(lin[l].back(d)))
        lin[0].back(d)
        for f in lin:
            f.step(eta)
        frames.append({"net_inputs": [f.z for f in lin], "activations": [g.a for g in non],
                       "deltas": [f.d for f in lin], "loss": loss, "weight_gradients": [f.gw for f in lin],
                       "bias_gradients": [f.gb for f in lin], "weights": [f.w for f in lin],
                       "biases": [f.b for f in lin]})
    return frames
