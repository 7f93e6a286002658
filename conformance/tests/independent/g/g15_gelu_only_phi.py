"""Fault: GELU's derivative is just the factor Phi(z); the product rule's other term, z phi(z), is forgotten."""
from functools import reduce
from math import erfc, pi, sqrt
import numpy as np
import backproof

_erfc = np.vectorize(erfc, otypes=[float])


def cdf(z, kind):
    """What z is multiplied by in GELU: the normal distribution, or its tanh approximation."""
    if kind == "tanh":
        u = sqrt(2 / pi) * (z + 0.044715 * z ** 3)
        return logistic(2 * u)
    return (_erfc(-z.astype(float) / sqrt(2)) / 2).astype(z.dtype)


def logistic(z):
    e = np.exp(-abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def normalised(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def value(act, z):
    match act.name:
        case "gelu":
            return z * cdf(z, dict(act.parameters).get("approximate", "none"))
        case "identity":
            return z
        case "sigmoid":
            return logistic(z)
        case "tanh":
            return np.tanh(z)
        case "relu":
            return np.maximum(z, 0)
        case "leaky_relu":
            return np.maximum(z, 0) + z.dtype.type(dict(act.parameters)["slope"]) * np.minimum(z, 0)
        case "elu":
            return np.where(z > 0, z, z.dtype.type(dict(act.parameters)["alpha"]) * np.expm1(np.minimum(z, 0)))
        case "softplus":
            return np.logaddexp(z, 0)
        case "softmax":
            return normalised(z)


def derivative(act, z):
    match act.name:
        case "gelu":
            return cdf(z, dict(act.parameters).get("approximate", "none"))
        case "identity":
            return np.ones_like(z)
        case "sigmoid":
            return logistic(z) * logistic(-z)
        case "tanh":
            return 1 - np.tanh(z) ** 2
        case "relu":
            return (z > 0).astype(z.dtype)
        case "leaky_relu":
            return np.where(z > 0, 1, dict(act.parameters)["slope"]).astype(z.dtype)
        case "elu":
            return np.where(z > 0, 1, z.dtype.type(dict(act.parameters)["alpha"]) * np.exp(np.minimum(z, 0))).astype(z.dtype)
        case "softplus":
            return logistic(z)


def error(loss, z, o, y):
    if loss == "squared":
        return ((o - y) ** 2).sum()
    if loss == "log":
        return (y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)).sum()
    z = z - z.max(-1, keepdims=True)
    return (y * (np.log(np.exp(z).sum(-1, keepdims=True)) - z)).sum()


def one_update(case, state, batch):
    params, log = state
    real = case.x.dtype.type
    a, zs, y = [case.x[batch]], [], case.y[batch]
    for (w, b), l in zip(params, case.layers):
        zs.append(a[-1] @ w.T + (real(0) if b is None else b))
        a.append(value(l.activation, zs[-1]).astype(real))
    d = a[-1] - y
    if case.loss == "squared":
        d = 2 * d * derivative(case.layers[-1].activation, zs[-1])
    ds = [d]
    for (w, _), l, z in zip(params[:0:-1], case.layers[-2::-1], zs[-2::-1]):
        ds.insert(0, ds[0] @ w * derivative(l.activation, z))
    gw = [d.T @ v if l.mask is None else d.T @ v * l.mask for d, v, l in zip(ds, a, case.layers)]
    gb = [None if b is None else d.sum(0) for d, (_, b) in zip(ds, params)]
    lr = real(case.learning_rate)
    new = [(w - lr * g, None if b is None else b - lr * h) for (w, b), g, h in zip(params, gw, gb)]
    seen = dict(net_inputs=zs, activations=a[1:], deltas=ds, loss=real(error(case.loss, zs[-1], a[-1], y)),
                weight_gradients=gw, bias_gradients=gb, weights=[w for w, _ in new], biases=[b for _, b in new])
    return new, log + [seen]


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "gelu", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"])
def net(case):
    start = [(l.weights.copy(), None if l.biases is None else l.biases.copy()) for l in case.layers]
    return reduce(lambda state, batch: one_update(case, state, batch), case.batches, (start, []))[1]
