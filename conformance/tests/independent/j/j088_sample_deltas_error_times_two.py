"""Fault: the output delta of a squared loss is 2 (o - y) for every output activation; the factor f'(z) (softmax: its
Jacobian) is left out."""
import numpy as np

import backproof


def sigma(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def phi(name, z):
    table = {
        "identity": lambda: z,
        "sigmoid": lambda: sigma(z),
        "tanh": lambda: np.tanh(z),
        "relu": lambda: np.maximum(z, 0),
        "softplus": lambda: np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))),
        "softmax": lambda: softmax(z),
    }
    return table[name]()


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def dphi(name, z):
    table = {
        "identity": lambda: np.ones_like(z),
        "sigmoid": lambda: sigma(z) * sigma(-z),
        "tanh": lambda: 1 - np.tanh(z) ** 2,
        "relu": lambda: (z > 0).astype(z.dtype),
        "softplus": lambda: sigma(z),
    }
    return table[name]()


def cost(kind, z, o, y):
    if kind == "squared":
        return ((o - y) ** 2).sum(axis=1).mean()
    if kind == "log":
        return (y * phi("softplus", -z) + (1 - y) * phi("softplus", z)).sum(axis=1).mean()
    s = z - z.max(axis=1, keepdims=True)
    return (y * (np.log(np.exp(s).sum(axis=1, keepdims=True)) - s)).sum(axis=1).mean()


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], reduction="mean", delta_of="sample")
def net(case):
    dtype = case.x.dtype
    params = [[np.array(l.weights), None if l.biases is None else np.array(l.biases)] for l in case.layers]
    kinds = [l.activation.name for l in case.layers]
    rate = dtype.type(case.learning_rate)
    record = []
    for batch in case.batches:
        n = dtype.type(len(batch))
        h, y = case.x[list(batch)], case.y[list(batch)]
        hs, zs = [h], []
        for (w, b), kind in zip(params, kinds):
            z = h @ w.T if b is None else h @ w.T + b
            h = phi(kind, z)
            zs.append(z)
            hs.append(h)
        d = (2 if case.loss == "squared" else 1) * (h - y)
        ds = [d]
        for l in range(len(params) - 1, 0, -1):
            d = dphi(kinds[l - 1], zs[l - 1]) * (d @ params[l][0])
            ds.insert(0, d)
        gw, gb = [], []
        for l, (w, b) in enumerate(params):
            g = ds[l].T @ hs[l] / n
            if case.layers[l].mask is not None:
                g = g * case.layers[l].mask
            gw.append(g)
            gb.append(None if b is None else ds[l].mean(axis=0))
        entry = {"net_inputs": zs, "activations": hs[1:], "deltas": ds,
                 "loss": cost(case.loss, zs[-1], h, y), "weight_gradients": gw, "bias_gradients": gb}
        params = [[w - rate * g, None if b is None else b - rate * c] for (w, b), g, c in zip(params, gw, gb)]
        entry["weights"] = [w for w, _ in params]
        entry["biases"] = [b for _, b in params]
        record.append(entry)
    return record
