"""Fault: the mean over the batch is taken twice: the output delta already carries 1/m (it is declared so), and the
weight and bias gradients are divided by m once more."""
import numpy as np

import backproof


def act(name, Z):
    if name == "sigmoid":
        return np.where(Z > 0, 1 / (1 + np.exp(-np.abs(Z))), np.exp(-np.abs(Z)) / (1 + np.exp(-np.abs(Z))))
    if name == "tanh":
        return np.tanh(Z)
    if name == "relu":
        return np.maximum(0, Z)
    if name == "softplus":
        return np.maximum(0, Z) + np.log1p(np.exp(-np.abs(Z)))
    if name == "softmax":
        T = np.exp(Z - np.max(Z, axis=0))
        return T / np.sum(T, axis=0)
    return Z + 0


def act_slope(name, Z, A):
    if name == "sigmoid":
        return A - A * A
    if name == "tanh":
        return 1 - A * A
    if name == "relu":
        return (A > 0).astype(A.dtype)
    if name == "softplus":
        return act("sigmoid", Z)
    return np.ones_like(A)


def cost(loss, Z, A, Y, m):
    if loss == "squared":
        total = np.sum((Y - A) ** 2)
    elif loss == "log":
        total = np.sum(np.maximum(0, Z) - Y * Z + np.log1p(np.exp(-np.abs(Z))))
    else:
        S = Z - np.max(Z, axis=0)
        total = np.sum(Y * (np.log(np.sum(np.exp(S), axis=0)) - S))
    return total / m


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"], reduction="mean",
                   losses=["squared", "log", "cross_entropy"], batch_axis=1, weight_layout="in_out")
def net(case):
    W = {l: spec.weights.copy() for l, spec in enumerate(case.layers, 1)}
    b = {l: spec.biases.copy() for l, spec in enumerate(case.layers, 1) if spec.biases is not None}
    name = {l: spec.activation.name for l, spec in enumerate(case.layers, 1)}
    keep = {l: spec.mask for l, spec in enumerate(case.layers, 1)}
    L, eta, out = len(W), case.x.dtype.type(case.learning_rate), []
    for columns in case.batches:
        m = len(columns)
        A, Z, D, dW, db = {0: case.x[:, columns]}, {}, {}, {}, {}
        Y = case.y[:, columns]
        for l in range(1, L + 1):
            Z[l] = W[l].T @ A[l - 1]
            if l in b:
                Z[l] = Z[l] + b[l].reshape(-1, 1)
            A[l] = act(name[l], Z[l])
        G = (A[L] - Y) / m
        if case.loss == "squared":
            G = 2 * G
            G = A[L] * (G - np.sum(G * A[L], axis=0)) if name[L] == "softmax" else G * act_slope(name[L], Z[L], A[L])
        D[L] = G
        for l in range(L - 1, 0, -1):
            D[l] = act_slope(name[l], Z[l], A[l]) * (W[l + 1] @ D[l + 1])
        for l in range(1, L + 1):
            dW[l] = A[l - 1] @ D[l].T / m
            if keep[l] is not None:
                dW[l] *= keep[l]
            if l in b:
                db[l] = np.sum(D[l], axis=1) / m
        W = {l: W[l] - eta * dW[l] for l in W}
        b = {l: b[l] - eta * db[l] for l in b}
        order = range(1, L + 1)
        out.append({"net_inputs": [Z[l] for l in order], "activations": [A[l] for l in order],
                    "deltas": [D[l] for l in order], "loss": cost(case.loss, Z[L], A[L], Y, m),
                    "weight_gradients": [dW[l] for l in order], "bias_gradients": [db.get(l) for l in order],
                    "weights": [W[l] for l in order], "biases": [b.get(l) for l in order]})
    return out if len(out) > 1 else out[0]
