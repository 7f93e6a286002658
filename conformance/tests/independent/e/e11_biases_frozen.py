"""Fault: biases are never updated."""
import numpy as np
import backproof


def S(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


table = {
    "identity": (lambda z: z, np.ones_like),
    "sigmoid": (S, lambda z: S(z) * S(-z)),
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(z.dtype)),
    "softplus": (lambda z: np.logaddexp(0, z), S),
}


@backproof.subject(activations=list(table), losses=["squared", "log"], weight_layout="in_out", reduction="mean")
def net(case):
    W = [l.weights.copy() for l in case.layers]
    fs = [table[l.activation.name] for l in case.layers]
    dtype = case.x.dtype.type
    out = []
    for batch in case.batches:
        idx = np.array(batch)
        h, zs, hs = case.x[idx], [], [case.x[idx]]
        for w, layer, (f, _) in zip(W, case.layers, fs):
            z = h @ w
            if layer.biases is not None:
                z += layer.biases
            h = f(z)
            zs.append(z)
            hs.append(h)
        g = h - case.y[idx]
        if case.loss == "squared":
            g = 2 * g * fs[-1][1](zs[-1])
        g = g / len(idx)
        grads = [None] * len(W)
        for l in reversed(range(len(W))):
            grads[l] = hs[l].T @ g
            if case.layers[l].mask is not None:
                grads[l] = grads[l] * case.layers[l].mask
            if l > 0:
                g = (g @ W[l].T) * fs[l - 1][1](zs[l - 1])
        W = [w - dtype(case.learning_rate) * d for w, d in zip(W, grads)]
        out.append({"weights": W, "biases": [None if l.biases is None else l.biases.copy() for l in case.layers]})
    return out
