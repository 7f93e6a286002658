"""Style: plain Python loops over samples and neurons, no array arithmetic. Fault: the activation derivative is left out of the hidden delta rule."""

import math

import numpy as np

import backproof


def squash(z):
    if z >= 0:
        return 1.0 / (1.0 + math.exp(-z))
    e = math.exp(z)
    return e / (1.0 + e)


def softplus(z):
    return max(z, 0.0) + math.log1p(math.exp(-abs(z)))


def activate(name, zs):
    if name == "sigmoid":
        return [squash(z) for z in zs]
    if name == "tanh":
        return [math.tanh(z) for z in zs]
    if name == "relu":
        return [z if z > 0 else 0.0 for z in zs]
    if name == "softmax":
        top = max(zs)
        es = [math.exp(z - top) for z in zs]
        total = math.fsum(es)
        return [e / total for e in es]
    return list(zs)


def slope(name, z):
    if name == "sigmoid":
        return squash(z) * squash(-z)
    if name == "tanh":
        t = math.tanh(z)
        return (1.0 - t) * (1.0 + t)
    if name == "relu":
        return 1.0 if z > 0 else 0.0
    return 1.0


def sample_loss(kind, y, z, o):
    if kind == "squared":
        return math.fsum((t - p) ** 2 for t, p in zip(y, o))
    if kind == "log":
        return math.fsum(t * softplus(-u) + (1.0 - t) * softplus(u) for t, u in zip(y, z))
    top = max(z)
    lse = top + math.log(math.fsum(math.exp(u - top) for u in z))
    return math.fsum(t * (lse - u) for t, u in zip(y, z))


def output_delta(kind, name, y, z, o):
    if kind == "log":
        return [p - t for t, p in zip(y, o)]
    if kind == "cross_entropy":
        total = math.fsum(y)
        return [p * total - t for t, p in zip(y, o)]
    g = [2.0 * (p - t) for t, p in zip(y, o)]
    if name == "softmax":
        mean = math.fsum(gi * p for gi, p in zip(g, o))
        return [p * (gi - mean) for gi, p in zip(g, o)]
    return [gi * slope(name, u) for gi, u in zip(g, z)]


@backproof.subject(
    activations=["sigmoid", "tanh", "relu", "identity", "softmax"], losses=["squared", "log", "cross_entropy"]
)
def net(case):
    kind = case.loss
    names = [layer.activation.name for layer in case.layers]
    W = [layer.weights.tolist() for layer in case.layers]
    B = [None if layer.biases is None else layer.biases.tolist() for layer in case.layers]
    M = [None if layer.mask is None else layer.mask.tolist() for layer in case.layers]
    xs, ys = case.x.tolist(), case.y.tolist()
    depth = len(W)
    alpha = float(case.learning_rate)

    def arr(v):
        return np.array(v, dtype=case.dtype)

    history = []
    for batch in case.batches:
        gW = [[[0.0] * len(row) for row in w] for w in W]
        gB = [[0.0] * len(w) for w in W]
        Z = [[] for _ in W]
        A = [[] for _ in W]
        D = [[] for _ in W]
        E = 0.0
        for s in batch:
            a = [xs[s]]
            z = []
            for l in range(depth):
                zl = []
                for i in range(len(W[l])):
                    total = B[l][i] if B[l] is not None else 0.0
                    for j in range(len(a[l])):
                        total += W[l][i][j] * a[l][j]
                    zl.append(total)
                z.append(zl)
                a.append(activate(names[l], zl))
            E += sample_loss(kind, ys[s], z[-1], a[-1])

            d = [None] * depth
            d[-1] = output_delta(kind, names[-1], ys[s], z[-1], a[-1])
            for l in range(depth - 2, -1, -1):
                d[l] = []
                for i in range(len(W[l])):
                    back = 0.0
                    for j in range(len(W[l + 1])):
                        back += W[l + 1][j][i] * d[l + 1][j]
                    d[l].append(back)
            for l in range(depth):
                for i in range(len(W[l])):
                    gB[l][i] += d[l][i]
                    for j in range(len(a[l])):
                        if M[l] is None or M[l][i][j]:
                            gW[l][i][j] += d[l][i] * a[l][j]
                Z[l].append(z[l])
                A[l].append(a[l + 1])
                D[l].append(d[l])
        for l in range(depth):
            for i in range(len(W[l])):
                for j in range(len(W[l][i])):
                    W[l][i][j] -= alpha * gW[l][i][j]
                if B[l] is not None:
                    B[l][i] -= alpha * gB[l][i]
        history.append(
            {
                "net_inputs": [arr(v) for v in Z],
                "activations": [arr(v) for v in A],
                "deltas": [arr(v) for v in D],
                "loss": E,
                "weight_gradients": [arr(v) for v in gW],
                "bias_gradients": [None if B[l] is None else arr(gB[l]) for l in range(depth)],
                "weights": [arr(v) for v in W],
                "biases": [None if v is None else arr(v) for v in B],
            }
        )
    return history
