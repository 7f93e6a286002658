"""Fault: ReLU's derivative is the wrong way round: 1 where z < 0, 0 elsewhere.
Neurons that are off learn, neurons that are on do not."""
import math

import numpy as np
import backproof


def value(name, z):
    if name == "relu":
        return z if z > 0 else 0.0 * z
    if name == "tanh":
        return math.tanh(z)
    if name == "sigmoid":
        return 1.0 / (1.0 + math.exp(-z)) if z >= 0 else math.exp(z) / (1.0 + math.exp(z))
    return z


def derivative(name, z, a):
    if name == "relu":
        return 1.0 if z < 0 else 0.0
    if name == "tanh":
        return 1.0 - a * a
    if name == "sigmoid":
        return a * (1.0 - a)
    return 1.0


def softmax(zs):
    top = max(zs)
    es = [math.exp(z - top) for z in zs]
    total = sum(es)
    return [e / total for e in es]


@backproof.subject(activations=["relu", "tanh", "sigmoid", "identity", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"])
def net(case):
    dt = case.x.dtype
    L = len(case.layers)
    name = [layer.activation.name for layer in case.layers]
    w = [layer.weights.tolist() for layer in case.layers]
    b = [None if layer.biases is None else layer.biases.tolist() for layer in case.layers]
    x, y = case.x.tolist(), case.y.tolist()
    alpha = float(dt.type(case.learning_rate))
    answers = []
    for batch in case.batches:
        gw = [[[0.0] * len(row) for row in m] for m in w]
        gb = [None if v is None else [0.0] * len(v) for v in b]
        Z, A, D = ([[] for _ in range(L)] for _ in range(3))
        for s in batch:
            acts, nets = [x[s]], []
            for l in range(L):
                z = []
                for i, row in enumerate(w[l]):
                    total = 0.0 if b[l] is None else b[l][i]
                    for j, wij in enumerate(row):
                        total += wij * acts[-1][j]
                    z.append(total)
                nets.append(z)
                acts.append(softmax(z) if name[l] == "softmax" else [value(name[l], t) for t in z])
            factor = 2.0 if case.loss == "squared" else 1.0
            delta = [factor * (o - t) for o, t in zip(acts[-1], y[s])]
            chain = [delta]
            for l in range(L - 2, -1, -1):
                below = []
                for i in range(len(nets[l])):
                    back = 0.0
                    for j in range(len(delta)):
                        back += w[l + 1][j][i] * delta[j]
                    below.append(back * derivative(name[l], nets[l][i], acts[l + 1][i]))
                delta = below
                chain.insert(0, delta)
            for l in range(L):
                for i, d in enumerate(chain[l]):
                    for j, a in enumerate(acts[l]):
                        if case.layers[l].mask is None or case.layers[l].mask[i, j]:
                            gw[l][i][j] += d * a
                    if gb[l] is not None:
                        gb[l][i] += d
                Z[l].append(nets[l])
                A[l].append(acts[l + 1])
                D[l].append(chain[l])
        for l in range(L):
            for i in range(len(w[l])):
                for j in range(len(w[l][i])):
                    w[l][i][j] -= alpha * gw[l][i][j]
                if b[l] is not None:
                    b[l][i] -= alpha * gb[l][i]
        arr = lambda things: [None if t is None else np.array(t, dtype=dt) for t in things]
        answers.append({"net_inputs": arr(Z), "activations": arr(A), "deltas": arr(D),
                        "weight_gradients": arr(gw), "bias_gradients": arr(gb),
                        "weights": arr(w), "biases": arr(b)})
    return answers
