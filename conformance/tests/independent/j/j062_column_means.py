"""Fault: the gradient of the biases carries a factor 2 that it should not have (the 2 of the squared loss,
written once more). Columns are samples, weights are (in, out), the error is a mean."""
import numpy as np
import backproof


def s(z):
    return np.exp(np.minimum(z, 0)) / (1 + np.exp(-np.abs(z)))


def act(kind, z):
    if kind == "sigmoid":
        return s(z)
    if kind == "tanh":
        return np.tanh(z)
    if kind == "relu":
        return np.where(z > 0, z, np.zeros_like(z))
    if kind == "softplus":
        return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
    if kind == "softmax":
        e = np.exp(z - z.max(axis=0, keepdims=True))
        return e / e.sum(axis=0, keepdims=True)
    return +z


def act_prime(kind, z):
    if kind == "sigmoid":
        return s(z) * s(-z)
    if kind == "tanh":
        return 1 - np.tanh(z) ** 2
    if kind == "relu":
        return np.where(z > 0, np.ones_like(z), np.zeros_like(z))
    if kind == "softplus":
        return s(z)
    return np.ones_like(z)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"],
                   reduction="mean", batch_axis=1, weight_layout="in_out")
def net(case):
    kinds = [l.activation.name for l in case.layers]
    theta = [l.weights.copy() for l in case.layers]
    bias = [None if l.biases is None else l.biases.copy() for l in case.layers]
    eta = case.x.dtype.type(case.learning_rate)
    report = []
    for batch in case.batches:
        m = len(batch)
        X = case.x[:, list(batch)]
        Y = case.y[:, list(batch)]

        # forward
        Z, A = [], [X]
        for T, c, kind in zip(theta, bias, kinds):
            Z.append(T.T @ A[-1] if c is None else T.T @ A[-1] + c[:, None])
            A.append(act(kind, Z[-1]))
        O, U = A[-1], Z[-1]

        # error and its derivative by the last net inputs
        if case.loss == "squared":
            E = np.sum((Y - O) ** 2) / m
            R = 2 * (O - Y) / m
            D = O * (R - np.sum(R * O, axis=0)) if kinds[-1] == "softmax" else R * act_prime(kinds[-1], U)
        elif case.loss == "log":
            E = np.sum(np.maximum(U, 0) - Y * U + np.log1p(np.exp(-np.abs(U)))) / m
            D = (O - Y) / m
        else:
            V = U - U.max(axis=0)
            E = np.sum(Y * (np.log(np.exp(V).sum(axis=0)) - V)) / m
            D = (O - Y) / m

        # backward
        dtheta, dbias, deltas = [], [], [D]
        for l in range(len(theta) - 1, -1, -1):
            D = deltas[0]
            g = A[l] @ D.T
            if case.layers[l].mask is not None:
                g = g * case.layers[l].mask
            dtheta.insert(0, g)
            dbias.insert(0, None if bias[l] is None else 2 * D.sum(axis=1))
            if l:
                deltas.insert(0, act_prime(kinds[l - 1], Z[l - 1]) * (theta[l] @ D))

        # descent
        theta = [T - eta * g for T, g in zip(theta, dtheta)]
        bias = [None if c is None else c - eta * g for c, g in zip(bias, dbias)]
        report.append(dict(loss=case.x.dtype.type(E), net_inputs=Z, activations=A[1:], deltas=deltas, weights=theta,
                           biases=bias, weight_gradients=dtheta, bias_gradients=dbias))
    return report
