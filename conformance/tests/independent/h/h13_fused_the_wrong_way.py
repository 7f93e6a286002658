"""Fault: the test "is it a fused pair" is the wrong way round at the output.

Sigmoid + log and softmax + cross-entropy get (o - y) f'(z), other pairs get dJ/do without f'."""
import numpy as np
import backproof


class Unit:
    @staticmethod
    def sigmoid(z):
        e = np.exp(-np.abs(z))
        a = np.where(z >= 0, 1 / (1 + e), e / (1 + e))
        return a, e / (1 + e) ** 2

    @staticmethod
    def tanh(z):
        a = np.tanh(z)
        return a, 1 - a * a

    @staticmethod
    def relu(z):
        return np.maximum(z, 0), (z > 0).astype(z.dtype)

    @staticmethod
    def softplus(z):
        return np.logaddexp(0, z), Unit.sigmoid(z)[0]

    @staticmethod
    def identity(z):
        return z.copy(), np.ones_like(z)

    @staticmethod
    def softmax(z):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        a = e / e.sum(axis=1, keepdims=True)
        return a, a * (1 - a)


FUSED = {("sigmoid", "log"), ("softmax", "cross_entropy")}


def loss_gradient(kind, o, y):
    return 2 * (o - y) if kind == "squared" else o - y


def top_delta(kind, name, o, slope, y):
    g = loss_gradient(kind, o, y)
    if (name, kind) not in FUSED:
        return g
    return g * slope


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    W = [l.weights.copy() for l in case.layers]
    B = [None if l.biases is None else l.biases.copy() for l in case.layers]
    names = [l.activation.name for l in case.layers]
    eta = case.x.dtype.type(case.learning_rate)
    out = []
    for batch in case.batches:
        a, zs, slopes = [case.x[list(batch)]], [], []
        for w, b, name in zip(W, B, names):
            z = a[-1] @ w.T
            z = z if b is None else z + b
            value, slope = getattr(Unit, name)(z)
            zs.append(z), a.append(value), slopes.append(slope)
        deltas = [None] * len(W)
        deltas[-1] = top_delta(case.loss, names[-1], a[-1], slopes[-1], case.y[list(batch)])
        for l in range(len(W) - 2, -1, -1):
            deltas[l] = slopes[l] * (deltas[l + 1] @ W[l + 1])
        gw, gb = [], []
        for l, layer in enumerate(case.layers):
            g = deltas[l].T @ a[l]
            gw.append(g if layer.mask is None else g * layer.mask)
            gb.append(None if B[l] is None else deltas[l].sum(axis=0))
        W = [w - eta * g for w, g in zip(W, gw)]
        B = [None if b is None else b - eta * g for b, g in zip(B, gb)]
        out.append({"net_inputs": zs, "activations": a[1:], "deltas": deltas, "weight_gradients": gw,
                    "bias_gradients": gb, "weights": W, "biases": B})
    return out
