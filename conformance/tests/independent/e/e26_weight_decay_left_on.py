"""Fault: weight decay is left on."""
import numpy as np
import backproof

DECAY = 1e-3


class Node:
    """A value on the tape, with a function that passes its gradient on."""

    def __init__(self, value, back=None, parents=()):
        self.value, self.back, self.parents, self.grad = value, back, parents, 0


def linear(a, w, b):
    def back(g):
        w.grad = w.grad + g.T @ a.value
        a.grad = a.grad + g @ w.value
        if b is not None:
            b.grad = b.grad + g.sum(0)
    return Node(a.value @ w.value.T if b is None else a.value @ w.value.T + b.value, back)


def sig(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def activate(name, z):
    v = z.value
    value, slope = {"sigmoid": lambda: (sig(v), sig(v) * sig(-v)), "relu": lambda: (np.maximum(v, 0), (v > 0).astype(v.dtype)),
                    "tanh": lambda: (np.tanh(v), 4 * sig(2 * v) * sig(-2 * v)), "identity": lambda: (v, np.ones_like(v))}[name]()

    def back(g):
        z.grad = z.grad + g * slope
    return Node(value, back)


@backproof.subject(activations=["sigmoid", "relu", "tanh", "identity"], losses=["squared", "log"])
def net(case):
    W = [Node(l.weights) for l in case.layers]
    B = [None if l.biases is None else Node(l.biases) for l in case.layers]
    rate, out = case.x.dtype.type(case.learning_rate), []
    for batch in case.batches:
        y, tape, zs = case.y[list(batch)], [], []
        node = Node(case.x[list(batch)])
        for w, b, l in zip(W, B, case.layers):
            zs.append(linear(node, w, b))
            node = activate(l.activation.name, zs[-1])
            tape += [zs[-1], node]
        if case.loss == "log":
            tape.pop()
            zs[-1].grad = node.value - y
        else:
            node.grad = 2 * (node.value - y)
        for n in reversed(tape):
            n.back(n.grad)
        for w, b, l in zip(W, B, case.layers):
            w.value = w.value - rate * ((w.grad if l.mask is None else w.grad * l.mask) + DECAY * w.value)
            w.grad = 0
            if b is not None:
                b.value, b.grad = b.value - rate * b.grad, 0
        out.append({"deltas": [z.grad for z in zs], "weights": [w.value for w in W],
                    "biases": [None if b is None else b.value for b in B]})
    return out
