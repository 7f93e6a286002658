"""Fault: the bias gradient is the delta of the batch's first sample, not the sum over the batch."""
import numpy as np
import backproof


def s(z):
    q = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, q) / (1 + q)


class Squared:
    @staticmethod
    def value(z, o, y):
        return np.einsum("bk,bk", o - y, o - y)

    @staticmethod
    def delta(o, y, jacobian):
        return jacobian(2 * (o - y))


class Log:
    @staticmethod
    def value(z, o, y):
        r = np.log1p(np.exp(-np.abs(z)))
        return np.einsum("bk,bk", y, r + np.maximum(-z, 0)) + np.einsum("bk,bk", 1 - y, r + np.maximum(z, 0))

    @staticmethod
    def delta(o, y, jacobian):
        return o - y


class CrossEntropy(Log):
    @staticmethod
    def value(z, o, y):
        z = z - z.max(1, keepdims=True)
        return np.einsum("bk,bk", y, np.log(np.exp(z).sum(1, keepdims=True)) - z)


LOSS = {"squared": Squared, "log": Log, "cross_entropy": CrossEntropy}


def activate(spec, z):
    """a = f(z), and a function that turns dE/da into dE/dz."""
    name, opt = spec.name, {k: z.dtype.type(v) for k, v in dict(spec.parameters).items()}
    if name == "identity":
        return z, lambda g: g
    if name == "sigmoid":
        a = s(z)
        return a, lambda g: g * a * (1 - a)
    if name == "tanh":
        a = np.tanh(z)
        return a, lambda g: g * (1 - a * a)
    if name == "relu":
        return np.where(z > 0, z, 0).astype(z.dtype), lambda g: g * (z > 0)
    if name == "leaky_relu":
        m = np.where(z > 0, z.dtype.type(1), opt["slope"])
        return m * z, lambda g: g * m
    if name == "elu":
        low = np.minimum(z, 0)
        return (np.where(z > 0, z, opt["alpha"] * np.expm1(low)),
                lambda g: g * np.where(z > 0, z.dtype.type(1), opt["alpha"] * np.exp(low)))
    if name == "softplus":
        return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))), lambda g: g * s(z)
    if name == "softmax":
        e = np.exp(z - z.max(1, keepdims=True))
        a = e / e.sum(1, keepdims=True)
        return a, lambda g: a * (g - np.einsum("bk,bk->b", a, g)[:, None])
    raise ValueError(name)


@backproof.subject(
    activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"],
    losses=list(LOSS), skips=[], weight_layout="in_out")
def net(case):
    rule, T = LOSS[case.loss], case.x.dtype.type
    ws = [l.weights.copy() for l in case.layers]
    bs = [None if l.biases is None else l.biases.copy() for l in case.layers]
    for_each_update = []
    for batch in case.batches:
        h, y = case.x[batch], case.y[batch]
        ins, zs, outs, pulls = [], [], [], []
        for l, w, b in zip(case.layers, ws, bs):
            ins.append(h)
            z = np.einsum("bj,ji->bi", h, w)
            if b is not None:
                z += b
            h, pull = activate(l.activation, z)
            zs.append(z), outs.append(h), pulls.append(pull)
        deltas = [None] * len(ws)
        deltas[-1] = rule.delta(h, y, pulls[-1])
        for i in range(len(ws) - 2, -1, -1):
            deltas[i] = pulls[i](np.einsum("bi,ji->bj", deltas[i + 1], ws[i + 1]))
        gws = [np.einsum("bj,bi->ji", a, d) for a, d in zip(ins, deltas)]
        for g, l in zip(gws, case.layers):
            if l.mask is not None:
                g[np.logical_not(l.mask)] = 0
        gbs = [None if b is None else d[0].copy() for b, d in zip(bs, deltas)]
        ws = [w - T(case.learning_rate) * g for w, g in zip(ws, gws)]
        bs = [None if b is None else b - T(case.learning_rate) * g for b, g in zip(bs, gbs)]
        for_each_update.append(dict(net_inputs=zs, activations=outs, deltas=deltas, loss=T(rule.value(zs[-1], h, y)),
                                    weight_gradients=gws, bias_gradients=gbs, weights=ws, biases=bs))
    return for_each_update
