"""Fault: a Fortran-ordered input is read as if it were C-ordered (features and samples are mixed)."""
import numpy as np
import backproof


def sig(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def to_rows(x):
    """The matrix as a list of rows, from its flat memory."""
    flat = x.ravel(order="A")
    return flat.reshape(x.shape)


@backproof.subject(activations=["sigmoid", "tanh", "relu", "identity", "softmax"], losses=["squared", "log", "cross_entropy"],
                   skips=["general-output-delta"])
def net(case):
    data = to_rows(case.x)
    W, B = [l.weights for l in case.layers], [l.biases for l in case.layers]
    rate, out = data.dtype.type(case.learning_rate), []
    for batch in case.batches:
        a, slopes = [data[list(batch)]], []
        for w, b, l in zip(W, B, case.layers):
            z, name = a[-1] @ w.T if b is None else a[-1] @ w.T + b, l.activation.name
            if name == "softmax":
                e = np.exp(z - z.max(1, keepdims=True))
                a.append(e / e.sum(1, keepdims=True)), slopes.append(None)
            elif name == "relu":
                a.append(np.maximum(z, 0)), slopes.append((z > 0).astype(z.dtype))
            elif name == "sigmoid":
                a.append(sig(z)), slopes.append(sig(z) * sig(-z))
            elif name == "tanh":
                a.append(np.tanh(z)), slopes.append(4 * sig(2 * z) * sig(-2 * z))
            else:
                a.append(z), slopes.append(np.ones_like(z))
        d = [(a[-1] - case.y[list(batch)]) * (2 if case.loss == "squared" else 1)]
        for l in range(len(W) - 2, -1, -1):
            d.insert(0, slopes[l] * (d[0] @ W[l + 1]))
        gw = [e.T @ p for e, p in zip(d, a)]
        gw = [g if l.mask is None else g * l.mask for g, l in zip(gw, case.layers)]
        W = [w - rate * g for w, g in zip(W, gw)]
        B = [None if b is None else b - rate * e.sum(0) for b, e in zip(B, d)]
        out.append({"activations": a[1:], "weight_gradients": gw, "weights": W, "biases": B})
    return out
