"""Fault: weight decay (0.01 on the weights) is left on."""
import numpy as np
import backproof

DECAY = 0.01


def prepare(layer):
    """Put the bias into column 0 (E2)."""
    bias = np.zeros(len(layer.weights), layer.weights.dtype) if layer.biases is None else layer.biases
    return np.concatenate([bias[:, None], layer.weights], axis=1)


def extend(a):
    return np.concatenate([np.ones((len(a), 1), a.dtype), a], axis=1)


def f(name, z):
    if name == "sigmoid":
        return np.where(z >= 0, 1 / (1 + np.exp(-np.maximum(z, 0))), np.exp(np.minimum(z, 0)) / (1 + np.exp(np.minimum(z, 0))))
    if name == "tanh":
        return np.tanh(z)
    if name == "relu":
        return np.maximum(z, 0)
    if name == "softmax":
        e = np.exp(z - z.max(axis=1)[:, None])
        return e / e.sum(axis=1)[:, None]
    return z


def vjp(name, a, g):
    if name == "sigmoid":
        return g * a * (1 - a)
    if name == "tanh":
        return g * (1 - a * a)
    if name == "relu":
        return np.where(a > 0, g, 0 * g)
    if name == "softmax":
        return a * (g - (a * g).sum(axis=1)[:, None])
    return g


@backproof.subject(activations=["sigmoid", "tanh", "relu", "identity", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["masked"])
def net(case):
    V = [prepare(layer) for layer in case.layers]
    names = [layer.activation.name for layer in case.layers]
    T = case.x.dtype.type
    history = []
    for batch in case.batches:
        a = [case.x[list(batch)]]
        for v, name in zip(V, names):
            a.append(f(name, extend(a[-1]) @ v.T))
        e = a[-1] - case.y[list(batch)]
        d = vjp(names[-1], a[-1], 2 * e) if case.loss == "squared" else e
        grads = []
        for l in range(len(V) - 1, -1, -1):
            grads.append(d.T @ extend(a[l]))
            if l:
                d = vjp(names[l - 1], a[l], (d @ V[l])[:, 1:])
        grads.reverse()
        new = []
        for v, g, layer in zip(V, grads, case.layers):
            step = g.copy()
            step[:, 1:] += T(DECAY) * v[:, 1:]
            if layer.biases is None:
                step[:, 0] = 0
            new.append(v - T(case.learning_rate) * step)
        V = new
        history.append({
            "weight_gradients": [g[:, 1:] for g in grads],
            "bias_gradients": [None if l.biases is None else g[:, 0] for g, l in zip(grads, case.layers)],
            "weights": [v[:, 1:] for v in V],
            "biases": [None if l.biases is None else v[:, 0] for v, l in zip(V, case.layers)],
        })
    return history
