"""Fault: the sigmoid is written 1/(1+e^x) instead of 1/(1+e^(-x)), so every sigmoid activation is
mirrored (1 - the right value); its derivative is taken as a(1-a) and the rest is as it should be."""
import numpy as np
import backproof


def sigmoid(x):
    # 1 / (1 + e^x) without overflow
    t = np.exp(-np.abs(x))
    return np.where(x > 0, t / (1 + t), 1 / (1 + t))


def act(name, z):
    if name == "sigmoid":
        return sigmoid(z)
    if name == "tanh":
        return np.tanh(z)
    if name == "relu":
        return np.clip(z, 0, None)
    if name == "softmax":
        e = np.exp(z - np.amax(z, axis=-1, keepdims=True))
        return np.einsum("si,s->si", e, 1 / np.einsum("si->s", e))
    return z


def back(name, z, a, up):
    if name == "sigmoid":
        return np.einsum("si,si,si->si", up, a, 1 - a)
    if name == "tanh":
        return np.einsum("si,si->si", up, 1 - a ** 2)
    if name == "relu":
        return np.einsum("si,si->si", up, (z > 0).astype(z.dtype))
    if name == "softmax":
        return a * up - np.einsum("si,sj,sj->si", a, a, up)
    return up


@backproof.subject(activations=["sigmoid", "tanh", "relu", "identity", "softmax"],
                   losses=["squared", "log", "cross_entropy"], weight_layout="in_out", loss_at="none")
def net(case):
    w = [np.array(p.weights) for p in case.layers]
    b = [None if p.biases is None else np.array(p.biases) for p in case.layers]
    names = [p.activation.name for p in case.layers]
    eta = case.x.dtype.type(case.learning_rate)
    reports = []
    for batch in case.batches:
        sel = np.asarray(batch)
        a = [case.x[sel]]
        z = [None]
        for l, name in enumerate(names):
            n = np.einsum("sj,ji->si", a[l], w[l])
            if b[l] is not None:
                n = n + b[l]
            z.append(n)
            a.append(act(name, n))
        e = a[-1] - case.y[sel]
        if case.loss == "squared":
            d = back(names[-1], z[-1], a[-1], 2 * e)
        else:
            d = e
        ds = {len(names): d}
        for l in range(len(names) - 1, 0, -1):
            ds[l] = back(names[l - 1], z[l], a[l], np.einsum("ji,si->sj", w[l], ds[l + 1]))
        gw, gb = [], []
        for l in range(len(names)):
            g = np.einsum("sj,si->ji", a[l], ds[l + 1])
            if case.layers[l].mask is not None:
                g = g * case.layers[l].mask
            gw.append(g)
            gb.append(None if b[l] is None else np.einsum("si->i", ds[l + 1]))
        w = [p - eta * g for p, g in zip(w, gw)]
        b = [None if p is None else p - eta * g for p, g in zip(b, gb)]
        reports.append({"net_inputs": z[1:], "activations": a[1:],
                        "deltas": [ds[l] for l in sorted(ds)],
                        "weight_gradients": gw, "bias_gradients": gb,
                        "weights": w, "biases": b})
    return reports
