"""Fault: hidden layers are taken back with ReLU's derivative (1 where z > 0, else 0)
whatever their activation is, so only ReLU networks are trained correctly."""
import numpy as np
import backproof


def sigmoid(z):
    pos = 1 / (1 + np.exp(-np.maximum(z, 0)))
    neg = np.exp(np.minimum(z, 0))
    return np.where(z >= 0, pos, neg / (1 + neg))


def forward_activation(act, z):
    p = dict(act.parameters)
    match act.name:
        case "identity":
            return z
        case "sigmoid":
            return sigmoid(z)
        case "tanh":
            return np.tanh(z)
        case "relu":
            return np.maximum(0, z)
        case "leaky_relu":
            return np.where(z > 0, z, z.dtype.type(p["slope"]) * z)
        case "elu":
            return np.where(z > 0, z, z.dtype.type(p["alpha"]) * np.expm1(np.minimum(z, 0)))
        case "softplus":
            return np.log1p(np.exp(-abs(z))) + np.maximum(z, 0)
        case "softmax":
            z = z - z.max(1, keepdims=True)
            return np.exp(z) / np.exp(z).sum(1, keepdims=True)


class Views:
    """Cuts one flat vector into the weights and biases of all layers."""

    def __init__(self, layers):
        self.slices, start = [], 0
        for layer in layers:
            n = layer.weights.size
            w = (slice(start, start + n), layer.weights.shape)
            start += n
            b = None
            if layer.biases is not None:
                b = slice(start, start + layer.biases.size)
                start += layer.biases.size
            self.slices.append((w, b))
        self.size = start

    def weight(self, flat, l):
        (s, shape), _ = self.slices[l]
        return flat[s].reshape(shape)

    def bias(self, flat, l):
        s = self.slices[l][1]
        return None if s is None else flat[s]


def gradient(case, views, theta, x, y):
    grad = np.zeros_like(theta)
    depth = len(case.layers)
    zs, acts = [], [x]
    for l in range(depth):
        z = acts[l] @ views.weight(theta, l).T
        b = views.bias(theta, l)
        zs.append(z if b is None else z + b)
        acts.append(forward_activation(case.layers[l].activation, zs[l]))
    delta = acts[-1] - y
    if case.loss == "squared":
        delta = 2 * delta
    for l in range(depth - 1, -1, -1):
        gw = delta.T @ acts[l]
        if case.layers[l].mask is not None:
            gw = np.where(case.layers[l].mask, gw, 0)
        views.weight(grad, l)[...] = gw
        if views.bias(grad, l) is not None:
            views.bias(grad, l)[...] = delta.sum(0)
        if l:
            delta = (delta @ views.weight(theta, l)) * (zs[l - 1] > 0)
    return grad


@backproof.subject(
    activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"],
    losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"], loss_at="none")
def net(case):
    views = Views(case.layers)
    theta = np.zeros(views.size, case.x.dtype)
    L = range(len(case.layers))
    for l in L:
        views.weight(theta, l)[...] = case.layers[l].weights
        if case.layers[l].biases is not None:
            views.bias(theta, l)[...] = case.layers[l].biases
    out = []
    for batch in case.batches:
        pick = list(batch)
        g = gradient(case, views, theta, case.x[pick], case.y[pick])
        theta = theta - theta.dtype.type(case.learning_rate) * g
        out.append({"weight_gradients": [views.weight(g, l) for l in L],
                    "bias_gradients": [views.bias(g, l) for l in L],
                    "weights": [views.weight(theta, l) for l in L],
                    "biases": [views.bias(theta, l) for l in L]})
    return out
