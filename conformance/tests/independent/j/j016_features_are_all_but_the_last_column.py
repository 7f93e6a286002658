"""Fault: the features of a sample are taken as row[:-1], as in a table whose last column is the label; the last input
never reaches the network and the weights that lead from it get a gradient of 0."""
from math import exp, expm1, log, log1p, tanh

import numpy as np

import backproof


def logistic(z):
    return 1 / (1 + exp(-z)) if z > 0 else exp(z) / (1 + exp(z))


SCALAR = {  # value and derivative, with the activation's own parameter
    "identity": (lambda z, p: z, lambda z, p: 1.0),
    "sigmoid": (lambda z, p: logistic(z), lambda z, p: logistic(z) * logistic(-z)),
    "tanh": (lambda z, p: tanh(z), lambda z, p: 1 - tanh(z) ** 2),
    "relu": (lambda z, p: z if z > 0 else 0.0, lambda z, p: 1.0 if z > 0 else 0.0),
    "leaky_relu": (lambda z, p: z if z > 0 else p * z, lambda z, p: 1.0 if z > 0 else p),
    "elu": (lambda z, p: z if z > 0 else p * expm1(z), lambda z, p: 1.0 if z > 0 else p * exp(z)),
    "softplus": (lambda z, p: max(z, 0) + log1p(exp(-abs(z))), lambda z, p: logistic(z)),
}


def softmax(zs):
    es = [exp(z - max(zs)) for z in zs]
    return [e / sum(es) for e in es]


def dot(u, v):
    return sum(s * t for s, t in zip(u, v))


def propagate(net_, inp):
    """[(input, net inputs, outputs)] of every layer for one sample."""
    trail = []
    for W, b, name, p in net_:
        zs = [dot(row, inp) + (b[i] if b else 0.0) for i, row in enumerate(W)]
        out = softmax(zs) if name == "softmax" else [SCALAR[name][0](z, p) for z in zs]
        trail.append((inp, zs, out))
        inp = out
    return trail


def top(loss, name, p, zs, o, y):
    if loss == "log":
        return sum(max(z, 0) - t * z + log1p(exp(-abs(z))) for z, t in zip(zs, y)), [a - t for a, t in zip(o, y)]
    if loss == "cross_entropy":
        norm = log(sum(exp(z - max(zs)) for z in zs))
        return sum(t * (norm - (z - max(zs))) for z, t in zip(zs, y)), [a - t for a, t in zip(o, y)]
    g = [2 * (a - t) for a, t in zip(o, y)]
    if name == "softmax":
        d = [a * (v - dot(g, o)) for a, v in zip(o, g)]
    else:
        d = [v * SCALAR[name][1](z, p) for v, z in zip(g, zs)]
    return sum((t - a) ** 2 for a, t in zip(o, y)), d


@backproof.subject(activations=[*SCALAR, "softmax"], losses=["squared", "log", "cross_entropy"])
def net(case):
    table = [list(map(float, row)) for row in case.x]
    labels = [list(map(float, row)) for row in case.y]
    net_ = [(l.weights.tolist(), l.biases.tolist() if l.biases is not None else None, l.activation.name,
             float(next(iter(dict(l.activation.parameters).values()), 0))) for l in case.layers]
    as_array = lambda v: None if v is None else np.array(v, dtype=case.x.dtype)
    result = []
    for batch in case.batches:
        gW = [[[0.0] * len(row) for row in W] for W, *_ in net_]
        gb = [[0.0] * len(W) if b else None for W, b, *_ in net_]
        error, trails, blames = 0.0, [], []
        for k in batch:
            features = table[k][:-1]
            trail = propagate(net_, features)
            e, d = top(case.loss, *net_[-1][2:], *trail[-1][1:], labels[k])
            error += e
            ds = [d]
            for (W, *_), (_, _, name, p), (_, zs, _) in zip(net_[:0:-1], net_[-2::-1], trail[-2::-1]):
                ds.insert(0, [SCALAR[name][1](z, p) * dot(column, ds[0]) for z, column in zip(zs, zip(*W))])
            for l, (inp, _, _) in enumerate(trail):
                mask = case.layers[l].mask
                for i, d in enumerate(ds[l]):
                    if gb[l]:
                        gb[l][i] += d
                    for j, v in enumerate(inp):
                        gW[l][i][j] += d * v if mask is None or mask[i, j] else 0.0
            trails.append(trail)
            blames.append(ds)
        r = case.learning_rate
        net_ = [([[w - r * g for w, g in zip(u, v)] for u, v in zip(W, G)],
                 [w - r * g for w, g in zip(b, h)] if b else None, name, p) for (W, b, name, p), G, h in zip(net_, gW, gb)]
        L = range(len(net_))
        result.append({"net_inputs": [as_array([t[l][1] for t in trails]) for l in L],
                       "activations": [as_array([t[l][2] for t in trails]) for l in L],
                       "deltas": [as_array([ds[l] for ds in blames]) for l in L], "loss": case.x.dtype.type(error),
                       "weight_gradients": list(map(as_array, gW)), "bias_gradients": list(map(as_array, gb)),
                       "weights": [as_array(layer[0]) for layer in net_],
                       "biases": [as_array(layer[1]) for layer in net_]})
    return result[0] if len(result) == 1 else result
