"""Fault (odd, in the deltas): what a next neuron passes back is scaled by how loud its delta is, |delta_j| over the
largest |delta| of that layer and sample; quiet neurons are hardly heard in the hidden deltas."""
import math
import numpy as np
import backproof


def phi(z):
    flat = [0.5 * math.erfc(-float(v) / 1.4142135623730951) for v in z.ravel()]
    return np.array(flat, dtype=z.dtype).reshape(z.shape)


def gelu(z, approximate):
    if approximate == "tanh":
        c = math.sqrt(2 / math.pi)
        th = np.tanh(c * (z + 0.044715 * z * z * z))
        return 0.5 * z * (1 + th), 0.5 * (1 + th) + 0.5 * z * (1 - th * th) * c * (1 + 3 * 0.044715 * z * z)
    return z * phi(z), phi(z) + z * np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)


def sigmoid(z):
    e = np.exp(-np.fabs(z))
    s = np.where(z >= 0, 1, e) / (1 + e)
    return s, e / (1 + e) ** 2


def softmax(z):
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True), None


def elu(z, alpha):
    m = np.minimum(z, 0)
    return np.maximum(z, 0) + alpha * np.expm1(m), np.where(z > 0, np.ones_like(z), alpha * np.exp(m))


def leaky(z, slope):
    k = np.where(z > 0, np.ones_like(z), np.full_like(z, slope))
    return z * k, k


BOTH = {"identity": lambda z: (z.copy(), np.ones_like(z)), "sigmoid": sigmoid,
        "tanh": lambda z: (np.tanh(z), 1 - np.tanh(z) ** 2), "relu": lambda z: leaky(z, 0),
        "leaky_relu": leaky, "elu": elu, "gelu": gelu, "softmax": softmax,
        "softplus": lambda z: (np.logaddexp(np.zeros_like(z), z), sigmoid(z)[0])}


def heard(delta):
    loudness = np.abs(delta)
    peak = loudness.max(axis=1, keepdims=True)
    return delta * loudness / np.where(peak > 0, peak, np.ones_like(peak))


def one_update(params, layers, x, y, loss, rate):
    acts, slopes, zs = [x], [], []
    for (w, b), layer in zip(params, layers):
        z = acts[-1] @ w.T
        z = z if b is None else z + b
        a, s = BOTH[layer.activation.name](z, **dict(layer.activation.parameters))
        zs.append(z), acts.append(a), slopes.append(s)
    o = acts[-1]
    delta = o - y
    if loss == "squared":
        delta = 2 * delta
        delta = o * (delta - (delta * o).sum(1, keepdims=True)) if slopes[-1] is None else delta * slopes[-1]
    deltas = [delta]
    for (w, _), s in zip(params[:0:-1], slopes[-2::-1]):
        deltas.append(s * (heard(deltas[-1]) @ w))
    deltas.reverse()
    gw = [d.T @ a for d, a in zip(deltas, acts)]
    gw = [g if l.mask is None else g * l.mask for g, l in zip(gw, layers)]
    gb = [None if b is None else d.sum(0) for d, (_, b) in zip(deltas, params)]
    params = [(w - rate * g, None if b is None else b - rate * h) for (w, b), g, h in zip(params, gw, gb)]
    return params, dict(net_inputs=zs, activations=acts[1:], deltas=deltas, weight_gradients=gw, bias_gradients=gb,
                        weights=[p[0] for p in params], biases=[p[1] for p in params])


@backproof.subject(activations=list(BOTH), losses=["squared", "log", "cross_entropy"])
def net(case):
    params = [(np.array(l.weights), None if l.biases is None else np.array(l.biases)) for l in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    told = []
    for batch in case.batches:
        params, shown = one_update(params, case.layers, case.x[list(batch)], case.y[list(batch)], case.loss, rate)
        told.append(shown)
    return told
