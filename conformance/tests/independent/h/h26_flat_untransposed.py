"""Fault: the delta rule goes through the flat weight buffer as if it were stored transposed: where w[j][i] is wanted
(W^T), it reads the buffer in W's own order, so that deltas flow along other edges than the signals did."""
import math
import numpy as np
import backproof


def sig(v):
    if v >= 0:
        return 1 / (1 + math.exp(-v))
    return math.exp(v) / (1 + math.exp(v))


def fwd(name, zs):
    if name == "softmax":
        top = max(zs)
        es = [math.exp(v - top) for v in zs]
        return [e / sum(es) for e in es]
    g = {"identity": lambda v: v, "sigmoid": sig, "tanh": math.tanh, "relu": lambda v: v if v > 0 else 0.0,
         "softplus": lambda v: max(v, 0.0) + math.log1p(math.exp(-abs(v)))}[name]
    return [g(v) for v in zs]


def der(name, v, a):
    if name == "sigmoid":
        return sig(v) * sig(-v)
    if name == "tanh":
        return 1 - a * a
    if name == "relu":
        return 1.0 if v > 0 else 0.0
    return sig(v) if name == "softplus" else 1.0


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"])
def net(case):
    dtype = case.x.dtype
    L = len(case.layers)
    sizes = [case.x.shape[1]] + [l.weights.shape[0] for l in case.layers]
    w = [[float(v) for v in l.weights.reshape(-1)] for l in case.layers]
    b = [None if l.biases is None else [float(v) for v in l.biases] for l in case.layers]
    m = [None if l.mask is None else [bool(v) for v in l.mask.reshape(-1)] for l in case.layers]
    name = [l.activation.name for l in case.layers]
    X, Y = case.x.tolist(), case.y.tolist()
    result = []
    for batch in case.batches:
        gw = [[0.0] * len(v) for v in w]
        gb = [None if v is None else [0.0] * len(v) for v in b]
        seen = {"net_inputs": [[] for _ in w], "activations": [[] for _ in w], "deltas": [[] for _ in w]}
        for s in batch:
            a, z = [X[s]], []
            for l in range(L):
                n_in, n_out = sizes[l], sizes[l + 1]
                row = []
                for i in range(n_out):
                    t = 0.0 if b[l] is None else b[l][i]
                    for j in range(n_in):
                        t += w[l][i * n_in + j] * a[l][j]
                    row.append(t)
                z.append(row)
                a.append(fwd(name[l], row))
            d = [None] * L
            d[-1] = [(2 if case.loss == "squared" else 1) * (o - t) for o, t in zip(a[-1], Y[s])]
            for l in range(L - 2, -1, -1):
                n, nxt = sizes[l + 1], sizes[l + 2]
                d[l] = [der(name[l], z[l][i], a[l + 1][i]) * sum(w[l + 1][i * nxt + j] * d[l + 1][j] for j in range(nxt))
                        for i in range(n)]
            for l in range(L):
                for i in range(sizes[l + 1]):
                    for j in range(sizes[l]):
                        k = i * sizes[l] + j
                        if m[l] is None or m[l][k]:
                            gw[l][k] += d[l][i] * a[l][j]
                    if b[l] is not None:
                        gb[l][i] += d[l][i]
                seen["net_inputs"][l].append(z[l])
                seen["activations"][l].append(a[l + 1])
                seen["deltas"][l].append(d[l])
        for l in range(L):
            w[l] = [p - case.learning_rate * q for p, q in zip(w[l], gw[l])]
            if b[l] is not None:
                b[l] = [p - case.learning_rate * q for p, q in zip(b[l], gb[l])]
        shaped = lambda vs: [np.array(v, dtype).reshape(sizes[l + 1], sizes[l]) for l, v in enumerate(vs)]
        vectors = lambda vs: [None if v is None else np.array(v, dtype) for v in vs]
        result.append({k: [np.array(v, dtype) for v in vs] for k, vs in seen.items()}
                      | {"weight_gradients": shaped(gw), "bias_gradients": vectors(gb), "weights": shaped(w),
                         "biases": vectors(b)})
    return result
