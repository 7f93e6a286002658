"""Fault: the derivative of tanh is written as 1 - a; it should be 1 - a * a."""
import math

import numpy as np

import backproof


def activate(name, zs):
    if name == "identity":
        return list(zs)
    if name == "tanh":
        return [math.tanh(z) for z in zs]
    if name == "sigmoid":
        out = []
        for z in zs:
            if z >= 0:
                out.append(1.0 / (1.0 + math.exp(-z)))
            else:
                e = math.exp(z)
                out.append(e / (1.0 + e))
        return out
    top = max(zs)
    es = [math.exp(z - top) for z in zs]
    total = sum(es)
    return [e / total for e in es]


def derivative(name, a):
    if name == "tanh":
        return 1.0 - a
    if name == "sigmoid":
        return a * (1.0 - a)
    return 1.0


def loss_of(kind, zs, os, ys):
    total = 0.0
    if kind == "squared":
        for o, y in zip(os, ys):
            total += (y - o) ** 2
    elif kind == "log":
        for z, y in zip(zs, ys):
            total += max(z, 0.0) - y * z + math.log1p(math.exp(-abs(z)))
    else:
        top = max(zs)
        norm = math.log(sum(math.exp(z - top) for z in zs))
        for z, y in zip(zs, ys):
            total += y * (norm - (z - top))
    return total


def output_deltas(kind, name, os, ys):
    if kind != "squared":
        return [o - y for o, y in zip(os, ys)]
    gs = [2.0 * (o - y) for o, y in zip(os, ys)]
    if name == "softmax":
        mean = sum(g * o for g, o in zip(gs, os))
        return [o * (g - mean) for g, o in zip(gs, os)]
    return [g * derivative(name, o) for g, o in zip(gs, os)]


@backproof.subject(activations=["identity", "tanh", "sigmoid", "softmax"], losses=["squared", "log", "cross_entropy"])
def net(case):
    dtype = case.x.dtype
    names = [layer.activation.name for layer in case.layers]
    weights = [layer.weights.tolist() for layer in case.layers]
    biases = [None if layer.biases is None else layer.biases.tolist() for layer in case.layers]
    masks = [None if layer.mask is None else layer.mask.tolist() for layer in case.layers]
    count = len(names)
    steps = []
    for batch in case.batches:
        all_z = [[] for _ in range(count)]
        all_a = [[] for _ in range(count)]
        all_d = [[] for _ in range(count)]
        grad_w = [[[0.0] * len(row) for row in w] for w in weights]
        grad_b = [None if b is None else [0.0] * len(b) for b in biases]
        loss = 0.0
        for sample in batch:
            xs, ys = case.x[sample].tolist(), case.y[sample].tolist()
            signals = [xs]
            for l in range(count):
                zs = []
                for i in range(len(weights[l])):
                    z = 0.0 if biases[l] is None else biases[l][i]
                    for j in range(len(signals[l])):
                        z += weights[l][i][j] * signals[l][j]
                    zs.append(z)
                all_z[l].append(zs)
                signals.append(activate(names[l], zs))
                all_a[l].append(signals[-1])
            loss += loss_of(case.loss, all_z[-1][-1], signals[-1], ys)
            deltas = [None] * count
            deltas[-1] = output_deltas(case.loss, names[-1], signals[-1], ys)
            for l in range(count - 2, -1, -1):
                deltas[l] = []
                for i in range(len(weights[l])):
                    back = 0.0
                    for j in range(len(weights[l + 1])):
                        back += weights[l + 1][j][i] * deltas[l + 1][j]
                    deltas[l].append(back * derivative(names[l], signals[l + 1][i]))
            for l in range(count):
                all_d[l].append(deltas[l])
                for i in range(len(weights[l])):
                    if grad_b[l] is not None:
                        grad_b[l][i] += deltas[l][i]
                    for j in range(len(signals[l])):
                        if masks[l] is None or masks[l][i][j]:
                            grad_w[l][i][j] += deltas[l][i] * signals[l][j]
        for l in range(count):
            for i in range(len(weights[l])):
                if biases[l] is not None:
                    biases[l][i] -= case.learning_rate * grad_b[l][i]
                for j in range(len(weights[l][i])):
                    weights[l][i][j] -= case.learning_rate * grad_w[l][i][j]
        arrays = lambda lists: [None if v is None else np.array(v, dtype=dtype) for v in lists]
        steps.append({"net_inputs": arrays(all_z), "activations": arrays(all_a), "deltas": arrays(all_d),
                      "loss": dtype.type(loss), "weight_gradients": arrays(grad_w), "bias_gradients": arrays(grad_b),
                      "weights": arrays(weights), "biases": arrays(biases)})
    return steps if len(steps) > 1 else steps[0]
