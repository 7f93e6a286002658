"""Fault: every hidden delta is averaged over the batch before it is used, so all samples of a batch share the same hidden deltas."""
import numpy as np
import backproof

# Samples in columns. E is the mean over the batch; a delta here is one sample's own (without the 1/n),
# and the gradients divide by n.


def sig(z):
    e = np.exp(-abs(z))
    return np.where(z < 0, e, 1) / (1 + e)


def make(activation):
    n, p = activation.name, dict(activation.parameters)
    if n == "identity":
        return lambda z: z + 0, lambda z: np.ones_like(z)
    if n == "sigmoid":
        return sig, lambda z: sig(z) * sig(-z)
    if n == "tanh":
        return np.tanh, lambda z: 1 - np.tanh(z) ** 2
    if n == "relu":
        return lambda z: np.maximum(0, z), lambda z: np.where(z > 0, np.ones_like(z), 0)
    if n == "leaky_relu":
        return (lambda z: np.where(z > 0, z, p["slope"] * z),
                lambda z: np.where(z > 0, np.ones_like(z), p["slope"]))
    if n == "elu":
        return (lambda z: np.where(z > 0, z, p["alpha"] * np.expm1(np.minimum(z, 0))),
                lambda z: np.where(z > 0, np.ones_like(z), p["alpha"] * np.exp(np.minimum(z, 0))))
    if n == "softplus":
        return lambda z: np.logaddexp(0, z), sig

    def softmax(z):
        e = np.exp(z - z.max(axis=0))
        return e / e.sum(axis=0)
    return softmax, None


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"],
                   batch_axis=1, weight_layout="in_out", reduction="mean", delta_of="sample")
def net(case):
    fs = [make(l.activation) for l in case.layers]
    V = [l.weights.copy() for l in case.layers]
    c = [None if l.biases is None else l.biases.copy() for l in case.layers]
    alpha = case.x.dtype.type(case.learning_rate)
    L = len(V)
    seen = []
    for batch in case.batches:
        cols = list(batch)
        n = len(cols)
        a, y, z = [case.x[:, cols]], case.y[:, cols], []
        for l, (f, _) in enumerate(fs):
            z.append(V[l].T @ a[l])
            if c[l] is not None:
                z[l] += c[l][:, None]
            a.append(f(z[l]))
        o, top = a[L], z[L - 1]
        if case.loss == "squared":
            loss, g = ((y - o) ** 2).sum() / n, 2 * (o - y)
            slope = fs[-1][1]
            d = g * slope(top) if slope else o * (g - (g * o).sum(axis=0))
        elif case.loss == "log":
            loss, d = (np.logaddexp(0, top) - top * y).sum() / n, o - y
        else:
            t = top - top.max(axis=0)
            loss, d = (y * (np.log(np.exp(t).sum(axis=0)) - t)).sum() / n, o - y
        ds = [d]
        for l in range(L - 2, -1, -1):
            d = fs[l][1](z[l]) * (V[l + 1] @ ds[-1])
            d = d.mean(axis=1, keepdims=True) * np.ones((1, n), d.dtype)
            ds.append(d)
        ds.reverse()
        gV = [a[l] @ ds[l].T / n for l in range(L)]
        gV = [g if l.mask is None else g * l.mask for g, l in zip(gV, case.layers)]
        gc = [None if c[l] is None else ds[l].sum(axis=1) / n for l in range(L)]
        V = [v - alpha * g for v, g in zip(V, gV)]
        c = [None if v is None else v - alpha * g for v, g in zip(c, gc)]
        seen.append({"net_inputs": z, "activations": a[1:], "deltas": ds, "loss": loss, "weight_gradients": gV,
                     "bias_gradients": gc, "weights": V, "biases": c})
    return seen
