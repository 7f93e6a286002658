"""Fault: every hidden layer's derivative is taken as a(1 - a), which only holds for the sigmoid."""
import math
import numpy as np
import backproof


def fire(name, par, z):
    if name == "sigmoid":
        return 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))
    if name == "tanh":
        return math.tanh(z)
    if name == "relu":
        return z if z > 0 else 0.0
    if name == "leaky_relu":
        return z if z > 0 else par["slope"] * z
    if name == "elu":
        return z if z > 0 else par["alpha"] * math.expm1(z)
    if name == "softplus":
        return max(z, 0.0) + math.log1p(math.exp(-abs(z)))
    if name == "gelu":
        if par["approximate"] == "tanh":
            return 0.5 * z * (1 + math.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z ** 3)))
        return 0.5 * z * math.erfc(-z / math.sqrt(2))
    return z


def soft(z):
    top = max(z)
    e = [math.exp(v - top) for v in z]
    total = sum(e)
    return [v / total for v in e]


@backproof.subject(
    activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "gelu", "softmax"],
    losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"], loss_at="none")
def net(case):
    dtype = case.x.dtype
    w = [l.weights.tolist() for l in case.layers]
    b = [None if l.biases is None else l.biases.tolist() for l in case.layers]
    edge = [np.ones(l.weights.shape, bool).tolist() if l.mask is None else l.mask.tolist() for l in case.layers]
    acts = [(l.activation.name, dict(l.activation.parameters)) for l in case.layers]
    L = len(w)
    xs, ys = case.x.tolist(), case.y.tolist()
    arr = lambda nested: [None if v is None else np.array(v, dtype=dtype) for v in nested]
    report = []
    for batch in case.batches:
        gw = [[[0.0] * len(row) for row in m] for m in w]
        gb = [None if v is None else [0.0] * len(v) for v in b]
        for s in batch:
            a = [xs[s]]
            for l in range(L):
                z = []
                for i in range(len(w[l])):
                    total = 0.0 if b[l] is None else b[l][i]
                    for j in range(len(a[l])):
                        total += w[l][i][j] * a[l][j]
                    z.append(total)
                name, par = acts[l]
                a.append(soft(z) if name == "softmax" else [fire(name, par, v) for v in z])
            delta = [None] * L
            twice = 2 if case.loss == "squared" else 1
            delta[L - 1] = [twice * (o - y) for o, y in zip(a[L], ys[s])]
            for l in range(L - 2, -1, -1):
                delta[l] = []
                for i in range(len(w[l])):
                    back = 0.0
                    for k in range(len(w[l + 1])):
                        back += w[l + 1][k][i] * delta[l + 1][k]
                    delta[l].append(back * a[l + 1][i] * (1 - a[l + 1][i]))
            for l in range(L):
                for i in range(len(w[l])):
                    for j in range(len(a[l])):
                        if edge[l][i][j]:
                            gw[l][i][j] += delta[l][i] * a[l][j]
                    if gb[l] is not None:
                        gb[l][i] += delta[l][i]
        for l in range(L):
            for i in range(len(w[l])):
                for j in range(len(w[l][i])):
                    w[l][i][j] -= case.learning_rate * gw[l][i][j]
                if b[l] is not None:
                    b[l][i] -= case.learning_rate * gb[l][i]
        report.append({"weight_gradients": arr(gw), "bias_gradients": arr(gb), "weights": arr(w), "biases": arr(b)})
    return report
