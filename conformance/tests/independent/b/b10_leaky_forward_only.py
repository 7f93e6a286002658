"""Style: plain Python loops with math.exp over nested lists; fault: leaky relu forward, but plain relu's derivative backward."""

import math

import numpy as np

import backproof


def sigmoid(z):
    if z >= 0:
        return 1.0 / (1.0 + math.exp(-z))
    e = math.exp(z)
    return e / (1.0 + e)


def softplus(z):
    return max(z, 0.0) + math.log1p(math.exp(-abs(z)))


def f(kind, slope, z):
    if kind == "leaky_relu":
        return z if z > 0 else slope * z
    if kind == "sigmoid":
        return sigmoid(z)
    return z


def f_prime(kind, z):
    if kind == "leaky_relu":
        return 1.0 if z > 0 else 0.0
    if kind == "sigmoid":
        return sigmoid(z) * sigmoid(-z)
    return 1.0


@backproof.subject(
    activations=["leaky_relu", "sigmoid", "identity"],
    losses=["squared", "log"],
    skips=["masked", "exact-zero"],
)
def net(case):
    dtype = case.x.dtype
    alpha = float(case.learning_rate)
    kinds = [layer.activation.name for layer in case.layers]
    slopes = [float(dict(layer.activation.parameters or ()).get("slope", 0.01)) for layer in case.layers]
    weights = [layer.weights.tolist() for layer in case.layers]
    biases = [None if layer.biases is None else layer.biases.tolist() for layer in case.layers]
    xs, ys = case.x.tolist(), case.y.tolist()
    L = len(weights)

    def array(v):
        return None if v is None else np.array(v, dtype=dtype)

    answer = []
    for batch in case.batches:
        all_z = [[] for _ in range(L)]
        all_a = [[] for _ in range(L)]
        all_d = [[] for _ in range(L)]
        gw = [[[0.0] * len(row) for row in w] for w in weights]
        gb = [None if b is None else [0.0] * len(b) for b in biases]
        loss = 0.0
        for s in batch:
            a = [xs[s]]
            zs = []
            for l in range(L):
                z = []
                for i in range(len(weights[l])):
                    total = 0.0 if biases[l] is None else biases[l][i]
                    for j in range(len(a[l])):
                        total += weights[l][i][j] * a[l][j]
                    z.append(total)
                zs.append(z)
                a.append([f(kinds[l], slopes[l], v) for v in z])
            ds = [None] * L
            ds[L - 1] = []
            for i in range(len(zs[L - 1])):
                z, o, y = zs[L - 1][i], a[L][i], ys[s][i]
                if case.loss == "log":
                    loss += y * softplus(-z) + (1.0 - y) * softplus(z)
                    ds[L - 1].append((1.0 - y) * sigmoid(z) - y * sigmoid(-z))
                else:
                    loss += (y - o) ** 2
                    ds[L - 1].append(2.0 * (o - y) * f_prime(kinds[L - 1], z))
            for l in range(L - 2, -1, -1):
                ds[l] = []
                for i in range(len(zs[l])):
                    total = 0.0
                    for j in range(len(ds[l + 1])):
                        total += weights[l + 1][j][i] * ds[l + 1][j]
                    ds[l].append(f_prime(kinds[l], zs[l][i]) * total)
            for l in range(L):
                all_z[l].append(zs[l])
                all_a[l].append(a[l + 1])
                all_d[l].append(ds[l])
                for i in range(len(ds[l])):
                    for j in range(len(a[l])):
                        gw[l][i][j] += ds[l][i] * a[l][j]
                    if gb[l] is not None:
                        gb[l][i] += ds[l][i]
        for l in range(L):
            for i in range(len(weights[l])):
                for j in range(len(weights[l][i])):
                    weights[l][i][j] -= alpha * gw[l][i][j]
                if biases[l] is not None:
                    biases[l][i] -= alpha * gb[l][i]
        step = {
            "net_inputs": [array(v) for v in all_z],
            "activations": [array(v) for v in all_a],
            "loss": dtype.type(loss),
            "deltas": [array(v) for v in all_d],
            "weight_gradients": [array(v) for v in gw],
            "bias_gradients": [array(v) for v in gb],
            "weights": [array(v) for v in weights],
            "biases": [array(v) for v in biases],
        }
        # the parameters live in the case's dtype between updates
        weights = [v.tolist() for v in step["weights"]]
        biases = [None if v is None else v.tolist() for v in step["biases"]]
        answer.append(step)
    return answer
