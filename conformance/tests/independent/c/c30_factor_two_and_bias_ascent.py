"""Faults: the factor 2 of the squared loss is forgotten, and the biases go uphill."""
import numpy as np
import backproof


@backproof.subject(activations=["tanh", "relu", "sigmoid", "identity"], losses=["squared"], skips=["masked", "no-biases"],
                   weight_layout="in_out")
def net(case):
    names = [l.activation.name for l in case.layers]
    theta = [np.vstack([l.weights, l.biases]) for l in case.layers]
    one = case.x.dtype.type(1)
    rate = case.x.dtype.type(case.learning_rate)

    def act(name, z):
        if name == "tanh":
            return np.tanh(z)
        if name == "relu":
            return np.where(z > 0, z, 0 * one)
        if name == "sigmoid":
            e = np.exp(-np.abs(z))
            return np.where(z >= 0, one, e) / (one + e)
        return z

    def slope(name, a):
        return {"tanh": one - a * a, "relu": (a > 0) * one, "sigmoid": a * (one - a), "identity": np.ones_like(a)}[name]

    res = []
    for batch in case.batches:
        h = [np.pad(case.x[list(batch)], ((0, 0), (0, 1)), constant_values=1)]
        for t, n in zip(theta, names):
            h.append(np.pad(act(n, h[-1] @ t), ((0, 0), (0, 1)), constant_values=1))
        o = h[-1][:, :-1]
        d = (o - case.y[list(batch)]) * slope(names[-1], o)
        grads = [None] * len(theta)
        for l in range(len(theta) - 1, -1, -1):
            grads[l] = h[l].T @ d
            if l:
                d = (d @ theta[l][:-1].T) * slope(names[l - 1], h[l][:, :-1])
        signed = []
        for g in grads:
            g = g.copy()
            g[-1] = -g[-1]
            signed.append(g)
        theta = [t - rate * g for t, g in zip(theta, signed)]
        res.append({"weight_gradients": [g[:-1] for g in grads], "bias_gradients": [g[-1] for g in grads],
                    "weights": [t[:-1] for t in theta], "biases": [t[-1] for t in theta]})
    return res
