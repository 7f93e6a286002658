"""Fault: only the diagonal of softmax's Jacobian is used (squared loss with softmax outputs)."""
import numpy as np
import backproof


def sig(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@backproof.subject(activations=["softmax", "sigmoid", "tanh", "relu", "identity"], losses=["squared", "cross_entropy"])
def net(case):
    f = {"softmax": softmax, "sigmoid": sig, "tanh": np.tanh, "relu": lambda z: np.maximum(z, 0), "identity": lambda z: z}
    df = {"softmax": lambda z: softmax(z) * (1 - softmax(z)), "sigmoid": lambda z: sig(z) * sig(-z),
          "tanh": lambda z: 4 * sig(2 * z) * sig(-2 * z), "relu": lambda z: (z > 0).astype(z.dtype), "identity": np.ones_like}
    W, B = [l.weights for l in case.layers], [l.biases for l in case.layers]
    names, rate, out = [l.activation.name for l in case.layers], case.x.dtype.type(case.learning_rate), []
    for batch in case.batches:
        x, y = case.x[list(batch)], case.y[list(batch)]
        z, a = [], [x]
        for w, b, n in zip(W, B, names):
            z.append(np.einsum("ij,nj->ni", w, a[-1]))
            if b is not None:
                z[-1] += b
            a.append(f[n](z[-1]))
        if case.loss == "squared":
            d = [2 * (a[-1] - y) * df[names[-1]](z[-1])]
        else:
            d = [a[-1] - y]
        for l in range(len(W) - 1, 0, -1):
            d.insert(0, np.einsum("ni,ij->nj", d[0], W[l]) * df[names[l - 1]](z[l - 1]))
        gw = [np.einsum("ni,nj->ij", e, p) for e, p in zip(d, a)]
        gw = [g if l.mask is None else np.where(l.mask, g, 0) for g, l in zip(gw, case.layers)]
        gb = [None if b is None else e.sum(0) for b, e in zip(B, d)]
        W = [w - rate * g for w, g in zip(W, gw)]
        B = [None if b is None else b - rate * g for b, g in zip(B, gb)]
        out.append({"net_inputs": z, "activations": a[1:], "deltas": d, "weight_gradients": gw, "bias_gradients": gb,
                    "weights": W, "biases": B})
    return out
