"""Two faults: backwards, leaky ReLU passes nothing for negative net inputs (its slope is missing), and the loss that
is reported is half of what it should be."""
import numpy as np
import backproof

FORWARD = {}
BACKWARD = {}


def forward_of(name):
    return lambda function: FORWARD.setdefault(name, function)


def backward_of(name):
    return lambda function: BACKWARD.setdefault(name, function)


@forward_of("identity")
def _(z, **_k):
    return z.copy()


@backward_of("identity")
def _(z, a, g, **_k):
    return g


@forward_of("leaky_relu")
def _(z, slope):
    return np.where(z > 0, z, z * z.dtype.type(slope))


@backward_of("leaky_relu")
def _(z, a, g, slope):
    return np.where(z > 0, g, g.dtype.type(0))


@forward_of("elu")
def _(z, alpha):
    return np.where(z > 0, z, z.dtype.type(alpha) * np.expm1(np.minimum(z, 0)))


@backward_of("elu")
def _(z, a, g, alpha):
    return np.where(z > 0, g, g * z.dtype.type(alpha) * np.exp(np.minimum(z, 0)))


@forward_of("relu")
def _(z):
    return np.maximum(z, z.dtype.type(0))


@backward_of("relu")
def _(z, a, g):
    return g * (z > 0)


@forward_of("tanh")
def _(z):
    return np.tanh(z)


@backward_of("tanh")
def _(z, a, g):
    return g * (1 - a * a)


@forward_of("sigmoid")
def _(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


@backward_of("sigmoid")
def _(z, a, g):
    return g * a * (1 - a)


@forward_of("softmax")
def _(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@backward_of("softmax")
def _(z, a, g):
    return a * (g - (a * g).sum(axis=1, keepdims=True))


def loss_and_delta(kind, z, o, y, backward):
    half, zero = z.dtype.type(0.5), z.dtype.type(0)
    if kind == "squared":
        return half * np.sum((o - y) ** 2), backward(2 * (o - y))
    if kind == "log":
        return half * np.sum(y * np.logaddexp(zero, -z) + (1 - y) * np.logaddexp(zero, z)), o - y
    shifted = z - z.max(axis=1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -half * np.sum(y * logs), o - y


@backproof.subject(activations=list(FORWARD), losses=["squared", "log", "cross_entropy"])
def net(case):
    rate = case.x.dtype.type(case.learning_rate)
    specs = [(l.activation.name, dict(l.activation.parameters)) for l in case.layers]
    W = [l.weights.copy() for l in case.layers]
    b = [None if l.biases is None else l.biases.copy() for l in case.layers]
    result = []
    for batch in case.batches:
        rows = np.fromiter(batch, dtype=int)
        acts, zs = [case.x[rows]], []
        for w, c, (name, extra) in zip(W, b, specs):
            zs.append(acts[-1] @ w.T if c is None else acts[-1] @ w.T + c)
            acts.append(FORWARD[name](zs[-1], **extra))
        name, extra = specs[-1]
        loss, d = loss_and_delta(case.loss, zs[-1], acts[-1], case.y[rows],
                                 lambda g: BACKWARD[name](zs[-1], acts[-1], g, **extra))
        deltas = {len(W) - 1: d}
        for l in range(len(W) - 1, 0, -1):
            hidden, more = specs[l - 1]
            deltas[l - 1] = BACKWARD[hidden](zs[l - 1], acts[l], deltas[l] @ W[l], **more)
        gW, gb = [], []
        for l, layer in enumerate(case.layers):
            g = deltas[l].T @ acts[l]
            gW.append(g if layer.mask is None else g * layer.mask)
            gb.append(None if b[l] is None else deltas[l].sum(axis=0))
        for l in range(len(W)):
            W[l] = W[l] - rate * gW[l]
            b[l] = None if b[l] is None else b[l] - rate * gb[l]
        result.append({"loss": loss, "deltas": [deltas[l] for l in range(len(W))],
                       "weight_gradients": gW, "bias_gradients": gb, "weights": W[:], "biases": b[:]})
    return result
