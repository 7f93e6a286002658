"""The net inputs are stored with the inputs as entry 0, the deltas without; the backward pass indexes both alike, so
layer l's derivative is evaluated at the net inputs of layer l-1 (for the first layer: at the inputs). Everything is
padded with zeros to one width, so nothing complains about the shapes."""
import numpy as np

import backproof

LOSSES = ["squared", "log", "cross_entropy"]


def f(name, z):
    if name == "sigmoid":
        return np.where(z < 0, np.exp(np.minimum(z, 0)), 1) / (1 + np.exp(-np.abs(z)))
    if name == "tanh":
        return np.tanh(z)
    if name == "relu":
        return z * (z > 0)
    if name == "softplus":
        return np.logaddexp(0, z)
    if name == "softmax":
        e = np.exp(z - z.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True)
    return z


def f_prime(name, z):
    if name == "sigmoid":
        return f("sigmoid", z) * f("sigmoid", -z)
    if name == "tanh":
        return 1 - np.tanh(z) ** 2
    if name == "relu":
        return (z > 0).astype(z.dtype)
    if name == "softplus":
        return f("sigmoid", z)
    return np.ones_like(z)


@backproof.subject(activations=["sigmoid", "tanh", "relu", "softplus", "identity", "softmax"], losses=LOSSES)
def net(case):
    L, dtype = len(case.layers), case.x.dtype
    sizes = [case.x.shape[1]] + [layer.weights.shape[0] for layer in case.layers]
    names = [layer.activation.name for layer in case.layers]
    width = max(sizes)
    W, B = np.zeros((L, width, width), dtype), np.zeros((L, width), dtype)
    edge, has_bias = np.zeros((L, width, width), bool), np.zeros((L, width), bool)
    for k, layer in enumerate(case.layers):
        n, m = layer.weights.shape
        W[k, :n, :m] = layer.weights
        edge[k, :n, :m] = True if layer.mask is None else layer.mask
        if layer.biases is not None:
            B[k, :n] = layer.biases
            has_bias[k, :n] = True

    def cut(T):
        return [T[k, :sizes[k + 1], :sizes[k]].copy() for k in range(L)]

    def cut_bias(T):
        return [T[k, :sizes[k + 1]].copy() if has_bias[k].any() else None for k in range(L)]

    steps = []
    for batch in case.batches:
        n = len(batch)
        y = case.y[list(batch)]
        Z, A = np.zeros((L + 1, n, width), dtype), np.zeros((L + 1, n, width), dtype)
        D = np.zeros((L, n, width), dtype)
        Z[0, :, :sizes[0]] = A[0, :, :sizes[0]] = case.x[list(batch)]
        for k in range(L):
            Z[k + 1] = A[k] @ W[k].T + B[k]
            A[k + 1, :, :sizes[k + 1]] = f(names[k], Z[k + 1, :, :sizes[k + 1]])
        z, o = Z[L, :, :sizes[L]], A[L, :, :sizes[L]]
        if case.loss == "squared":
            loss = ((y - o) ** 2).sum()
            g = 2 * (o - y)
            if names[-1] == "softmax":
                d = o * (g - (g * o).sum(axis=1, keepdims=True))
            else:
                d = g * f_prime(names[-1], z)
        else:
            d = o - y
            if case.loss == "log":
                loss = (y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)).sum()
            else:
                top = z.max(axis=1, keepdims=True)
                loss = (y * (top + np.log(np.exp(z - top).sum(axis=1, keepdims=True)) - z)).sum()
        D[L - 1, :, :sizes[L]] = d
        for k in range(L - 2, -1, -1):
            D[k] = f_prime(names[k], Z[k]) * (D[k + 1] @ W[k + 1])
        GW = np.matmul(D.transpose(0, 2, 1), A[:L]) * edge
        GB = D.sum(axis=1) * has_bias
        W = W - dtype.type(case.learning_rate) * GW
        B = B - dtype.type(case.learning_rate) * GB
        steps.append({
            "net_inputs": [Z[k + 1, :, :sizes[k + 1]] for k in range(L)],
            "activations": [A[k + 1, :, :sizes[k + 1]] for k in range(L)],
            "deltas": [D[k, :, :sizes[k + 1]] for k in range(L)],
            "loss": loss, "weight_gradients": cut(GW), "bias_gradients": cut_bias(GB),
            "weights": cut(W), "biases": cut_bias(B)})
    return steps
