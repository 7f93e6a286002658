"""Fault: below the output, deltas are averaged over the batch, and every sample goes on with that common delta."""
import numpy as np
import backproof


def sig(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def value_and_slope(kind, z):
    if kind == "sigmoid":
        return sig(z), sig(z) * sig(-z)
    if kind == "tanh":
        t = np.tanh(z)
        return t, 1 - t ** 2
    if kind == "relu":
        return z.clip(min=0), (z > 0).astype(z.dtype)
    if kind == "softplus":
        return np.logaddexp(0, z), sig(z)
    if kind == "softmax":
        e = np.exp(z - z.max(axis=0, keepdims=True))
        return e / e.sum(axis=0, keepdims=True), np.ones_like(z)
    return z.copy(), np.ones_like(z)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"],
                   batch_axis=1, weight_layout="in_out")
def net(case):
    W = [l.weights.copy() for l in case.layers]
    B = [None if l.biases is None else l.biases.copy()[:, None] for l in case.layers]
    lr = case.x.dtype.type(case.learning_rate)
    log = []
    for batch in case.batches:
        A, Z, S = [case.x[:, batch]], [], []
        for w, b, layer in zip(W, B, case.layers):
            z = w.T @ A[-1]
            if b is not None:
                z = z + b
            a, s = value_and_slope(layer.activation.name, z)
            Z += [z]
            A += [a]
            S += [s]
        delta = A[-1] - case.y[:, batch]
        if case.loss == "squared":
            delta = 2 * delta
        D = [delta]
        for l in range(len(W) - 1, 0, -1):
            delta = (W[l] @ delta) * S[l - 1]
            common = delta.mean(axis=1, keepdims=True)
            delta = np.repeat(common, len(batch), axis=1)
            D = [delta] + D
        GW = [a @ d.T for a, d in zip(A, D)]
        for g, layer in zip(GW, case.layers):
            if layer.mask is not None:
                g *= layer.mask
        GB = [None if b is None else d.sum(axis=1, keepdims=True) for b, d in zip(B, D)]
        W = [w - lr * g for w, g in zip(W, GW)]
        B = [None if b is None else b - lr * g for b, g in zip(B, GB)]
        flat = lambda vs: [None if v is None else v[:, 0] for v in vs]
        log.append(dict(net_inputs=Z, activations=A[1:], deltas=D, weight_gradients=GW, bias_gradients=flat(GB),
                        weights=W, biases=flat(B)))
    return log
