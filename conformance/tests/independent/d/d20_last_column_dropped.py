"""The last column of the input is dropped."""

import numpy as np

import backproof


def value(name, z):
    if name == "sigmoid":
        e = np.exp(-abs(z))
        return 1 / (1 + e) if z >= 0 else e / (1 + e)
    return np.tanh(z) if name == "tanh" else max(z, z * 0) if name == "relu" else z


def slope(name, a):
    return a * (1 - a) if name == "sigmoid" else 1 - a * a if name == "tanh" else a > 0 if name == "relu" else 1


@backproof.subject(
    activations=["sigmoid", "tanh", "relu", "identity"], losses=["squared", "log"],
    skips=["several-updates", "partial-batch", "masked"],
)
def net(case):
    x, y_all = case.x[list(case.batches[0])], case.y[list(case.batches[0])]
    n, n_features = x.shape
    L = len(case.layers)
    w = [l.weights for l in case.layers]
    sizes = [n_features] + [len(m) for m in w]
    used = [n_features - 1] + sizes[1:]
    Z = [np.zeros((n, k), case.x.dtype) for k in sizes[1:]]
    A = [x] + [np.zeros_like(z) for z in Z]
    D = [np.zeros_like(z) for z in Z]
    GW = [np.zeros_like(m) for m in w]
    GB = [None if l.biases is None else np.zeros_like(l.biases) for l in case.layers]
    loss = case.x.dtype.type(0)
    for s in range(n):
        for l, layer in enumerate(case.layers):
            for i in range(sizes[l + 1]):
                for j in range(used[l]):
                    Z[l][s, i] += w[l][i, j] * A[l][s, j]
                if layer.biases is not None:
                    Z[l][s, i] += layer.biases[i]
                A[l + 1][s, i] = value(layer.activation.name, Z[l][s, i])
        for i in range(sizes[L]):
            o, y, z = A[L][s, i], y_all[s, i], Z[-1][s, i]
            if case.loss == "squared":
                loss += (y - o) ** 2
                D[-1][s, i] = 2 * (o - y) * slope(case.layers[-1].activation.name, o)
            else:
                tail = np.log1p(np.exp(-abs(z)))
                loss += y * (max(-z, z * 0) + tail) + (1 - y) * (max(z, z * 0) + tail)
                D[-1][s, i] = o - y
        for l in range(L - 2, -1, -1):
            for i in range(sizes[l + 1]):
                for j in range(sizes[l + 2]):
                    D[l][s, i] += w[l + 1][j, i] * D[l + 1][s, j]
                D[l][s, i] *= slope(case.layers[l].activation.name, A[l + 1][s, i])
        for l in range(L):
            for i in range(sizes[l + 1]):
                for j in range(used[l]):
                    GW[l][i, j] += D[l][s, i] * A[l][s, j]
                if GB[l] is not None:
                    GB[l][i] += D[l][s, i]
    lr = case.x.dtype.type(case.learning_rate)
    return {
        "net_inputs": Z, "activations": A[1:], "loss": loss, "deltas": D, "weight_gradients": GW, "bias_gradients": GB,
        "weights": [m - lr * g for m, g in zip(w, GW)],
        "biases": [None if g is None else l.biases - lr * g for l, g in zip(case.layers, GB)],
    }
