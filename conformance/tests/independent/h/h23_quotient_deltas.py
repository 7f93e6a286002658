"""Fault: in the delta rule the back-flowing sum is divided by f'(z), where it should be multiplied by it."""
import numpy as np
import backproof


def bell(z, c):
    """sigmoid'(c z), without cancellation"""
    e = np.exp(-abs(c * z))
    return e / (1 + e) ** 2


def logistic(z):
    e = np.exp(-abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


RULES = {
    "identity": (lambda z, p: z, lambda z, p: np.ones_like(z)),
    "sigmoid": (lambda z, p: logistic(z), lambda z, p: bell(z, 1)),
    "tanh": (lambda z, p: np.tanh(z), lambda z, p: 4 * bell(z, 2)),
    "softplus": (lambda z, p: np.logaddexp(0 * z, z), lambda z, p: logistic(z)),
    "leaky_relu": (lambda z, p: np.where(z > 0, z, z * z.dtype.type(p["slope"])),
                   lambda z, p: np.where(z > 0, z.dtype.type(1), z.dtype.type(p["slope"]))),
}


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def forward(ws, bs, acts, x):
    zs, outs = [], [x]
    for w, b, (name, p) in zip(ws, bs, acts):
        z = outs[-1] @ w.T
        if b is not None:
            z = z + b
        zs.append(z)
        outs.append(softmax(z) if name == "softmax" else RULES[name][0](z, p))
    return zs, outs


def loss_and_delta(kind, act, z, o, y):
    if kind == "log":
        return np.sum(np.logaddexp(0 * z, z) - y * z), o - y
    if kind == "cross_entropy":
        m = z.max(axis=1, keepdims=True)
        lse = m + np.log(np.exp(z - m).sum(axis=1, keepdims=True))
        return np.sum(y * (lse - z)), o - y
    g = 2 * (o - y)
    name, p = act
    d = o * (g - np.sum(g * o, axis=1, keepdims=True)) if name == "softmax" else g * RULES[name][1](z, p)
    return np.sum((y - o) ** 2), d


@backproof.subject(activations=list(RULES) + ["softmax"], losses=["squared", "log", "cross_entropy"],
                   skips=["saturated-output"])
def net(case):
    ws = [l.weights.copy() for l in case.layers]
    bs = [None if l.biases is None else l.biases.copy() for l in case.layers]
    acts = [(l.activation.name, dict(l.activation.parameters)) for l in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    history = []
    for rows in case.batches:
        zs, outs = forward(ws, bs, acts, case.x[rows])
        loss, d = loss_and_delta(case.loss, acts[-1], zs[-1], outs[-1], case.y[rows])
        ds = [d]
        for l in reversed(range(len(ws) - 1)):
            ds.insert(0, (ds[0] @ ws[l + 1]) / RULES[acts[l][0]][1](zs[l], acts[l][1]))
        gw = [d.T @ a if l.mask is None else (d.T @ a) * l.mask for d, a, l in zip(ds, outs, case.layers)]
        gb = [None if b is None else d.sum(axis=0) for d, b in zip(ds, bs)]
        ws = [w - rate * g for w, g in zip(ws, gw)]
        bs = [None if b is None else b - rate * g for b, g in zip(bs, gb)]
        history.append(dict(net_inputs=zs, activations=outs[1:], deltas=ds, loss=loss, weight_gradients=gw,
                            bias_gradients=gb, weights=ws, biases=bs))
    return history
