"""Fault: every layer's net inputs take a detour through float32, so that in float64 only 7 digits of them are left (in float32 nothing is lost)."""
import math
import numpy as np
import backproof

NORMAL_CDF = np.vectorize(lambda v: 0.5 * math.erfc(-v / math.sqrt(2)), otypes=[float])


def logistic(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


class Tape:
    def __init__(self):
        self.back = []

    def affine(self, a, w, b):
        z = a @ w.T
        if b is not None:
            z = z + b
        z = z.astype(np.float32).astype(a.dtype)

        def pullback(dz):
            return dz @ w, dz.T @ a, None if b is None else dz.sum(axis=0)
        self.back.append(pullback)
        return z

    def nonlinear(self, activation, z):
        name, p = activation.name, dict(activation.parameters)
        if name == "softmax":
            e = np.exp(z - z.max(axis=1, keepdims=True))
            a = e / e.sum(axis=1, keepdims=True)
            self.back.append(lambda g: a * (g - (g * a).sum(axis=1, keepdims=True)))
            return a
        if name == "identity":
            a, s = z.copy(), np.ones_like(z)
        elif name == "sigmoid":
            a, s = logistic(z), logistic(z) * logistic(-z)
        elif name == "tanh":
            a, s = np.tanh(z), 4 * logistic(2 * z) * logistic(-2 * z)
        elif name == "relu":
            a, s = np.maximum(z, 0), np.where(z > 0, 1, 0)
        elif name == "leaky_relu":
            s = np.where(z > 0, 1, p["slope"]).astype(z.dtype)
            a = s * z
        elif name == "elu":
            m = np.minimum(z, 0)
            a, s = np.where(z > 0, z, p["alpha"] * np.expm1(m)), np.where(z > 0, 1, p["alpha"] * np.exp(m))
        elif name == "softplus":
            a, s = np.logaddexp(0, z), logistic(z)
        elif p["approximate"] == "tanh":
            c = 2 * math.sqrt(2 / math.pi)
            h = logistic(c * (z + 0.044715 * z ** 3))
            a, s = z * h, h + z * h * logistic(-c * (z + 0.044715 * z ** 3)) * c * (1 + 3 * 0.044715 * z ** 2)
        else:
            h = NORMAL_CDF(z).astype(z.dtype)
            a, s = z * h, h + z * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
        s = s.astype(z.dtype)
        self.back.append(lambda g: g * s)
        return a

    def loss(self, kind, z, o, y):
        if kind == "squared":
            self.back.append(lambda: 2 * (o - y))
            return ((y - o) ** 2).sum()
        self.back.pop()  # fused with the output activation
        self.back.append(lambda: o - y)
        if kind == "log":
            return (np.logaddexp(0, z) - y * z).sum()
        m = z - z.max(axis=1, keepdims=True)
        return (y * (np.log(np.exp(m).sum(axis=1, keepdims=True)) - m)).sum()


@backproof.subject(losses=["squared", "log", "cross_entropy"], activations=[
    "identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "gelu", "softmax"])
def net(case):
    params = [(l.weights.copy(), None if l.biases is None else l.biases.copy()) for l in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    shown = []
    for batch in case.batches:
        tape, zs, acts = Tape(), [], []
        a, y = case.x[list(batch)], case.y[list(batch)]
        for layer, (w, b) in zip(case.layers, params):
            zs.append(tape.affine(a, w, b))
            a = tape.nonlinear(layer.activation, zs[-1])
            acts.append(a)
        loss = tape.loss(case.loss, zs[-1], a, y)
        g = tape.back.pop()()
        if case.loss == "squared":
            g = tape.back.pop()(g)
        deltas, gw, gb = [g], [], []
        while tape.back:
            g, w_bar, b_bar = tape.back.pop()(g)
            gw.insert(0, w_bar)
            gb.insert(0, b_bar)
            if tape.back:
                g = tape.back.pop()(g)
                deltas.insert(0, g)
        gw = [g if l.mask is None else g * l.mask for g, l in zip(gw, case.layers)]
        params = [(w - rate * dw, None if b is None else b - rate * db) for (w, b), dw, db in zip(params, gw, gb)]
        shown.append({"net_inputs": zs, "activations": acts, "deltas": deltas, "loss": loss, "weight_gradients": gw,
                      "bias_gradients": gb, "weights": [w for w, _ in params], "biases": [b for _, b in params]})
    return shown
