"""Fault: the summed gradient is multiplied once more by the number of samples in the batch, so each step is n times
too large."""
import numpy as np
import backproof


def f(name, z):
    if name == "sigmoid":
        return np.exp(-np.logaddexp(0, -z))
    if name == "tanh":
        return np.tanh(z)
    if name == "relu":
        return np.maximum(z, 0)
    if name == "softmax":
        e = np.exp(z - z.max(axis=0))
        return e / e.sum(axis=0)
    return z.copy()


def slope(name, z, a):
    if name == "sigmoid":
        return a * f("sigmoid", -z)
    if name == "tanh":
        return (1 - a) * (1 + a)
    if name == "relu":
        return (z > 0).astype(z.dtype)
    return np.ones_like(z)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softmax"],
                   losses=["squared", "log", "cross_entropy"], batch_axis=1, weight_layout="in_out")
def net(case):
    X, Y = case.x, case.y
    names = [layer.activation.name for layer in case.layers]
    W = [np.array(layer.weights) for layer in case.layers]  # (n_in, n_out)
    b = [None if layer.biases is None else np.array(layer.biases)[:, None] for layer in case.layers]
    L = len(W)
    eta = X.dtype.type(case.learning_rate)
    out = []
    for batch in case.batches:
        n = len(batch)
        A, Z, D = [X[:, batch]], [], [None] * L
        for l in range(L):
            z = W[l].T @ A[l]
            if b[l] is not None:
                z += b[l]
            Z.append(z)
            A.append(f(names[l], z))
        T, o, z = Y[:, batch], A[L], Z[L - 1]
        if case.loss == "squared":
            E = ((T - o) ** 2).sum()
            g = 2 * (o - T)
            D[-1] = o * (g - (g * o).sum(axis=0)) if names[-1] == "softmax" else g * slope(names[-1], z, o)
        elif case.loss == "log":
            E = (np.logaddexp(0, z) - T * z).sum()
            D[-1] = o - T
        else:
            s = z - z.max(axis=0)
            E = (T * (np.log(np.exp(s).sum(axis=0)) - s)).sum()
            D[-1] = o - T
        for l in range(L - 2, -1, -1):
            D[l] = slope(names[l], Z[l], A[l + 1]) * (W[l + 1] @ D[l + 1])
        gW, gb = [], []
        for l in range(L):
            g = n * (A[l] @ D[l].T)
            if case.layers[l].mask is not None:
                g = np.where(case.layers[l].mask, g, 0)
            gW.append(g)
            gb.append(None if b[l] is None else n * D[l].sum(axis=1))
        for l in range(L):
            W[l] = W[l] - eta * gW[l]
            if b[l] is not None:
                b[l] = b[l] - eta * gb[l][:, None]
        out.append({"net_inputs": Z, "activations": A[1:], "deltas": D, "loss": E, "weight_gradients": gW,
                    "bias_gradients": gb, "weights": list(W),
                    "biases": [None if v is None else v[:, 0].copy() for v in b]})
    return out
