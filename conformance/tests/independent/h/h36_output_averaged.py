"""Fault: weight and bias gradients are divided by the number of outputs of the network, as if the loss were averaged
over the outputs (which it is not)."""
import numpy as np
import backproof


def sg(z):
    return np.where(z < 0, np.exp(np.minimum(z, 0)), 1) / (1 + np.exp(-np.abs(z)))


def phi(act):
    p = dict(act.parameters)
    if act.name == "elu":
        return (lambda z: np.where(z > 0, z, p["alpha"] * np.expm1(np.minimum(z, 0))).astype(z.dtype),
                lambda z: np.where(z > 0, 1, p["alpha"] * np.exp(np.minimum(z, 0))).astype(z.dtype))
    if act.name == "leaky_relu":
        return (lambda z: np.where(z > 0, z, p["slope"] * z).astype(z.dtype),
                lambda z: np.where(z > 0, 1, p["slope"]).astype(z.dtype))
    return {"identity": (lambda z: z, lambda z: np.ones_like(z)),
            "sigmoid": (sg, lambda z: sg(z) * sg(-z)),
            "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
            "relu": (lambda z: z * (z > 0), lambda z: 1.0 * (z > 0).astype(z.dtype)),
            "softmax": (lambda z: np.exp(z - lse(z)), None)}[act.name]


def lse(z):
    return np.logaddexp.reduce(z, axis=0, keepdims=True)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softmax"],
                   losses=["squared", "log", "cross_entropy"], batch_axis=1, loss_factor=0.5)
def net(case):
    ws = [l.weights.copy() for l in case.layers]
    bs = [l.biases.copy() if l.biases is not None else None for l in case.layers]
    fs = [phi(l.activation) for l in case.layers]
    k = case.y.shape[0]
    eta = case.x.dtype.type(case.learning_rate)
    for_each_update = []
    for batch in case.batches:
        a, y = [case.x[:, batch]], case.y[:, batch]
        zs = []
        for w, b, (f, _) in zip(ws, bs, fs):
            zs.append(w @ a[-1] if b is None else w @ a[-1] + b[:, None])
            a.append(f(zs[-1]))
        z, o = zs[-1], a[-1]
        if case.loss == "squared":
            loss, g = ((y - o) ** 2).sum() / 2, o - y
            d = o * (g - (o * g).sum(axis=0)) if fs[-1][1] is None else g * fs[-1][1](z)
        else:
            loss = (np.logaddexp(0, z) - y * z).sum() if case.loss == "log" else (y * (lse(z) - z)).sum()
            d = o - y
        ds = [d]
        for w, (_, df), zz in zip(ws[:0:-1], fs[-2::-1], zs[-2::-1]):
            ds.append(df(zz) * (w.T @ ds[-1]))
        ds.reverse()
        gw = [(d @ p.T) / k for d, p in zip(ds, a)]
        gw = [g if l.mask is None else g * l.mask for g, l in zip(gw, case.layers)]
        gb = [None if b is None else d.sum(axis=1) / k for d, b in zip(ds, bs)]
        ws = [w - eta * g for w, g in zip(ws, gw)]
        bs = [None if b is None else b - eta * g for b, g in zip(bs, gb)]
        for_each_update.append({"net_inputs": zs, "activations": a[1:], "deltas": ds, "loss": loss,
                                "weight_gradients": gw, "bias_gradients": gb, "weights": ws, "biases": bs})
    return for_each_update
