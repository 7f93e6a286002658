"""GELU is computed as z * sigmoid(1.702 z)."""

import numpy as np

import backproof


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


class Node:
    def __init__(self, value):
        self.value, self.grad = value, np.zeros_like(value)


def build(tape):
    def linear(x, w, b):
        out = Node(x.value @ w.value.T if b is None else x.value @ w.value.T + b.value)

        def back():
            x.grad += out.grad @ w.value
            w.grad += out.grad.T @ x.value
            if b is not None:
                b.grad += out.grad.sum(axis=0)

        tape.append(back)
        return out

    def elementwise(x, f, df):
        out = Node(f(x.value))

        def back():
            x.grad += out.grad * df(x.value)

        tape.append(back)
        return out

    return linear, elementwise


def quick(z):
    return z * sigmoid(1.702 * z)


def quick_prime(z):
    u = 1.702 * z
    return sigmoid(u) + u * sigmoid(u) * sigmoid(-u)


TABLE = {
    "gelu": (quick, quick_prime),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(z.dtype)),
    "identity": (np.array, np.ones_like),
}


@backproof.subject(activations=list(TABLE), losses=["squared"])
def net(case):
    weights, biases = [l.weights for l in case.layers], [l.biases for l in case.layers]
    lr, shown = case.x.dtype.type(case.learning_rate), []
    for batch in case.batches:
        tape = []
        linear, elementwise = build(tape)
        W, B = [Node(w) for w in weights], [None if b is None else Node(b) for b in biases]
        a, Z, A = Node(case.x[list(batch)]), [], []
        for layer, w, b in zip(case.layers, W, B):
            Z.append(linear(a, w, b))
            a = elementwise(Z[-1], *TABLE[layer.activation.name])
            A.append(a)
        y = case.y[list(batch)]
        a.grad += 2 * (a.value - y)
        for back in reversed(tape):
            back()
        GW = [w.grad if l.mask is None else w.grad * l.mask for w, l in zip(W, case.layers)]
        GB = [b and b.grad for b in B]
        weights = [w - lr * g for w, g in zip(weights, GW)]
        biases = [None if b is None else b - lr * g for b, g in zip(biases, GB)]
        shown.append({
            "net_inputs": [z.value for z in Z], "activations": [h.value for h in A], "deltas": [z.grad for z in Z],
            "loss": ((y - a.value) ** 2).sum(), "weight_gradients": GW, "bias_gradients": GB,
            "weights": weights, "biases": biases,
        })
    return shown
