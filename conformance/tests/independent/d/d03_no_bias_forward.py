"""The bias is not added in the forward pass."""

import numpy as np

import backproof


def f(name, v):
    if name == "sigmoid":
        return 1 / (1 + np.exp(-v)) if v >= 0 else np.exp(v) / (1 + np.exp(v))
    if name == "tanh":
        return np.tanh(v)
    if name == "relu":
        return v if v > 0 else v * 0
    return v


def fprime(name, a):
    if name == "sigmoid":
        return a * (1 - a)
    if name == "tanh":
        return 1 - a * a
    if name == "relu":
        return a * 0 + (1 if a > 0 else 0)
    return a * 0 + 1


@backproof.subject(
    activations=["sigmoid", "tanh", "relu", "identity"], losses=["squared", "log"], skips=["masked", "no-biases"]
)
def net(case):
    t = case.x.dtype
    lr = t.type(case.learning_rate)
    w = [l.weights.copy() for l in case.layers]
    b = [l.biases.copy() for l in case.layers]
    kinds = [l.activation.name for l in case.layers]
    L = len(w)
    seen = []
    for batch in case.batches:
        gw = [np.zeros_like(m) for m in w]
        gb = [np.zeros_like(m) for m in b]
        for s in batch:
            a = [case.x[s]]
            for l in range(L):
                row = np.zeros(len(w[l]), t)
                for i in range(len(w[l])):
                    z = t.type(0)
                    for j in range(len(a[l])):
                        z += w[l][i, j] * a[l][j]
                    row[i] = f(kinds[l], z)
                a.append(row)
            delta = np.zeros_like(a[L])
            for i in range(len(delta)):
                delta[i] = a[L][i] - case.y[s, i]
                if case.loss == "squared":
                    delta[i] = 2 * delta[i] * fprime(kinds[-1], a[L][i])
            for l in range(L - 1, -1, -1):
                below = np.zeros_like(a[l])
                for i in range(len(delta)):
                    gb[l][i] += delta[i]
                    for j in range(len(a[l])):
                        gw[l][i, j] += delta[i] * a[l][j]
                        below[j] += w[l][i, j] * delta[i]
                if l > 0:
                    for j in range(len(below)):
                        below[j] *= fprime(kinds[l - 1], a[l][j])
                delta = below
        for l in range(L):
            w[l] = w[l] - lr * gw[l]
            b[l] = b[l] - lr * gb[l]
        seen.append({"weight_gradients": gw, "bias_gradients": gb, "weights": list(w), "biases": list(b)})
    return seen
