"""Fault: what comes back to a neuron is the mean, not the sum, over the neurons of the next layer."""
import numpy as np
import backproof


def pos_exp(t):
    return np.exp(-t if t > 0 else t)


def f(name, t):
    if name == "sigmoid":
        e = pos_exp(t)
        return (1 if t >= 0 else e) / (1 + e)
    if name == "tanh":
        return np.tanh(t)
    if name == "relu":
        return t if t > 0 else t * 0
    if name == "softplus":
        return (t if t > 0 else t * 0) + np.log1p(pos_exp(t))
    return t


def df(name, t):
    if name == "sigmoid":
        return f("sigmoid", t) * f("sigmoid", -t)
    if name == "tanh":
        return 4 * df("sigmoid", 2 * t)
    if name == "relu":
        return 1 if t > 0 else 0
    if name == "softplus":
        return f("sigmoid", t)
    return 1


def softmax(zs):
    top = max(zs)
    es = [np.exp(t - top) for t in zs]
    total = sum(es)
    return [e / total for e in es]


def average(terms):
    terms = list(terms)
    return sum(terms) / len(terms)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    T = case.x.dtype.type
    rate = T(case.learning_rate)
    ws = [[list(row) for row in l.weights] for l in case.layers]
    bs = [None if l.biases is None else list(l.biases) for l in case.layers]
    names = [l.activation.name for l in case.layers]
    masks = [l.mask for l in case.layers]
    L = len(ws)
    pack = lambda rows: [None if r is None else np.array(r, dtype=T) for r in rows]
    steps = []
    for batch in case.batches:
        gw = [[[T(0)] * len(row) for row in w] for w in ws]
        gb = [None if b is None else [T(0)] * len(b) for b in bs]
        for s in batch:
            a, z = [list(case.x[s])], []
            for l in range(L):
                zl = []
                for i, row in enumerate(ws[l]):
                    total = T(0) if bs[l] is None else bs[l][i]
                    for w, v in zip(row, a[l]):
                        total = total + w * v
                    zl.append(total)
                z.append(zl)
                a.append(softmax(zl) if names[l] == "softmax" else [f(names[l], t) for t in zl])
            err = [o - t for o, t in zip(a[L], case.y[s])]
            if case.loss == "squared":
                g = [2 * e for e in err]
                if names[-1] == "softmax":
                    dot = sum(p * q for p, q in zip(g, a[L]))
                    err = [o * (p - dot) for o, p in zip(a[L], g)]
                else:
                    err = [p * df(names[-1], t) for p, t in zip(g, z[-1])]
            d = [None] * L
            d[L - 1] = err
            for l in range(L - 2, -1, -1):
                d[l] = [df(names[l], z[l][i]) * average(ws[l + 1][j][i] * d[l + 1][j] for j in range(len(d[l + 1])))
                        for i in range(len(z[l]))]
            for l in range(L):
                for i, di in enumerate(d[l]):
                    for j, v in enumerate(a[l]):
                        if masks[l] is None or masks[l][i, j]:
                            gw[l][i][j] += di * v
                    if gb[l] is not None:
                        gb[l][i] += di
        for l in range(L):
            for i in range(len(ws[l])):
                for j in range(len(ws[l][i])):
                    ws[l][i][j] -= rate * gw[l][i][j]
                if bs[l] is not None:
                    bs[l][i] -= rate * gb[l][i]
        steps.append({"weight_gradients": pack(gw), "bias_gradients": pack(gb),
                      "weights": pack(ws), "biases": pack(bs)})
    return steps
