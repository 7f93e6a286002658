"""Fault: tanh is scaled, a = 1.7159 tanh(z), with the derivative that belongs to it; so its activations are too large."""
import numpy as np
import backproof

SCALE = 1.7159


class Var:
    """A value and the gradient that the tape collects for it."""

    def __init__(self, v):
        self.v = v
        self.g = np.zeros_like(v)


def affine(tape, x, w, b):
    out = Var(x.v @ w.v if b is None else x.v @ w.v + b.v)

    def back():
        x.g += out.g @ w.v.T
        w.g += x.v.T @ out.g
        if b is not None:
            b.g += out.g.sum(axis=0)
    tape.append(back)
    return out


def bend(tape, spec, z):
    v = z.v
    if spec.name == "tanh":
        t = np.tanh(v)
        value, slope = v.dtype.type(SCALE) * t, v.dtype.type(SCALE) * (1 - t * t)
    elif spec.name == "sigmoid":
        e = np.exp(-np.abs(v))
        value = np.where(v >= 0, 1 / (1 + e), e / (1 + e))
        slope = e / (1 + e) ** 2
    elif spec.name == "relu":
        value, slope = np.maximum(v, 0), (v > 0) * v.dtype.type(1)
    elif spec.name == "softplus":
        e = np.exp(-np.abs(v))
        value, slope = np.maximum(v, 0) + np.log1p(e), np.where(v >= 0, 1 / (1 + e), e / (1 + e))
    elif spec.name == "softmax":
        e = np.exp(v - v.max(axis=1, keepdims=True))
        value, slope = e / e.sum(axis=1, keepdims=True), None
    else:
        value, slope = v.copy(), np.ones_like(v)
    out = Var(value)

    def back():
        if slope is None:
            z.g += value * (out.g - (out.g * value).sum(axis=1, keepdims=True))
        else:
            z.g += out.g * slope
    tape.append(back)
    return out


def error(tape, loss, z, o, y):
    if loss == "squared":
        def back():
            o.g += 2 * (o.v - y)
        tape.append(back)
        return ((y - o.v) ** 2).sum()
    tape.pop()  # the output activation and the loss are differentiated together

    def back():
        z.g += o.v - y
    tape.append(back)
    if loss == "log":
        t = np.log1p(np.exp(-np.abs(z.v)))
        return (y * (t - np.minimum(z.v, 0)) + (1 - y) * (t + np.maximum(z.v, 0))).sum()
    s = z.v - z.v.max(axis=1, keepdims=True)
    return (y * (np.log(np.exp(s).sum(axis=1, keepdims=True)) - s)).sum()


@backproof.subject(activations=["identity", "tanh", "sigmoid", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=[], weight_layout="in_out")
def net(case):
    lr = case.x.dtype.type(case.learning_rate)
    W = [np.array(l.weights) for l in case.layers]
    B = [None if l.biases is None else np.array(l.biases) for l in case.layers]
    records = []
    for batch in case.batches:
        tape, zs, acts = [], [], []
        w = [Var(v) for v in W]
        b = [None if v is None else Var(v) for v in B]
        h = Var(case.x[batch])
        for i, l in enumerate(case.layers):
            zs.append(affine(tape, h, w[i], b[i]))
            h = bend(tape, l.activation, zs[-1])
            acts.append(h)
        E = error(tape, case.loss, zs[-1], h, case.y[batch])
        while tape:
            tape.pop()()
        gw = [p.g if l.mask is None else p.g * l.mask for p, l in zip(w, case.layers)]
        gb = [None if p is None else p.g for p in b]
        W = [v - lr * g for v, g in zip(W, gw)]
        B = [None if v is None else v - lr * g for v, g in zip(B, gb)]
        records.append({"net_inputs": [z.v for z in zs], "activations": [a.v for a in acts], "deltas": [z.g for z in zs],
                        "loss": lr.dtype.type(E), "weight_gradients": gw, "bias_gradients": gb, "weights": W, "biases": B})
    return records
