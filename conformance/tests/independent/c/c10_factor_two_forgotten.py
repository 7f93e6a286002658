"""Fault: the factor 2 of the squared loss is forgotten in the gradient."""
import numpy as np
import backproof

# A tape: every operation pushes a closure that carries the gradient of its result to its arguments.


class Node:
    def __init__(self, value):
        self.value = value
        self.grad = np.zeros_like(value)


def affine(tape, x, w, b):
    v = x.value @ w.value.T
    out = Node(v if b is None else v + b.value)

    def back():
        w.grad += out.grad.T @ x.value
        x.grad += out.grad @ w.value
        if b is not None:
            b.grad += out.grad.sum(axis=0)

    tape.append(back)
    return out


def apply(tape, z, name):
    v = z.value
    if name == "sigmoid":
        e = np.exp(-np.abs(v))
        a = np.where(v < 0, e / (1 + e), 1 / (1 + e))
        d = a * (1 - a)
    elif name == "tanh":
        a = np.tanh(v)
        d = 1 - a * a
    elif name == "relu":
        a, d = np.maximum(v, 0), (v >= 0).astype(v.dtype)
    else:
        a, d = v.copy(), np.ones_like(v)
    out = Node(a)

    def back():
        z.grad += out.grad * d

    tape.append(back)
    return out


@backproof.subject(activations=["sigmoid", "tanh", "relu", "identity"], losses=["squared"])
def net(case):
    W = [l.weights for l in case.layers]
    B = [l.biases for l in case.layers]
    shown = []
    for batch in case.batches:
        pick = list(batch)
        tape = []
        ws = [Node(w) for w in W]
        bs = [None if b is None else Node(b) for b in B]
        h, zs, hs = Node(case.x[pick]), [], []
        for l, w, b in zip(case.layers, ws, bs):
            zs.append(affine(tape, h, w, b))
            h = apply(tape, zs[-1], l.activation.name)
            hs.append(h)
        miss = h.value - case.y[pick]
        h.grad = miss.copy()
        for back in reversed(tape):
            back()
        rate = case.x.dtype.type(case.learning_rate)
        for l, w in zip(case.layers, ws):
            if l.mask is not None:
                w.grad *= l.mask
        W = [w.value - rate * w.grad for w in ws]
        B = [None if b is None else b.value - rate * b.grad for b in bs]
        shown.append({
            "net_inputs": [z.value for z in zs],
            "activations": [a.value for a in hs],
            "loss": (miss ** 2).sum(),
            "deltas": [z.grad for z in zs],
            "weight_gradients": [w.grad for w in ws],
            "bias_gradients": [None if b is None else b.grad for b in bs],
            "weights": W,
            "biases": B,
        })
    return shown
