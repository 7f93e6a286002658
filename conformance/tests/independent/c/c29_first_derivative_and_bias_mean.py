"""Faults: no derivative in the first hidden layer's delta, and the bias gradient is the mean over the samples."""
import numpy as np
import backproof


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


@backproof.subject(activations=["sigmoid", "tanh", "identity"], losses=["squared", "log"])
def net(case):
    names = [l.activation.name for l in case.layers]
    f = {"sigmoid": sigmoid, "tanh": np.tanh, "identity": lambda z: z}
    df = {"sigmoid": lambda a: a * (1 - a), "tanh": lambda a: 1 - a * a, "identity": np.ones_like}
    W, b = [l.weights for l in case.layers], [l.biases for l in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    out = []
    for batch in case.batches:
        a = [case.x[list(batch)]]
        for w, c, n in zip(W, b, names):
            z = np.einsum("sj,ij->si", a[-1], w)
            a.append(f[n](z if c is None else z + c))
        d = a[-1] - case.y[list(batch)]
        if case.loss == "squared":
            d = 2 * d * df[names[-1]](a[-1])
        deltas = [d]
        for l in range(len(W) - 1, 0, -1):
            d = np.einsum("si,ij->sj", d, W[l])
            if l > 1:
                d = d * df[names[l - 1]](a[l])
            deltas.append(d)
        deltas.reverse()
        gw = [np.einsum("si,sj->ij", e, p) for e, p in zip(deltas, a)]
        gw = [g if l.mask is None else g * l.mask for g, l in zip(gw, case.layers)]
        gb = [None if c is None else e.mean(axis=0) for e, c in zip(deltas, b)]
        W = [w - rate * g for w, g in zip(W, gw)]
        b = [None if c is None else c - rate * g for c, g in zip(b, gb)]
        out.append({"activations": a[1:], "deltas": deltas, "weight_gradients": gw, "bias_gradients": gb,
                    "weights": W, "biases": b})
    return out
