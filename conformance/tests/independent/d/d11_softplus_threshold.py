"""Softplus turns into the identity above a threshold of 20."""

import numpy as np

import backproof

THRESHOLD = 20


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def softplus(z):
    return np.where(z > THRESHOLD, z, np.log1p(np.exp(np.minimum(z, THRESHOLD))))


def softplus_slope(z):
    return np.where(z > THRESHOLD, 1, sigmoid(z))


table = {
    "softplus": (softplus, softplus_slope),
    "sigmoid": (sigmoid, lambda z: sigmoid(z) * sigmoid(-z)),
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(z.dtype)),
    "identity": (lambda z: z, np.ones_like),
}


def forward(ws, bs, names, x):
    zs, acts = [], [x]
    for w, b, name in zip(ws, bs, names):
        z = acts[-1] @ w.T
        zs.append(z if b is None else z + b)
        acts.append(table[name][0](zs[-1]))
    return zs, acts


def backward(ws, zs, names, top):
    deltas = [top]
    for l in range(len(ws) - 1, 0, -1):
        deltas.insert(0, table[names[l - 1]][1](zs[l - 1]) * (deltas[0] @ ws[l]))
    return deltas


@backproof.subject(activations=list(table), losses=["squared"])
def net(case):
    names = [l.activation.name for l in case.layers]
    ws, bs = [l.weights for l in case.layers], [l.biases for l in case.layers]
    lr, records = case.x.dtype.type(case.learning_rate), []
    for batch in case.batches:
        x, y = case.x[list(batch)], case.y[list(batch)]
        zs, acts = forward(ws, bs, names, x)
        deltas = backward(ws, zs, names, 2 * (acts[-1] - y) * table[names[-1]][1](zs[-1]))
        gws = [d.T @ a if l.mask is None else d.T @ a * l.mask for d, a, l in zip(deltas, acts, case.layers)]
        gbs = [None if b is None else d.sum(0) for d, b in zip(deltas, bs)]
        ws = [w - lr * g for w, g in zip(ws, gws)]
        bs = [None if b is None else b - lr * g for b, g in zip(bs, gbs)]
        records.append({
            "net_inputs": zs, "activations": acts[1:], "loss": ((acts[-1] - y) ** 2).sum(), "deltas": deltas,
            "weight_gradients": gws, "bias_gradients": gbs, "weights": ws, "biases": bs,
        })
    return records
