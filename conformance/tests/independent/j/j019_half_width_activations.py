"""Fault: what leaves an activation function is rounded to bfloat16 (8 significant bits), and everything after it,
the output delta and the weight gradients included, works with the rounded values."""
import numpy as np

import backproof


def bfloat16(a):
    """Nearest bfloat16, ties to even, kept in the array's own type."""
    bits = np.ascontiguousarray(a, dtype=np.float32).view(np.uint32)
    bits = bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    return (bits & np.uint32(0xFFFF0000)).view(np.float32).astype(a.dtype)


def sigmoid(z):
    neg = np.exp(np.where(z < 0, z, -z))
    return np.where(z < 0, neg, 1 + 0 * neg) / (1 + neg)


def raw(name, p, z):
    if name == "softmax":
        e = np.exp(z - z.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True)
    return {"identity": lambda: z, "sigmoid": lambda: sigmoid(z), "tanh": lambda: np.tanh(z),
            "relu": lambda: np.maximum(z, 0), "leaky_relu": lambda: np.where(z > 0, z, p * z),
            "elu": lambda: np.where(z > 0, z, p * np.expm1(np.minimum(z, 0))),
            "softplus": lambda: np.logaddexp(0 * z, z)}[name]()


def slope(name, p, z):
    one = np.ones_like(z)
    return {"identity": lambda: one, "sigmoid": lambda: sigmoid(z) * sigmoid(-z), "tanh": lambda: 1 - np.tanh(z) ** 2,
            "relu": lambda: one * (z > 0), "leaky_relu": lambda: np.where(z > 0, one, p * one),
            "elu": lambda: np.where(z > 0, one, p * np.exp(np.minimum(z, 0))),
            "softplus": lambda: sigmoid(z)}[name]()


def loss_value(kind, z, o, y):
    if kind == "squared":
        return ((o - y) ** 2).sum()
    if kind == "log":
        return (np.logaddexp(0 * z, z) - y * z).sum()
    z = z - z.max(axis=-1, keepdims=True)
    return (y * (np.log(np.exp(z).sum(axis=-1, keepdims=True)) - z)).sum()


def training(case):
    weights = [l.weights.copy() for l in case.layers]
    biases = [None if l.biases is None else l.biases.copy() for l in case.layers]
    kinds = [(l.activation.name, case.x.dtype.type(dict(l.activation.parameters).get("slope", dict(
        l.activation.parameters).get("alpha", 0)))) for l in case.layers]
    for batch in case.batches:
        y = case.y[batch]
        a, z = [case.x[batch]], []
        for w, b, kind in zip(weights, biases, kinds):
            z.append(a[-1] @ w.T + b if b is not None else a[-1] @ w.T)
            a.append(bfloat16(raw(*kind, z[-1])))
        o = a[-1]
        delta = o - y
        if case.loss == "squared":
            delta = 2 * delta
            if kinds[-1][0] == "softmax":
                delta = o * (delta - (o * delta).sum(axis=-1, keepdims=True))
            else:
                delta = delta * slope(*kinds[-1], z[-1])
        deltas = [delta]
        for w, kind, net_input in zip(reversed(weights), reversed(kinds[:-1]), reversed(z[:-1])):
            deltas.append(slope(*kind, net_input) * (deltas[-1] @ w))
        deltas.reverse()
        gw = [d.T @ s for d, s in zip(deltas, a)]
        gw = [g if l.mask is None else g * l.mask for g, l in zip(gw, case.layers)]
        gb = [None if b is None else d.sum(axis=0) for d, b in zip(deltas, biases)]
        rate = case.x.dtype.type(case.learning_rate)
        weights = [w - rate * g for w, g in zip(weights, gw)]
        biases = [None if b is None else b - rate * g for b, g in zip(biases, gb)]
        yield dict(net_inputs=z, activations=a[1:], deltas=deltas, loss=loss_value(case.loss, z[-1], o, y),
                   weight_gradients=gw, bias_gradients=gb, weights=weights, biases=biases)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    first, *more = training(case)
    return [first, *more] if more else first
