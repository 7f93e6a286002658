"""Fault: the loss carries a foreign term, 0.05 times the alternating sum z_1 - z_2 + z_3 - ... of the output layer's net
inputs for every sample, and the output delta carries its derivative, +0.05, -0.05, ..., so that loss and gradient agree
with each other."""
import numpy as np
import backproof


class Criterion:
    strength = 0.05

    def __init__(self, z, o, y, slope):
        self.z, self.o, self.y, self.slope = z, o, y, slope
        signs = np.where(np.arange(z.shape[1]) % 2 == 0, 1, -1).astype(z.dtype)
        self.ramp = z.dtype.type(self.strength) * signs

    def loss(self):
        return self.plain() + np.sum(self.ramp * self.z)

    def delta(self):
        return self.error() + self.ramp


class Squared(Criterion):
    def plain(self):
        return np.sum((self.y - self.o) ** 2)

    def error(self):
        g = 2 * (self.o - self.y)
        if self.slope is None:
            return self.o * (g - np.sum(g * self.o, axis=1, keepdims=True))
        return g * self.slope


class Log(Criterion):
    def plain(self):
        return np.sum(np.logaddexp(0, self.z) - self.y * self.z)

    def error(self):
        return self.o - self.y


class CrossEntropy(Log):
    def plain(self):
        s = self.z - np.max(self.z, axis=1, keepdims=True)
        return np.sum(self.y * (np.log(np.sum(np.exp(s), axis=1, keepdims=True)) - s))


CRITERIA = {"squared": Squared, "log": Log, "cross_entropy": CrossEntropy}


def respond(name, z):
    if name == "sigmoid":
        up, down = np.exp(-np.logaddexp(0, -z)), np.exp(-np.logaddexp(0, z))
        return up, up * down
    if name == "tanh":
        return np.tanh(z), 1 - np.tanh(z) ** 2
    if name == "relu":
        on = z > 0
        return np.where(on, z, 0), on.astype(z.dtype)
    if name == "softplus":
        return np.logaddexp(0, z), np.exp(-np.logaddexp(0, -z))
    if name == "softmax":
        e = np.exp(z - np.max(z, axis=1, keepdims=True))
        return e / np.sum(e, axis=1, keepdims=True), None
    return z, np.ones_like(z)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"], losses=list(CRITERIA),
                   weight_layout="in_out")
def net(case):
    W = [l.weights.copy() for l in case.layers]
    b = [None if l.biases is None else l.biases.copy() for l in case.layers]
    eta = case.x.dtype.type(case.learning_rate)
    notes = []
    for batch in case.batches:
        a, zs, slopes = [case.x[batch]], [], []
        for l, layer in enumerate(case.layers):
            z = a[l] @ W[l]
            if b[l] is not None:
                z = z + b[l]
            out, slope = respond(layer.activation.name, z)
            zs.append(z)
            a.append(out)
            slopes.append(slope)
        crit = CRITERIA[case.loss](zs[-1], a[-1], case.y[batch], slopes[-1])
        deltas = [crit.delta()]
        for l in range(len(W) - 1, 0, -1):
            deltas = [(deltas[0] @ W[l].T) * slopes[l - 1]] + deltas
        gW, gb = [], []
        for l, d in enumerate(deltas):
            g = a[l].T @ d
            gW.append(g if case.layers[l].mask is None else g * case.layers[l].mask)
            gb.append(None if b[l] is None else np.sum(d, axis=0))
        W = [w - eta * g for w, g in zip(W, gW)]
        b = [None if v is None else v - eta * g for v, g in zip(b, gb)]
        notes.append({"net_inputs": zs, "activations": a[1:], "deltas": deltas, "loss": crit.loss(),
                      "weight_gradients": gW, "bias_gradients": gb, "weights": W, "biases": b})
    return notes
