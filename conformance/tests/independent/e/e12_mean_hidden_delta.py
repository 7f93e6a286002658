"""Fault: hidden deltas are averaged over the batch (all samples get the mean delta)."""
import numpy as np
import backproof


def sgm(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def smax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@backproof.subject(activations=["tanh", "sigmoid", "relu", "identity", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"])
def net(case):
    f = {"tanh": np.tanh, "sigmoid": sgm, "relu": lambda z: z * (z > 0), "identity": lambda z: z, "softmax": smax}
    df = {"tanh": lambda z: 4 * sgm(2 * z) * sgm(-2 * z), "sigmoid": lambda z: sgm(z) * sgm(-z),
          "relu": lambda z: (z > 0).astype(z.dtype), "identity": np.ones_like}
    W, B = [l.weights for l in case.layers], [l.biases for l in case.layers]
    kinds = [l.activation.name for l in case.layers]
    masks = [1 if l.mask is None else l.mask for l in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    history = []
    for batch in case.batches:
        pick = list(batch)
        a, z = [case.x[pick]], []
        for w, b, kind in zip(W, B, kinds):
            z.append(np.einsum("nj,ij->ni", a[-1], w) + (0 if b is None else b))
            a.append(f[kind](z[-1]))
        d = [(2 if case.loss == "squared" else 1) * (a[-1] - case.y[pick])]
        for l in range(len(W) - 2, -1, -1):
            delta = np.einsum("nj,ji->ni", d[0], W[l + 1]) * df[kinds[l]](z[l])
            d.insert(0, np.repeat(delta.mean(axis=0, keepdims=True), len(pick), axis=0))
        gw = [np.einsum("ni,nj->ij", d[l], a[l]) * masks[l] for l in range(len(W))]
        gb = [None if b is None else np.einsum("ni->i", e) for b, e in zip(B, d)]
        W = [w - rate * g for w, g in zip(W, gw)]
        B = [None if b is None else b - rate * g for b, g in zip(B, gb)]
        history.append({"net_inputs": z, "activations": a[1:], "deltas": d, "weight_gradients": gw,
                        "bias_gradients": gb, "weights": W, "biases": B})
    return history
