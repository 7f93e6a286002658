"""The input is kept in Fortran order and its buffer read as if it were C-ordered."""

import numpy as np

import backproof


def sig(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def elu(z, alpha):
    return np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0)))


@backproof.subject(
    activations=["sigmoid", "tanh", "elu", "identity"],
    losses=["squared", "log"],
    skips=["several-updates", "partial-batch"],
)
def net(case):
    n, width = case.x.shape
    store = np.asfortranarray(case.x)
    buffer = store.ravel(order="K")
    x = np.empty((n, width), case.x.dtype)
    for s in range(n):
        x[s] = buffer[s * width:(s + 1) * width]
    x, y = x[list(case.batches[0])], case.y[list(case.batches[0])]

    zs, acts, grads = [], [x], []
    for layer in case.layers:
        z = acts[-1] @ layer.weights.T
        if layer.biases is not None:
            z = z + layer.biases
        kind = layer.activation.name
        if kind == "sigmoid":
            a = sig(z)
            g = a * (1 - a)
        elif kind == "tanh":
            a = np.tanh(z)
            g = 1 - a * a
        elif kind == "elu":
            alpha = z.dtype.type(dict(layer.activation.parameters)["alpha"])
            a, g = elu(z, alpha), np.where(z > 0, 1, alpha * np.exp(np.minimum(z, 0)))
        else:
            a, g = z, np.ones_like(z)
        zs.append(z)
        acts.append(a)
        grads.append(g)

    o = acts[-1]
    if case.loss == "squared":
        loss, delta = ((o - y) ** 2).sum(), 2 * (o - y) * grads[-1]
    else:
        tail = np.log1p(np.exp(-np.abs(zs[-1])))
        plus, minus = np.maximum(zs[-1], 0) + tail, np.maximum(-zs[-1], 0) + tail
        loss, delta = (y * minus + (1 - y) * plus).sum(), o - y
    deltas = [delta]
    for layer, g in zip(case.layers[:0:-1], grads[-2::-1]):
        deltas.append(g * (deltas[-1] @ layer.weights))
    deltas.reverse()

    lr = x.dtype.type(case.learning_rate)
    gw = [d.T @ a * (1 if l.mask is None else l.mask) for l, d, a in zip(case.layers, deltas, acts)]
    gb = [None if l.biases is None else d.sum(axis=0) for l, d in zip(case.layers, deltas)]
    return {
        "net_inputs": zs, "activations": acts[1:], "loss": loss, "deltas": deltas,
        "weight_gradients": gw, "bias_gradients": gb,
        "weights": [l.weights - lr * g for l, g in zip(case.layers, gw)],
        "biases": [None if g is None else l.biases - lr * g for l, g in zip(case.layers, gb)],
    }
