"""Fault: the derivative factor is missing in the delta of the first hidden layer only."""
import numpy as np
import backproof


def squash(name, z, T):
    if name == "identity":
        return z
    if name == "tanh":
        return T(np.tanh(z))
    if z >= 0:
        return T(1) / (T(1) + np.exp(-z))
    e = np.exp(z)
    return e / (T(1) + e)


def slope(name, a, T):
    if name == "identity":
        return T(1)
    if name == "tanh":
        return (T(1) - a) * (T(1) + a)
    return a * (T(1) - a)


@backproof.subject(activations=["sigmoid", "tanh", "identity"], losses=["squared", "log"], skips=["masked"])
def net(case):
    T = case.x.dtype.type
    L = len(case.layers)
    W = [layer.weights.copy() for layer in case.layers]
    B = [None if layer.biases is None else layer.biases.copy() for layer in case.layers]
    names = [layer.activation.name for layer in case.layers]
    rate = T(case.learning_rate)
    out = []
    for batch in case.batches:
        n = len(batch)
        Z = [np.zeros((n, len(w)), T) for w in W]
        A = [np.zeros((n, len(w)), T) for w in W]
        D = [np.zeros((n, len(w)), T) for w in W]
        GW = [np.zeros_like(w) for w in W]
        GB = [None if b is None else np.zeros_like(b) for b in B]
        loss = T(0)
        for s, index in enumerate(batch):
            below = case.x[index]
            for l in range(L):
                for i in range(len(W[l])):
                    z = T(0) if B[l] is None else B[l][i]
                    for j in range(len(below)):
                        z = z + W[l][i, j] * below[j]
                    Z[l][s, i] = z
                    A[l][s, i] = squash(names[l], z, T)
                below = A[l][s]
            for i in range(len(W[-1])):
                o, y, z = A[-1][s, i], case.y[index, i], Z[-1][s, i]
                if case.loss == "log":
                    tail = T(np.log1p(np.exp(-abs(z))))
                    loss += y * (max(-z, T(0)) + tail) + (T(1) - y) * (max(z, T(0)) + tail)
                    D[-1][s, i] = o - y
                else:
                    loss += (y - o) * (y - o)
                    D[-1][s, i] = T(2) * (o - y) * slope(names[-1], o, T)
            for l in range(L - 2, -1, -1):
                for i in range(len(W[l])):
                    back = T(0)
                    for j in range(len(W[l + 1])):
                        back += W[l + 1][j, i] * D[l + 1][s, j]
                    D[l][s, i] = back if l == 0 else back * slope(names[l], A[l][s, i], T)
            for l in range(L):
                below = case.x[index] if l == 0 else A[l - 1][s]
                for i in range(len(W[l])):
                    for j in range(len(below)):
                        GW[l][i, j] += D[l][s, i] * below[j]
                    if GB[l] is not None:
                        GB[l][i] += D[l][s, i]
        for l in range(L):
            W[l] = W[l] - rate * GW[l]
            if B[l] is not None:
                B[l] = B[l] - rate * GB[l]
        out.append({"net_inputs": Z, "activations": A, "loss": loss, "deltas": D, "weight_gradients": GW,
                    "bias_gradients": GB, "weights": list(W), "biases": list(B)})
    return out
