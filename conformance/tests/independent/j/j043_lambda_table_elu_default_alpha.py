"""Fault: elu(z, alpha=1) is always called without its alpha, so it is the one with alpha = 1, whatever the
layer asked for (the derivative is that of the same curve)."""
import numpy as np

import backproof


def elu(z, alpha=1):
    return np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0)))


def elu_slope(z, alpha=1):
    return np.where(z > 0, 1, alpha * np.exp(np.minimum(z, 0)))


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def table(activation):
    slope = dict(activation.parameters).get("slope", 0.01)
    return {
        "identity": (lambda z: z, lambda z: np.ones_like(z)),
        "sigmoid": (sigmoid, lambda z: sigmoid(z) * sigmoid(-z)),
        "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
        "relu": (lambda z: z * (z > 0), lambda z: (z > 0).astype(z.dtype)),
        "leaky_relu": (lambda z: np.where(z > 0, z, slope * z),
                       lambda z: np.where(z > 0, 1, slope).astype(z.dtype)),
        "elu": (elu, elu_slope),
        "softmax": (lambda z: np.exp(z - z.max(0)) / np.exp(z - z.max(0)).sum(0), None),
    }[activation.name]


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"],
                   batch_axis=1, reduction="mean", delta_of="sample")
def net(case):
    """columns are samples; deltas are those of J, the gradients take the mean"""
    L = len(case.layers)
    W = [l.weights.copy() for l in case.layers]
    B = [None if l.biases is None else l.biases.copy() for l in case.layers]
    f, df = zip(*[table(l.activation) for l in case.layers])
    eta = case.x.dtype.type(case.learning_rate)
    book = []
    for batch in case.batches:
        n = len(batch)
        A, Z = [case.x[:, batch]], []
        Y = case.y[:, batch]
        for l in range(L):
            Z += [W[l] @ A[l] + (0 if B[l] is None else B[l].reshape(-1, 1))]
            A += [f[l](Z[l])]
        if case.loss == "squared":
            loss, D = np.sum((A[L] - Y) ** 2) / n, [2 * (A[L] - Y)]
        elif case.loss == "log":
            loss, D = np.sum(Y * np.logaddexp(0, -Z[-1]) + (1 - Y) * np.logaddexp(0, Z[-1])) / n, [A[L] - Y]
        else:
            S = Z[-1] - Z[-1].max(0)
            loss, D = np.sum(Y * (np.log(np.exp(S).sum(0)) - S)) / n, [A[L] - Y]
        for l in range(L - 2, -1, -1):
            D = [df[l](Z[l]) * (W[l + 1].T @ D[0])] + D
        GW = [D[l] @ A[l].T / n for l in range(L)]
        GW = [g if l.mask is None else np.where(l.mask, g, 0) for g, l in zip(GW, case.layers)]
        GB = [None if B[l] is None else D[l].sum(1) / n for l in range(L)]
        W = [W[l] - eta * GW[l] for l in range(L)]
        B = [None if B[l] is None else B[l] - eta * GB[l] for l in range(L)]
        book.append({"net_inputs": Z, "activations": A[1:], "deltas": D, "loss": loss, "weight_gradients": GW,
                     "bias_gradients": GB, "weights": W, "biases": B})
    return book
