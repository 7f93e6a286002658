"""Correct: one flat parameter vector, closures that read and write it, only the weights and biases are shown."""
import numpy as np
import backproof


def build(case):
    sizes = [(l.weights.shape, l.biases is not None) for l in case.layers]
    total = sum(r * q + (r if has else 0) for (r, q), has in sizes)
    theta, grad = np.zeros(total, case.x.dtype), np.zeros(total, case.x.dtype)
    views, at = [], 0
    for l, ((r, q), has) in zip(case.layers, sizes):
        here = slice(at, at + r * q)
        at += r * q
        there = slice(at, at + r) if has else None
        at += r if has else 0
        theta[here] = l.weights.ravel()
        if has:
            theta[there] = l.biases
        views.append((here, there, (r, q)))
    return theta, grad, views


def linear(theta, grad, view, mask):
    here, there, shape = view

    def run(x):
        out = x @ theta[here].reshape(shape).T
        if there is not None:
            out += theta[there]

        def back(g):
            own = g.T @ x
            grad[here] += (own if mask is None else own * mask).ravel()
            if there is not None:
                grad[there] += g.sum(axis=0)
            return g @ theta[here].reshape(shape)

        return out, back

    return run


def elementwise(activation, fused):
    name = activation.name

    def sigmoid(z):
        e = np.exp(-np.abs(z))
        return np.where(z >= 0, 1 / (1 + e), e / (1 + e))

    def run(z):
        if name == "softmax":
            e = np.exp(z - z.max(axis=1, keepdims=True))
            a = e / e.sum(axis=1, keepdims=True)
            return a, (lambda g: g) if fused else (lambda g: a * (g - (a * g).sum(axis=1, keepdims=True)))
        if name == "sigmoid":
            a = sigmoid(z)
            return a, (lambda g: g) if fused else (lambda g: g * a * (1 - a))
        if name == "tanh":
            a = np.tanh(z)
            return a, lambda g: g * (1 - a * a)
        if name == "relu":
            return np.maximum(z, 0), lambda g: g * (z > 0)
        if name == "leaky_relu":
            leak = z.dtype.type(dict(activation.parameters).popitem()[1])
            s = np.where(z > 0, z.dtype.type(1), leak)
            return z * s, lambda g: g * s
        return z, lambda g: g

    return run


@backproof.subject(activations=["sigmoid", "tanh", "relu", "leaky_relu", "identity", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    theta, grad, views = build(case)
    pipe = []
    for k, (l, view) in enumerate(zip(case.layers, views)):
        pipe.append(linear(theta, grad, view, l.mask))
        pipe.append(elementwise(l.activation, k == len(views) - 1 and case.loss != "squared"))
    history = []
    for batch in case.batches:
        grad[:] = 0
        h, backs = case.x[list(batch)], []
        for run in pipe:
            h, back = run(h)
            backs.append(back)
        g = h - case.y[list(batch)]
        if case.loss == "squared":
            g = g + g
        while backs:
            g = backs.pop()(g)
        theta -= case.x.dtype.type(case.learning_rate) * grad
        history.append({
            "weights": [theta[here].reshape(shape).copy() for here, _, shape in views],
            "biases": [None if there is None else theta[there].copy() for _, there, _ in views],
        })
    return history
