"""Fault: the output delta is divided by the number of outputs, though the error is the sum over the outputs."""
import numpy as np

import backproof


def sg(z):
    e = np.exp(-np.abs(z))
    return np.where(z > 0, 1, e) / (1 + e)


def act(z, layer):
    n, p = layer.activation.name, dict(layer.activation.parameters)
    if n == "identity":
        return z, np.ones_like(z)
    if n == "sigmoid":
        return sg(z), sg(z) * sg(-z)
    if n == "tanh":
        return np.tanh(z), 1 - np.tanh(z) ** 2
    if n == "relu":
        return np.fmax(z, 0), np.where(z > 0, 1, 0).astype(z.dtype)
    if n == "leaky_relu":
        k = np.where(z > 0, 1, p["slope"]).astype(z.dtype)
        return k * z, k
    if n == "elu":
        m = np.fmin(z, 0)
        return np.where(z > 0, z, p["alpha"] * np.expm1(m)), np.where(z > 0, 1, p["alpha"] * np.exp(m)).astype(z.dtype)
    if n == "softplus":
        return np.fmax(z, 0) + np.log1p(np.exp(-np.abs(z))), sg(z)
    t = np.exp(z - z.max(axis=0))
    return t / t.sum(axis=0), None


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], batch_axis=1, loss_at="none")
def net(case):
    """Samples are columns; one matrix product a layer each way."""
    Ws = [np.copy(l.weights) for l in case.layers]
    bs = [l.biases if l.biases is None else l.biases[:, np.newaxis].copy() for l in case.layers]
    eta = case.x.dtype.type(case.learning_rate)
    log = []
    for idx in case.batches:
        X, Y = np.take(case.x, idx, axis=1), np.take(case.y, idx, axis=1)
        zs, As, ss = [], [X], []
        for l, W, b in zip(case.layers, Ws, bs):
            z = W @ As[-1]
            if b is not None:
                z = z + b
            a, s = act(z, l)
            zs.append(z)
            As.append(a)
            ss.append(s)
        k = Y.shape[0]
        d = As[-1] - Y
        if case.loss == "squared":
            d = 2 * d
            d = d * ss[-1] if ss[-1] is not None else As[-1] * (d - (d * As[-1]).sum(axis=0))
        d = d / k
        ds, gW, gb = [], [], []
        for i in reversed(range(len(Ws))):
            if i < len(Ws) - 1:
                d = (Ws[i + 1].T @ d) * ss[i]
            ds.append(d)
            g = d @ As[i].T
            gW.append(g if case.layers[i].mask is None else g * case.layers[i].mask)
            gb.append(None if bs[i] is None else d.sum(axis=1))
        ds, gW, gb = ds[::-1], gW[::-1], gb[::-1]
        Ws = [W - eta * g for W, g in zip(Ws, gW)]
        bs = [None if b is None else b - eta * g[:, np.newaxis] for b, g in zip(bs, gb)]
        log.append({"net_inputs": zs, "activations": As[1:], "deltas": ds, "weight_gradients": gW, "bias_gradients": gb,
                    "weights": Ws, "biases": [None if b is None else b[:, 0] for b in bs]})
    return log
