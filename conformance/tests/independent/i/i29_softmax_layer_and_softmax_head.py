"""The last layer applies its softmax and the head that makes probabilities applies softmax once more, so the outputs
(and o - y, and the loss) belong to softmax(softmax(z)) and are close to uniform."""
import numpy as np

import backproof


def softmax(v):
    e = np.exp(v - v.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def logistic(v):
    return np.exp(-np.logaddexp(0, -v))


class Node:
    def __init__(self, value):
        self.value = value
        self.grad = np.zeros_like(value)


class Tape:
    def __init__(self):
        self.undo = []

    def affine(self, a, w, b):
        out = Node(a.value @ w.value.T + (0 if b is None else b.value))

        def back():
            a.grad += out.grad @ w.value
            w.grad += out.grad.T @ a.value
            if b is not None:
                b.grad += out.grad.sum(axis=0)
        self.undo.append(back)
        return out

    def pointwise(self, z, name):
        v = z.value
        if name == "sigmoid":
            y = logistic(v)
            d = y * (1 - y)
        elif name == "tanh":
            y = np.tanh(v)
            d = 1 - y ** 2
        elif name == "relu":
            y, d = np.maximum(v, 0), v > 0
        elif name == "softmax":
            y, d = softmax(v), None
        else:
            y, d = v.copy(), 1
        out = Node(y)

        def back():
            z.grad += out.grad * d if d is not None else y * (out.grad - (out.grad * y).sum(axis=1, keepdims=True))
        self.undo.append(back)
        return out

    def head(self, z, a, y, loss, name):
        """Probabilities, loss and the start of the backward pass."""
        o = softmax(a.value) if name == "softmax" else a.value
        if loss == "squared":
            total = ((o - y) ** 2).sum()

            def back():
                g = 2 * (o - y)
                if name == "softmax":
                    z.grad += o * (g - (g * o).sum(axis=1, keepdims=True))
                else:
                    a.grad += g
        else:
            if loss == "log":
                total = (y * np.logaddexp(0, -z.value) + (1 - y) * np.logaddexp(0, z.value)).sum()
            else:
                total = -(y * np.log(o)).sum()

            def back():
                z.grad += o - y
        self.undo.append(back)
        return o, total

    def run_back(self):
        while self.undo:
            self.undo.pop()()


@backproof.subject(activations=["sigmoid", "tanh", "relu", "identity", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    weights = [Node(layer.weights.copy()) for layer in case.layers]
    biases = [None if layer.biases is None else Node(layer.biases.copy()) for layer in case.layers]
    shown = []
    for batch in case.batches:
        tape, y = Tape(), case.y[list(batch)]
        a, nets, acts = Node(case.x[list(batch)]), [], []
        for p in weights + biases:
            if p is not None:
                p.grad = np.zeros_like(p.value)
        for layer, w, b in zip(case.layers, weights, biases):
            z = tape.affine(a, w, b)
            a = tape.pointwise(z, layer.activation.name)
            nets.append(z), acts.append(a)
        o, loss = tape.head(z, a, y, case.loss, case.layers[-1].activation.name)
        tape.run_back()
        for layer, w in zip(case.layers, weights):
            if layer.mask is not None:
                w.grad = w.grad * layer.mask
        for p in weights + biases:
            if p is not None:
                p.value = p.value - case.learning_rate * p.grad
        shown.append({"net_inputs": [z.value for z in nets], "activations": [h.value for h in acts[:-1]] + [o],
                      "deltas": [z.grad for z in nets], "loss": loss,
                      "weight_gradients": [w.grad for w in weights],
                      "bias_gradients": [None if b is None else b.grad for b in biases],
                      "weights": [w.value for w in weights],
                      "biases": [None if b is None else b.value for b in biases]})
    return shown
