"""Fault: the last unit of each hidden layer gets no weight update."""
import numpy as np
import backproof


def logistic(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


ACT = {
    "sigmoid": (logistic, lambda z, a: a * (1 - a)),
    "tanh": (np.tanh, lambda z, a: 1 - a * a),
    "softplus": (lambda z: np.logaddexp(z.dtype.type(0), z), lambda z, a: logistic(z)),
    "identity": (lambda z: z + 0, lambda z, a: np.ones_like(z)),
}


@backproof.subject(activations=list(ACT), losses=["squared", "log"])
def net(case):
    L = len(case.layers)
    W = {l: case.layers[l - 1].weights for l in range(1, L + 1)}
    b = {l: case.layers[l - 1].biases for l in range(1, L + 1)}
    f = {l: ACT[case.layers[l - 1].activation.name] for l in range(1, L + 1)}
    rate = case.x.dtype.type(case.learning_rate)
    out = []
    for batch in case.batches:
        a, z, d, gw, gb = {0: case.x[list(batch)]}, {}, {}, {}, {}
        y = case.y[list(batch)]
        for l in W:
            z[l] = a[l - 1] @ W[l].T
            if b[l] is not None:
                z[l] = z[l] + b[l]
            a[l] = f[l][0](z[l])
        d[L] = a[L] - y if case.loss == "log" else 2 * (a[L] - y) * f[L][1](z[L], a[L])
        for l in range(L - 1, 0, -1):
            d[l] = f[l][1](z[l], a[l]) * (d[l + 1] @ W[l + 1])
        for l in range(1, L + 1):
            gw[l] = d[l].T @ a[l - 1]
            if case.layers[l - 1].mask is not None:
                gw[l] = gw[l] * case.layers[l - 1].mask
            gb[l] = None if b[l] is None else d[l].sum(0)
        for l in range(1, L + 1):
            W[l] = W[l].copy()
            rows = len(W[l]) if l == L else len(W[l]) - 1
            for i in range(rows):
                W[l][i] -= rate * gw[l][i]
            if b[l] is not None:
                b[l] = b[l] - rate * gb[l]
        ls = range(1, L + 1)
        out.append({"weight_gradients": [gw[l] for l in ls], "bias_gradients": [gb[l] for l in ls],
                    "weights": [W[l] for l in ls], "biases": [b[l] for l in ls]})
    return out
