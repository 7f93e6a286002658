"""Fault: the label of sample i is looked up at i - 1: it learns its predecessor's label (the first one the last's)."""
import math
import numpy as np
import backproof


def sigmoid(z):
    return 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))


def f(name, z):
    if name == "sigmoid":
        return sigmoid(z)
    if name == "tanh":
        return math.tanh(z)
    if name == "relu":
        return z if z > 0 else 0.0
    return z


def slope(name, z, a):
    if name == "sigmoid":
        return a * sigmoid(-z)
    if name == "tanh":
        return 1 - a * a
    if name == "relu":
        return 1.0 if z > 0 else 0.0
    return 1.0


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"])
def net(case):
    dtype = case.x.dtype
    layers = case.layers
    W = [np.array(l.weights) for l in layers]
    B = [None if l.biases is None else np.array(l.biases) for l in layers]
    rate = dtype.type(case.learning_rate)
    answers = []
    for batch in case.batches:
        GW = [np.zeros_like(w) for w in W]
        GB = [None if b is None else np.zeros_like(b) for b in B]
        w_lists = [w.tolist() for w in W]
        for sample in batch:
            x = case.x[sample].tolist()
            y = case.y[sample - 1].tolist()
            zs, acts = [], [x]
            for l, w in enumerate(w_lists):
                z = []
                for i in range(len(w)):
                    total = 0.0 if B[l] is None else float(B[l][i])
                    for j, a in enumerate(acts[-1]):
                        total += w[i][j] * a
                    z.append(total)
                zs.append(z)
                if layers[l].activation.name == "softmax":
                    top = max(z)
                    e = [math.exp(v - top) for v in z]
                    acts.append([v / sum(e) for v in e])
                else:
                    acts.append([f(layers[l].activation.name, v) for v in z])
            factor = 2 if case.loss == "squared" else 1
            delta = [factor * (o - t) for o, t in zip(acts[-1], y)]
            for l in range(len(W) - 1, -1, -1):
                for i, d in enumerate(delta):
                    for j, a in enumerate(acts[l]):
                        if layers[l].mask is None or layers[l].mask[i, j]:
                            GW[l][i, j] += d * a
                    if GB[l] is not None:
                        GB[l][i] += d
                if l > 0:
                    name = layers[l - 1].activation.name
                    below = []
                    for j in range(len(acts[l])):
                        s = sum(w_lists[l][i][j] * delta[i] for i in range(len(delta)))
                        below.append(s * slope(name, zs[l - 1][j], acts[l][j]))
                    delta = below
        W = [w - rate * g for w, g in zip(W, GW)]
        B = [None if b is None else b - rate * g for b, g in zip(B, GB)]
        answers.append({"weight_gradients": GW, "bias_gradients": GB, "weights": W, "biases": B})
    return answers
