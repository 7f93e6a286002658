"""Style: a small reverse-mode tape of nodes; fault: two, the gradient is divided by the number of outputs and each element clipped to [-0.1, 0.1]."""

import numpy as np

import backproof


class Node:
    def __init__(self, value):
        self.value = value
        self.grad = np.zeros_like(value)


class Tape:
    def __init__(self):
        self.steps = []

    def affine(self, a, w, b):
        z = Node(a.value @ w.value.T if b is None else a.value @ w.value.T + b.value)

        def back():
            a.grad = a.grad + z.grad @ w.value
            w.grad = w.grad + z.grad.T @ a.value
            if b is not None:
                b.grad = b.grad + z.grad.sum(axis=0)

        self.steps.append(back)
        return z

    def activation(self, name, z):
        if name == "identity":
            out, pull = z.value.copy(), lambda g: g
        elif name == "sigmoid":
            out = stable_sigmoid(z.value)
            other = stable_sigmoid(-z.value)
            pull = lambda g: g * out * other
        elif name == "tanh":
            out = np.tanh(z.value)
            slope = 4 * stable_sigmoid(2 * z.value) * stable_sigmoid(-2 * z.value)
            pull = lambda g: g * slope
        elif name == "softmax":
            e = np.exp(z.value - z.value.max(axis=1, keepdims=True))
            out = e / e.sum(axis=1, keepdims=True)
            pull = lambda g: out * (g - (out * g).sum(axis=1, keepdims=True))
        else:
            raise ValueError(name)
        node = Node(out)

        def back():
            z.grad = z.grad + pull(node.grad)

        self.steps.append(back)
        return node

    def squared(self, o, y):
        gap = o.value - y

        def back():
            o.grad = o.grad + 2 * gap

        self.steps.append(back)
        return np.sum(gap * gap)

    def log(self, z, y):
        v = z.value

        def back():
            z.grad = z.grad + (1 - y) * stable_sigmoid(v) - y * stable_sigmoid(-v)

        self.steps.append(back)
        return np.sum(y * np.logaddexp(0, -v) + (1 - y) * np.logaddexp(0, v))

    def cross_entropy(self, z, y):
        s = z.value - z.value.max(axis=1, keepdims=True)
        log_o = s - np.log(np.exp(s).sum(axis=1, keepdims=True))

        def back():
            z.grad = z.grad + np.exp(log_o) * y.sum(axis=1, keepdims=True) - y

        self.steps.append(back)
        return -np.sum(y * log_o)

    def rewind(self):
        while self.steps:
            self.steps.pop()()


def stable_sigmoid(v):
    e = np.exp(-np.abs(v))
    return np.where(v >= 0, 1 / (1 + e), e / (1 + e))


def tame(g, outputs):
    return np.clip(g / outputs, -0.1, 0.1)


@backproof.subject(
    activations=["identity", "sigmoid", "tanh", "softmax"],
    losses=["squared", "log", "cross_entropy"],
)
def net(case):
    weights = [layer.weights for layer in case.layers]
    biases = [layer.biases for layer in case.layers]
    outputs = case.y.shape[1]
    rate = float(case.learning_rate)
    updates = []
    for batch in case.batches:
        tape = Tape()
        w_nodes = [Node(w) for w in weights]
        b_nodes = [None if b is None else Node(b) for b in biases]
        a = Node(case.x[list(batch)])
        y = case.y[list(batch)]
        z_nodes, a_nodes = [], []
        for layer, w, b in zip(case.layers, w_nodes, b_nodes):
            z_nodes.append(tape.affine(a, w, b))
            a = tape.activation(layer.activation.name, z_nodes[-1])
            a_nodes.append(a)
        if case.loss == "squared":
            loss = tape.squared(a, y)
        else:
            loss = getattr(tape, case.loss)(z_nodes[-1], y)
        tape.rewind()

        gw = [tame(w.grad, outputs) for w in w_nodes]
        gw = [g if layer.mask is None else g * layer.mask for g, layer in zip(gw, case.layers)]
        gb = [None if b is None else tame(b.grad, outputs) for b in b_nodes]
        weights = [w - rate * g for w, g in zip(weights, gw)]
        biases = [None if b is None else b - rate * g for b, g in zip(biases, gb)]
        updates.append(
            {
                "net_inputs": [n.value for n in z_nodes],
                "activations": [n.value for n in a_nodes],
                "loss": loss,
                "deltas": [n.grad for n in z_nodes],
                "weight_gradients": gw,
                "bias_gradients": gb,
                "weights": weights,
                "biases": biases,
            }
        )
    return updates
