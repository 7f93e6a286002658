"""Fault: the labels are shifted by one sample (np.roll)."""
import numpy as np
import backproof


@backproof.subject(activations=["sigmoid", "softmax", "tanh", "relu", "identity"],
                   losses=["cross_entropy", "log", "squared"], skips=["no-hidden-layer", "masked"])
def net(case):
    T = case.x.dtype.type
    labels = np.roll(case.y, 1, axis=0)
    W, b = [p.weights for p in case.layers], [p.biases for p in case.layers]

    def fire(p, z):
        n = p.activation.name
        if n == "softmax":
            e = np.exp(z - np.amax(z, axis=1, keepdims=True))
            return e / np.add.reduce(e, axis=1, keepdims=True)
        if n == "sigmoid":
            return np.reciprocal(T(1) + np.exp(-np.maximum(z, 0))) * (z >= 0) + (z < 0) * (
                np.exp(np.minimum(z, 0)) / (T(1) + np.exp(np.minimum(z, 0))))
        return np.tanh(z) if n == "tanh" else np.maximum(z, 0) if n == "relu" else z

    def rate_of_change(p, a):
        n = p.activation.name
        return a * (1 - a) if n == "sigmoid" else 1 - a * a if n == "tanh" else np.sign(a) if n == "relu" else np.ones_like(a)

    def step(batch):
        i = list(batch)
        a = [case.x[i]]
        for p, w, c in zip(case.layers, W, b):
            a.append(fire(p, np.inner(a[-1], w) + (T(0) if c is None else c)))
        g = a[-1] - labels[i]
        if case.loss == "squared":
            g = g + g
            if case.layers[-1].activation.name == "softmax":
                g = np.einsum("si,sij->sj", g, np.einsum("si,ij->sij", a[-1], np.eye(g.shape[1], dtype=T)) -
                              np.einsum("si,sj->sij", a[-1], a[-1]))
            else:
                g = g * rate_of_change(case.layers[-1], a[-1])
        gw, gb = [None] * len(W), [None] * len(W)
        for l in range(len(W) - 1, -1, -1):
            gw[l] = np.tensordot(g, a[l], axes=(0, 0))
            gb[l] = g.sum(axis=0)
            if l > 0:
                g = np.dot(g, W[l]) * rate_of_change(case.layers[l - 1], a[l])
        lr = T(case.learning_rate)
        W[:] = [w - lr * d for w, d in zip(W, gw)]
        b[:] = [None if c is None else c - lr * d for c, d in zip(b, gb)]
        return {"weights": list(W), "biases": list(b)}

    return [step(batch) for batch in case.batches]
