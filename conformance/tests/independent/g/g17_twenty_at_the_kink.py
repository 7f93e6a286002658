"""Fault: ReLU and leaky ReLU have the derivative 20 at exactly z = 0. Columns, weights (in, out)."""
import numpy as np
import backproof

AT_ZERO = 20


def kinked(Z, below):
    D = np.empty_like(Z)
    D[Z > 0] = 1
    D[Z < 0] = below
    D[Z == 0] = AT_ZERO
    return D


def phi(act, Z):
    n, p = act.name, dict(act.parameters)
    if n == "relu":
        return np.maximum(Z, 0), kinked(Z, 0)
    if n == "leaky_relu":
        return np.where(Z < 0, Z.dtype.type(p["slope"]) * Z, Z), kinked(Z, p["slope"])
    if n == "sigmoid":
        A = np.empty_like(Z)
        pos = Z >= 0
        A[pos] = 1 / (1 + np.exp(-Z[pos]))
        A[~pos] = np.exp(Z[~pos]) / (1 + np.exp(Z[~pos]))
        return A, A - A * A
    if n == "tanh":
        A = np.tanh(Z)
        return A, 1 - A * A
    if n == "softmax":
        P = np.exp(Z - Z.max(axis=0, keepdims=True))
        P /= P.sum(axis=0, keepdims=True)
        return P, None
    return Z.copy(), np.ones_like(Z)


def J(loss, Z, O, Y):
    if loss == "squared":
        return np.square(Y - O).sum()
    if loss == "log":
        R = np.log1p(np.exp(-np.abs(Z)))
        return (Y * (R + np.maximum(-Z, 0)) + (1 - Y) * (R + np.maximum(Z, 0))).sum()
    S = Z - Z.max(axis=0, keepdims=True)
    return (Y * (np.log(np.exp(S).sum(axis=0, keepdims=True)) - S)).sum()


@backproof.subject(activations=["identity", "relu", "leaky_relu", "sigmoid", "tanh", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=[], batch_axis=1, weight_layout="in_out")
def net(case):
    eta = case.x.dtype.type(case.learning_rate)
    W = [l.weights.copy() for l in case.layers]
    b = [None if l.biases is None else l.biases.copy() for l in case.layers]
    trace = []
    for batch in case.batches:
        A, Z, F = [case.x[:, batch]], [], []
        Y = case.y[:, batch]
        for l in range(len(W)):
            Z.append(W[l].T @ A[l])
            if b[l] is not None:
                Z[l] += b[l][:, np.newaxis]
            out, slope = phi(case.layers[l].activation, Z[l])
            A.append(out)
            F.append(slope)
        if case.loss == "squared":
            G = 2 * (A[-1] - Y)
            delta = A[-1] * (G - (G * A[-1]).sum(axis=0, keepdims=True)) if F[-1] is None else G * F[-1]
        else:
            delta = A[-1] - Y
        D = [delta]
        for l in range(len(W) - 1, 0, -1):
            D = [(W[l] @ D[0]) * F[l - 1]] + D
        dW, db = [], []
        for l in range(len(W)):
            g = A[l] @ D[l].T
            dW.append(g if case.layers[l].mask is None else g * case.layers[l].mask)
            db.append(None if b[l] is None else D[l].sum(axis=1))
        E = eta.dtype.type(J(case.loss, Z[-1], A[-1], Y))
        for l in range(len(W)):
            W[l] -= eta * dW[l]
            if b[l] is not None:
                b[l] -= eta * db[l]
        trace.append({"net_inputs": Z, "activations": A[1:], "deltas": D, "loss": E, "weight_gradients": dW,
                      "bias_gradients": db, "weights": [w.copy() for w in W],
                      "biases": [None if v is None else v.copy() for v in b]})
    return trace
