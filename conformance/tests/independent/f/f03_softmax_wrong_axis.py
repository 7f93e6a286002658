"""Fault: samples are columns here, but softmax normalises along axis 1 - over the samples, not over the classes."""
import numpy as np
import backproof


def softmax(z):
    e = np.exp(z - np.max(z, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)


def sig(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


F = {
    "identity": (lambda z: z * 1, lambda z: np.ones_like(z)),
    "sigmoid": (sig, lambda z: sig(z) * sig(-z)),
    "tanh": (np.tanh, lambda z: 4 * sig(2 * z) * sig(-2 * z)),
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(z.dtype)),
    "softplus": (lambda z: np.logaddexp(0, z).astype(z.dtype), sig),
    "softmax": (softmax, None),
}


@backproof.subject(activations=list(F), losses=["cross_entropy", "squared", "log"], batch_axis=1,
                   skips=["general-output-delta"])
def net(case):
    L = len(case.layers)
    eta = case.x.dtype.type(case.learning_rate)
    W = {l: case.layers[l - 1].weights.copy() for l in range(1, L + 1)}
    b = {}
    for l in range(1, L + 1):
        if case.layers[l - 1].biases is not None:
            b[l] = case.layers[l - 1].biases.reshape(-1, 1).copy()
    f = {l: F[case.layers[l - 1].activation.name] for l in W}

    report = []
    for batch in case.batches:
        cols = np.array(batch)
        Y = case.y[:, cols]
        A, Z, D, GW, Gb = {0: case.x[:, cols]}, {}, {}, {}, {}
        for l in range(1, L + 1):
            Z[l] = W[l] @ A[l - 1] + b.get(l, 0)
            A[l] = f[l][0](Z[l])
        D[L] = A[L] - Y
        if case.loss == "squared":
            D[L] = 2 * D[L]
        for l in range(L - 1, 0, -1):
            D[l] = W[l + 1].T @ D[l + 1] * f[l][1](Z[l])
        for l in range(1, L + 1):
            GW[l] = D[l] @ A[l - 1].T
            if case.layers[l - 1].mask is not None:
                GW[l][~case.layers[l - 1].mask] = 0
            W[l] = W[l] - eta * GW[l]
            if l in b:
                Gb[l] = D[l].sum(axis=1, keepdims=True)
                b[l] = b[l] - eta * Gb[l]
        R = range(1, L + 1)
        flat = lambda t: [t[l].ravel() if l in t else None for l in R]
        report.append(dict(net_inputs=[Z[l] for l in R], activations=[A[l] for l in R], deltas=[D[l] for l in R],
                           weight_gradients=[GW[l] for l in R], bias_gradients=flat(Gb),
                           weights=[W[l] for l in R], biases=flat(b)))
    return report
