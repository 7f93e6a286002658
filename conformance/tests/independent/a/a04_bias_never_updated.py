"""Style: all parameters in one flat vector, layers are views into it. Fault: biases are never updated."""

import numpy as np

import backproof


class Layout:
    """Where each layer's weights and biases lie in the flat vector."""

    def __init__(self, layers):
        self.blocks, self.size = [], 0
        for layer in layers:
            shape = layer.weights.shape
            w = slice(self.size, self.size + shape[0] * shape[1])
            self.size = w.stop
            b = None
            if layer.biases is not None:
                b = slice(self.size, self.size + shape[0])
                self.size = b.stop
            self.blocks.append((shape, w, b))

    def split(self, theta):
        weights = [theta[w].reshape(shape) for shape, w, b in self.blocks]
        biases = [None if b is None else theta[b] for shape, w, b in self.blocks]
        return weights, biases


def act(name, z):
    if name == "sigmoid":
        return np.exp(-np.logaddexp(0, -z))
    if name == "tanh":
        return np.tanh(z)
    if name == "relu":
        return z * (z > 0)
    if name == "softmax":
        p = np.exp(z - np.max(z, axis=-1, keepdims=True))
        return p / np.sum(p, axis=-1, keepdims=True)
    return z


def vjp(name, z, a, g):
    """g = dE/da, the answer = dE/dz."""
    if name == "sigmoid":
        return g * a * (1 - a)
    if name == "tanh":
        return g * (1 - a) * (1 + a)
    if name == "relu":
        return g * (z > 0)
    if name == "softmax":
        return a * (g - np.sum(a * g, axis=-1, keepdims=True))
    return g


@backproof.subject(
    activations=["sigmoid", "tanh", "relu", "identity", "softmax"], losses=["squared", "log", "cross_entropy"]
)
def net(case):
    layout = Layout(case.layers)
    theta = np.zeros(layout.size, dtype=case.dtype)
    exists = np.ones(layout.size, dtype=case.dtype)
    trained = np.zeros(layout.size, dtype=bool)
    for layer, (shape, w, b) in zip(case.layers, layout.blocks):
        theta[w] = layer.weights.ravel()
        trained[w] = True
        if layer.mask is not None:
            exists[w] = layer.mask.ravel()
        if b is not None:
            theta[b] = layer.biases
    names = [layer.activation.name for layer in case.layers]
    rate = float(case.learning_rate)
    updates = []
    for batch in case.batches:
        x, y = case.x[list(batch)], case.y[list(batch)]
        weights, biases = layout.split(theta)
        zs, acts = [], [x]
        for W, b, name in zip(weights, biases, names):
            z = acts[-1] @ W.T + (0 if b is None else b)
            zs.append(z)
            acts.append(act(name, z))
        o, z = acts[-1], zs[-1]
        if case.loss == "squared":
            loss = np.sum(np.square(y - o))
            delta = vjp(names[-1], z, o, 2 * (o - y))
        elif case.loss == "log":
            loss = np.sum(np.logaddexp(0, z) - y * z)
            delta = o - y
        else:
            m = np.max(z, axis=1, keepdims=True)
            lse = m + np.log(np.sum(np.exp(z - m), axis=1, keepdims=True))
            loss = np.sum(y * (lse - z))
            delta = np.sum(y, axis=1, keepdims=True) * o - y
        grad = np.zeros_like(theta)
        deltas = [None] * len(names)
        for l in reversed(range(len(names))):
            deltas[l] = delta
            shape, w, b = layout.blocks[l]
            grad[w] = (delta.T @ acts[l]).ravel()
            if b is not None:
                grad[b] = delta.sum(axis=0)
            if l:
                delta = vjp(names[l - 1], zs[l - 1], acts[l], delta @ weights[l])
        grad *= exists
        theta = np.where(trained, theta - rate * grad, theta)
        gw, gb = layout.split(grad)
        weights, biases = layout.split(theta)
        updates.append(
            {
                "net_inputs": zs,
                "activations": acts[1:],
                "loss": loss,
                "deltas": deltas,
                "weight_gradients": gw,
                "bias_gradients": gb,
                "weights": weights,
                "biases": biases,
            }
        )
    return updates
