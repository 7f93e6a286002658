"""Fault: the loop over the neurons of a hidden layer in the backward pass stops one too early, so the last
hidden neuron of each layer keeps the delta it was initialised with, zero, and never learns."""
import math

import numpy as np

import backproof


def squash(name, v):
    if name == "sigmoid":
        return 1 / (1 + math.exp(-v)) if v >= 0 else math.exp(v) / (1 + math.exp(v))
    if name == "tanh":
        return math.tanh(v)
    if name == "relu":
        return v if v > 0 else 0.0
    return v


def derivative(name, v):
    if name == "sigmoid":
        return squash(name, v) * squash(name, -v)
    if name == "tanh":
        return 1 - math.tanh(v) ** 2
    if name == "relu":
        return 1.0 if v > 0 else 0.0
    return 1.0


def loss_of(kind, z, o, y):
    if kind == "squared":
        return 0.5 * sum((oi - yi) ** 2 for oi, yi in zip(o, y))
    if kind == "log":
        return sum(max(v, 0.0) - v * yi + math.log1p(math.exp(-abs(v))) for v, yi in zip(z, y))
    top = max(z)
    lse = math.log(sum(math.exp(v - top) for v in z))
    return sum(yi * (lse - (v - top)) for v, yi in zip(z, y))


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"], loss_factor=0.5)
def net(case):
    T = case.x.dtype
    L = len(case.layers)
    W = [layer.weights.tolist() for layer in case.layers]
    B = [None if layer.biases is None else layer.biases.tolist() for layer in case.layers]
    X, Y = case.x.tolist(), case.y.tolist()
    out = []
    for batch in case.batches:
        GW = [[[0.0] * len(row) for row in w] for w in W]
        GB = [None if b is None else [0.0] * len(b) for b in B]
        total = 0.0
        nets, acts, dels = ([[] for _ in W] for _ in range(3))
        for s in batch:
            a, zs = [X[s]], []
            for l in range(L):
                name = case.layers[l].activation.name
                z = []
                for i in range(len(W[l])):
                    v = 0.0 if B[l] is None else B[l][i]
                    for j in range(len(a[l])):
                        v += W[l][i][j] * a[l][j]
                    z.append(v)
                zs.append(z)
                if name == "softmax":
                    e = [math.exp(v - max(z)) for v in z]
                    a.append([v / sum(e) for v in e])
                else:
                    a.append([squash(name, v) for v in z])
            total += loss_of(case.loss, zs[-1], a[-1], Y[s])

            d = [[0.0] * len(w) for w in W]
            for i in range(len(W[-1])):
                d[-1][i] = a[-1][i] - Y[s][i]
            for l in range(L - 2, -1, -1):
                name = case.layers[l].activation.name
                for i in range(len(W[l]) - 1):
                    back = 0.0
                    for j in range(len(W[l + 1])):
                        back += W[l + 1][j][i] * d[l + 1][j]
                    d[l][i] = derivative(name, zs[l][i]) * back

            for l in range(L):
                nets[l].append(zs[l])
                acts[l].append(a[l + 1])
                dels[l].append(d[l])
                for i in range(len(W[l])):
                    if GB[l] is not None:
                        GB[l][i] += d[l][i]
                    for j in range(len(a[l])):
                        if case.layers[l].mask is None or case.layers[l].mask[i, j]:
                            GW[l][i][j] += d[l][i] * a[l][j]
        for l in range(L):
            for i in range(len(W[l])):
                if B[l] is not None:
                    B[l][i] -= case.learning_rate * GB[l][i]
                for j in range(len(W[l][i])):
                    W[l][i][j] -= case.learning_rate * GW[l][i][j]

        def pack(lists):
            return [None if v is None else np.array(v, dtype=T) for v in lists]

        out.append({"net_inputs": pack(nets), "activations": pack(acts), "deltas": pack(dels),
                    "loss": T.type(total), "weight_gradients": pack(GW), "bias_gradients": pack(GB),
                    "weights": pack(W), "biases": pack(B)})
    return out
