"""Fault: the mean is taken over the nominal batch size (that of the first batch), also in a partial batch."""
import numpy as np
import backproof


def squash(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def softmax(z):
    e = np.exp(z - z.max(axis=0, keepdims=True))
    return e / e.sum(axis=0, keepdims=True)


F = {
    "identity": lambda z: z.copy(),
    "sigmoid": squash,
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "softplus": lambda z: np.logaddexp(0, z).astype(z.dtype),
    "softmax": softmax,
}
DF = {
    "identity": np.ones_like,
    "sigmoid": lambda z: squash(z) * squash(-z),
    "tanh": lambda z: (1 - np.tanh(z)) * (1 + np.tanh(z)),
    "relu": lambda z: (z > 0).astype(z.dtype),
    "softplus": squash,
}


def forward(params, names, x):
    zs, acts = [], [x]
    for (w, b), name in zip(params, names):
        z = w @ acts[-1]
        if b is not None:
            z += b[:, None]
        zs.append(z)
        acts.append(F[name](z))
    return zs, acts


def output_delta(loss, name, z, o, y):
    if loss == "log":
        return (1 - y) * o - y * squash(-z)
    if loss == "cross_entropy":
        return o - y
    g = 2 * (o - y)
    if name == "softmax":
        return o * (g - (g * o).sum(axis=0, keepdims=True))
    return g * DF[name](z)


def loss_of(kind, z, o, y):
    if kind == "squared":
        return ((y - o) ** 2).sum()
    if kind == "log":
        return (y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)).sum()
    shifted = z - z.max(axis=0)
    return (y * (np.log(np.exp(shifted).sum(axis=0)) - shifted)).sum()


@backproof.subject(activations=list(F), losses=["squared", "log", "cross_entropy"],
                   reduction="mean", delta_of="sample", batch_axis=1)
def net(case):
    t = case.x.dtype.type
    names = [layer.activation.name for layer in case.layers]
    params = [(np.array(l.weights), None if l.biases is None else np.array(l.biases)) for l in case.layers]
    masks = [l.mask for l in case.layers]
    batch_size = len(case.batches[0])
    log = []
    for batch in case.batches:
        rows = list(batch)
        x, y = case.x[:, rows], case.y[:, rows]
        zs, acts = forward(params, names, x)
        d = output_delta(case.loss, names[-1], zs[-1], acts[-1], y)
        deltas = [d]
        for l in range(len(params) - 1, 0, -1):
            d = (params[l][0].T @ d) * DF[names[l - 1]](zs[l - 1])
            deltas.insert(0, d)
        gw = [dl @ a.T / t(batch_size) for dl, a in zip(deltas, acts)]
        gw = [g if m is None else np.where(m, g, t(0)) for g, m in zip(gw, masks)]
        gb = [None if b is None else dl.sum(axis=1) / t(batch_size) for dl, (_, b) in zip(deltas, params)]
        lr = t(case.learning_rate)
        params = [(w - lr * g, None if b is None else b - lr * h) for (w, b), g, h in zip(params, gw, gb)]
        log.append(dict(net_inputs=zs, activations=acts[1:], deltas=deltas,
                        loss=t(loss_of(case.loss, zs[-1], acts[-1], y) / len(rows)),
                        weight_gradients=gw, bias_gradients=gb,
                        weights=[w for w, _ in params], biases=[b for _, b in params]))
    return log
