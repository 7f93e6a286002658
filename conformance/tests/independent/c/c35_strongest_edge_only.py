"""Fault: a delta goes back only along each neuron's strongest outgoing edge (largest |w|)."""
import numpy as np
import backproof


@backproof.subject(activations=["sigmoid", "tanh", "relu", "identity", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    dtype = case.x.dtype
    W = [l.weights for l in case.layers]
    b = [l.biases for l in case.layers]
    name = [l.activation.name for l in case.layers]

    def act(n, z):
        if n == "sigmoid":
            e = np.exp(-np.abs(z))
            return np.where(z >= 0, 1 / (1 + e), e / (1 + e))
        if n == "softmax":
            e = np.exp(z - z.max(axis=1, keepdims=True))
            return e / e.sum(axis=1, keepdims=True)
        return np.tanh(z) if n == "tanh" else np.maximum(z, 0) if n == "relu" else z

    def back(n, a, g):
        if n == "softmax":
            return a * (g - (a * g).sum(axis=1, keepdims=True))
        if n == "sigmoid":
            return a * (1 - a) * g
        if n == "tanh":
            return (1 - a * a) * g
        return np.where(a > 0, g, dtype.type(0)) if n == "relu" else g

    out = []
    for batch in case.batches:
        a = [case.x[list(batch)]]
        for k in range(len(W)):
            z = a[k] @ W[k].T
            a.append(act(name[k], z if b[k] is None else z + b[k]))
        d = a[-1] - case.y[list(batch)]
        if case.loss == "squared":
            d = back(name[-1], a[-1], d * 2)
        deltas = [d]
        for k in range(len(W) - 1, 0, -1):
            best = np.abs(W[k]).argmax(axis=0)
            d = back(name[k - 1], a[k], d[:, best] * W[k][best, np.arange(W[k].shape[1])])
            deltas.insert(0, d)
        rate = dtype.type(case.learning_rate)
        for k, (e, p) in enumerate(zip(deltas, a)):
            g = e.T @ p
            if case.layers[k].mask is not None:
                g[~case.layers[k].mask] = 0
            W[k] = W[k] - rate * g
            if b[k] is not None:
                b[k] = b[k] - rate * e.sum(axis=0)
        out.append({"deltas": deltas, "weights": list(W), "biases": list(b)})
    return out
