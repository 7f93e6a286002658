"""Fault: the slope of the sigmoid is written 1 - a; the factor a of a (1 - a) is missing. Pure Python floats."""
import math

import numpy as np
import backproof


def activate(name, z):
    if name == "sigmoid":
        return [1 / (1 + math.exp(-v)) if v >= 0 else math.exp(v) / (1 + math.exp(v)) for v in z]
    if name == "tanh":
        return [math.tanh(v) for v in z]
    if name == "softmax":
        top = max(z)
        e = [math.exp(v - top) for v in z]
        return [v / sum(e) for v in e]
    return list(z)


def slope(name, a):
    if name == "sigmoid":
        return 1 - a
    if name == "tanh":
        return 1 - a * a
    return 1.0


def loss_of(kind, z, o, y):
    if kind == "squared":
        return sum((t - v) ** 2 for t, v in zip(y, o))
    if kind == "log":
        return sum(max(v, 0.0) - t * v + math.log1p(math.exp(-abs(v))) for v, t in zip(z, y))
    top = max(z)
    log_sum = top + math.log(sum(math.exp(v - top) for v in z))
    return sum(t * (log_sum - v) for v, t in zip(z, y))


def delta_of_output(kind, name, o, y):
    if kind != "squared":
        return [v - t for v, t in zip(o, y)]
    g = [2 * (v - t) for v, t in zip(o, y)]
    if name == "softmax":
        mean = sum(v * q for v, q in zip(o, g))
        return [v * (q - mean) for v, q in zip(o, g)]
    return [q * slope(name, v) for v, q in zip(o, g)]


@backproof.subject(activations=["identity", "sigmoid", "tanh", "softmax"], losses=["squared", "log", "cross_entropy"])
def net(case):
    kind, lr, dtype = case.loss, case.learning_rate, case.x.dtype
    W = [layer.weights.tolist() for layer in case.layers]
    B = [None if layer.biases is None else layer.biases.tolist() for layer in case.layers]
    M = [None if layer.mask is None else layer.mask.tolist() for layer in case.layers]
    names = [layer.activation.name for layer in case.layers]
    L = len(W)
    arr = lambda v: None if v is None else np.array(v, dtype)
    out = []
    for batch in case.batches:
        GW = [[[0.0] * len(row) for row in w] for w in W]
        GB = [None if b is None else [0.0] * len(b) for b in B]
        Z, A, D = [[[] for _ in range(L)] for _ in range(3)]
        E = 0.0
        for s in batch:
            a, y = [case.x[s].tolist()], case.y[s].tolist()
            z = []
            for l in range(L):
                net_input = []
                for i in range(len(W[l])):
                    t = 0.0 if B[l] is None else B[l][i]
                    for j in range(len(W[l][i])):
                        t += W[l][i][j] * a[l][j]
                    net_input.append(t)
                z.append(net_input)
                a.append(activate(names[l], net_input))
            E += loss_of(kind, z[-1], a[-1], y)
            d = [None] * L
            d[-1] = delta_of_output(kind, names[-1], a[-1], y)
            for l in range(L - 2, -1, -1):
                d[l] = []
                for i in range(len(W[l])):
                    t = 0.0
                    for j in range(len(W[l + 1])):
                        t += W[l + 1][j][i] * d[l + 1][j]
                    d[l].append(slope(names[l], a[l + 1][i]) * t)
            for l in range(L):
                for i in range(len(W[l])):
                    for j in range(len(W[l][i])):
                        if M[l] is None or M[l][i][j]:
                            GW[l][i][j] += d[l][i] * a[l][j]
                    if B[l] is not None:
                        GB[l][i] += d[l][i]
                Z[l].append(z[l]), A[l].append(a[l + 1]), D[l].append(d[l])
        for l in range(L):
            W[l] = [[w - lr * g for w, g in zip(r, q)] for r, q in zip(W[l], GW[l])]
            if B[l] is not None:
                B[l] = [b - lr * g for b, g in zip(B[l], GB[l])]
        out.append({"net_inputs": list(map(arr, Z)), "activations": list(map(arr, A)), "deltas": list(map(arr, D)),
                    "loss": dtype.type(E), "weight_gradients": list(map(arr, GW)), "bias_gradients": list(map(arr, GB)),
                    "weights": list(map(arr, W)), "biases": list(map(arr, B))})
    return out
