"""Fault: the sign of the step is wrong: weights and biases are moved along the gradient, not against it, and the error grows."""
import numpy as np

import backproof


class Value:
    """A matrix and the gradient that the tape brings to it."""

    def __init__(self, data):
        self.data, self.grad = data, np.zeros_like(data)


def affine(tape, a, w, b):
    out = Value(a.data @ w.data.T + (0 if b is None else b.data))

    def back():
        a.grad += out.grad @ w.data
        w.grad += out.grad.T @ a.data
        if b is not None:
            b.grad += out.grad.sum(axis=0)

    tape.append(back)
    return out


def stable_sigmoid(z):
    return np.exp(-np.logaddexp(np.zeros_like(z), -z))


def activate(tape, z, name, par):
    v = z.data
    if name == "softmax":
        t = np.exp(v - v.max(axis=1, keepdims=True))
        out = Value(t / t.sum(axis=1, keepdims=True))
    elif name == "sigmoid":
        out, k = Value(stable_sigmoid(v)), stable_sigmoid(v) * stable_sigmoid(-v)
    elif name == "tanh":
        out, k = Value(np.tanh(v)), 1 - np.square(np.tanh(v))
    elif name == "softplus":
        out, k = Value(np.logaddexp(np.zeros_like(v), v)), stable_sigmoid(v)
    elif name == "elu":
        neg = par["alpha"] * np.expm1(np.minimum(v, 0))
        out, k = Value(np.where(v > 0, v, neg)), np.where(v > 0, 1, par["alpha"] * np.exp(np.minimum(v, 0)))
    else:
        slope = {"identity": 1.0, "relu": 0.0, "leaky_relu": par.get("slope", 0.0)}[name]
        k = np.where(v > 0, 1.0, slope).astype(v.dtype)
        out = Value(k * v)

    def back():
        if name == "softmax":
            z.grad += out.data * (out.grad - (out.grad * out.data).sum(axis=1, keepdims=True))
        else:
            z.grad += k * out.grad

    tape.append(back)
    return out


def criterion(tape, z, o, y, kind):
    v = z.data
    if kind == "squared":
        tape.append(lambda: np.add(o.grad, 2 * (o.data - y), out=o.grad))
        return np.sum((o.data - y) ** 2)
    tape.pop()  # the fused form: the gradient goes to the net input, past the activation
    tape.append(lambda: np.add(z.grad, o.data - y, out=z.grad))
    if kind == "log":
        nil = np.zeros_like(v)
        return np.sum(y * np.logaddexp(nil, -v) + (1 - y) * np.logaddexp(nil, v))
    top = v.max(axis=1, keepdims=True)
    return np.sum(y * ((top - v) + np.log(np.exp(v - top).sum(axis=1, keepdims=True))))


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    W = [Value(l.weights.copy()) for l in case.layers]
    B = [None if l.biases is None else Value(l.biases.copy()) for l in case.layers]
    params = W + [b for b in B if b is not None]
    lr = case.x.dtype.type(case.learning_rate)
    result = []
    for batch in case.batches:
        for p in params:
            p.grad = np.zeros_like(p.data)
        tape, zs, outs = [], [], []
        h = Value(case.x[np.array(batch)])
        for l, w, b in zip(case.layers, W, B):
            z = affine(tape, h, w, b)
            h = activate(tape, z, l.activation.name, dict(l.activation.parameters))
            zs.append(z), outs.append(h)
        loss = criterion(tape, zs[-1], h, case.y[np.array(batch)], case.loss)
        while tape:
            tape.pop()()
        for w, l in zip(W, case.layers):
            if l.mask is not None:
                w.grad *= l.mask
        for p in params:
            p.data = p.data + lr * p.grad
        result.append({"loss": loss, "net_inputs": [z.data for z in zs], "activations": [a.data for a in outs],
                       "deltas": [z.grad for z in zs], "weight_gradients": [w.grad for w in W],
                       "bias_gradients": [b and b.grad for b in B],
                       "weights": [w.data for w in W], "biases": [b and b.data for b in B]})
    return result
