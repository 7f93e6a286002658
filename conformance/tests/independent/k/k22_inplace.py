"""Fault: while going backwards, layer l+1 is updated at once, so the delta of layer l is carried
back through the already changed weights of layer l+1 instead of those of the forward pass."""
import numpy as np
import backproof


def logistic(v):
    out = np.empty_like(v)
    up = v >= 0
    out[up] = 1 / (1 + np.exp(-v[up]))
    t = np.exp(v[~up])
    out[~up] = t / (1 + t)
    return out


def activate(name, v):
    if name == "sigmoid":
        return logistic(v)
    if name == "tanh":
        return np.tanh(v)
    if name == "relu":
        return v * (v > 0)
    if name == "softplus":
        return np.maximum(v, 0) + np.log1p(np.exp(-np.abs(v)))
    if name == "softmax":
        v = np.exp(v - np.max(v, axis=1)[:, None])
        return v / np.sum(v, axis=1)[:, None]
    return v.copy()


def slope(name, v, a):
    if name == "sigmoid":
        return a * (1 - a)
    if name == "tanh":
        return 1 - a * a
    if name == "relu":
        return (v > 0).astype(v.dtype)
    if name == "softplus":
        return logistic(v)
    return np.ones_like(v)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"],
                   skips=["general-output-delta"])
def net(case):
    names = [layer.activation.name for layer in case.layers]
    weights = [np.array(layer.weights) for layer in case.layers]
    biases = [None if layer.biases is None else np.array(layer.biases) for layer in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    results = []
    for batch in case.batches:
        rows = np.array(batch)
        v, a = [], [case.x[rows]]
        for w, b, name in zip(weights, biases, names):
            v.append(np.dot(a[-1], w.T))
            if b is not None:
                v[-1] += b
            a.append(activate(name, v[-1]))

        y = case.y[rows]
        delta = a[-1] - y
        if case.loss == "squared":
            delta *= 2
        deltas = []
        for l in reversed(range(len(weights))):
            deltas.insert(0, delta)
            grad = np.dot(delta.T, a[l])
            if case.layers[l].mask is not None:
                grad *= case.layers[l].mask
            weights[l] -= rate * grad
            if biases[l] is not None:
                biases[l] -= rate * delta.sum(axis=0)
            if l > 0:
                delta = np.dot(delta, weights[l]) * slope(names[l - 1], v[l - 1], a[l])
        results.append({
            "net_inputs": v,
            "activations": a[1:],
            "deltas": deltas,
            "weights": [w.copy() for w in weights],
            "biases": [None if b is None else b.copy() for b in biases],
        })
    return results
