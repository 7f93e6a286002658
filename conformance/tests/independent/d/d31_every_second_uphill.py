"""Every second update steps uphill: the sign of the step flips from one update to the next."""

import numpy as np

import backproof


def stable_sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def trainer(case):
    def forward(params, x):
        seen = [x]
        for (w, b), layer in zip(params, case.layers):
            z = seen[-1] @ w.T
            z = z if b is None else z + b
            kind = layer.activation.name
            if kind == "sigmoid":
                z = stable_sigmoid(z)
            elif kind == "tanh":
                z = np.tanh(z)
            elif kind == "relu":
                z = np.maximum(z, 0)
            seen.append(z)
        return seen

    def prime(l, a):
        kind = case.layers[l].activation.name
        if kind == "sigmoid":
            return a * (1 - a)
        return 1 - a * a if kind == "tanh" else (a > 0).astype(a.dtype) if kind == "relu" else np.ones_like(a)

    def backward(params, seen, y):
        d = seen[-1] - y
        if case.loss == "squared":
            d = 2 * d * prime(-1, seen[-1])
        for l in range(len(params) - 1, -1, -1):
            g = d.T @ seen[l]
            yield l, g if case.layers[l].mask is None else g * case.layers[l].mask, d.sum(axis=0)
            if l:
                d = (d @ params[l][0]) * prime(l - 1, seen[l])

    return forward, backward


@backproof.subject(activations=["sigmoid", "tanh", "relu", "identity"], losses=["squared", "log"])
def net(case):
    forward, backward = trainer(case)
    params = [(l.weights, l.biases) for l in case.layers]
    step = -case.x.dtype.type(case.learning_rate)
    shown = []
    for batch in case.batches:
        new = list(params)
        for l, gw, gb in backward(params, forward(params, case.x[list(batch)]), case.y[list(batch)]):
            w, b = params[l]
            new[l] = (w + step * gw, None if b is None else b + step * gb)
        params = new
        step = -step
        shown.append({"weights": [w for w, _ in params], "biases": [b for _, b in params]})
    return shown
