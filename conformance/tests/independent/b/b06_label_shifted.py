"""Style: np.einsum throughout; fault: the labels are off by one sample in the output delta."""

import numpy as np

import backproof


def _sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def _apply(name, z):
    """value and derivative (None for softmax)"""
    if name == "identity":
        return z.copy(), np.ones_like(z)
    if name == "sigmoid":
        s = _sigmoid(z)
        return s, s * _sigmoid(-z)
    if name == "tanh":
        return np.tanh(z), 4 * _sigmoid(2 * z) * _sigmoid(-2 * z)
    if name == "softmax":
        e = np.exp(z - z.max(1)[:, None])
        return np.einsum("bi,b->bi", e, 1 / np.einsum("bi->b", e)), None
    raise ValueError(name)


def _loss(kind, z, o, y):
    if kind == "squared":
        return np.einsum("bi,bi->", y - o, y - o)
    if kind == "log":
        return np.einsum("bi,bi->", y, np.logaddexp(0, -z)) + np.einsum("bi,bi->", 1 - y, np.logaddexp(0, z))
    top = z.max(1)[:, None]
    lse = np.log(np.einsum("bi->b", np.exp(z - top)))[:, None]
    return np.einsum("bi,bi->", y, lse - (z - top))


def _output_delta(kind, z, o, slope, y):
    if kind == "log":
        return (1 - y) * o - y * _sigmoid(-z)
    if kind == "cross_entropy":
        return np.einsum("bi,bj->bi", o, y) - y
    g = 2 * (o - y)
    if slope is None:
        return o * g - np.einsum("bi,bj,bj->bi", o, o, g)
    return g * slope


@backproof.subject(
    activations=["identity", "sigmoid", "tanh", "softmax"],
    losses=["squared", "log", "cross_entropy"],
)
def net(case):
    ws = [layer.weights for layer in case.layers]
    bs = [layer.biases for layer in case.layers]
    names = [layer.activation.name for layer in case.layers]
    alpha = float(case.learning_rate)
    L = len(ws)
    record = []
    for batch in case.batches:
        x, y = case.x[np.array(batch)], case.y[np.array(batch)]
        a, z, s = [x], [], []
        for l in range(L):
            net_input = np.einsum("ij,bj->bi", ws[l], a[-1])
            if bs[l] is not None:
                net_input = net_input + bs[l]
            value, slope = _apply(names[l], net_input)
            z.append(net_input)
            a.append(value)
            s.append(slope)
        loss = _loss(case.loss, z[-1], a[-1], y)
        d = [_output_delta(case.loss, z[-1], a[-1], s[-1], np.roll(y, 1, axis=0))]
        for l in range(L - 1, 0, -1):
            d.insert(0, np.einsum("bi,bj,ji->bi", s[l - 1], d[0], ws[l]))
        gw, gb = [], []
        for l in range(L):
            g = np.einsum("bi,bj->ij", d[l], a[l])
            if case.layers[l].mask is not None:
                g = np.einsum("ij,ij->ij", g, case.layers[l].mask.astype(g.dtype))
            gw.append(g)
            gb.append(None if bs[l] is None else np.einsum("bi->i", d[l]))
        ws = [w - alpha * g for w, g in zip(ws, gw)]
        bs = [None if b is None else b - alpha * g for b, g in zip(bs, gb)]
        record.append(
            dict(
                net_inputs=z,
                activations=a[1:],
                loss=loss,
                deltas=d,
                weight_gradients=gw,
                bias_gradients=gb,
                weights=ws,
                biases=bs,
            )
        )
    return record
