"""No fault: every layer is a coroutine that is sent activations, hands its own on, is then sent dE/da and hands dE/da of its input back."""
import math
import numpy as np
import backproof

Phi = np.vectorize(lambda v: 0.5 * math.erfc(-v / math.sqrt(2)), otypes=[float])


def sigma(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def bend(activation, z):
    """f(z), and a function that takes dE/da to dE/dz."""
    p = dict(activation.parameters)
    match activation.name:
        case "identity":
            return z.copy(), lambda g: g.copy()
        case "sigmoid":
            a = sigma(z)
            return a, lambda g: g * a * sigma(-z)
        case "tanh":
            return np.tanh(z), lambda g: g * 4 * sigma(2 * z) * sigma(-2 * z)
        case "relu":
            return np.maximum(z, 0), lambda g: np.where(z > 0, g, 0)
        case "leaky_relu":
            return np.where(z > 0, z, p["slope"] * z), lambda g: np.where(z > 0, g, p["slope"] * g)
        case "elu":
            low = np.minimum(z, 0)
            return (np.where(z > 0, z, p["alpha"] * np.expm1(low)),
                    lambda g: np.where(z > 0, g, g * p["alpha"] * np.exp(low)))
        case "softplus":
            return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))), lambda g: g * sigma(z)
        case "gelu" if p["approximate"] == "none":
            cdf = Phi(z).astype(z.dtype)
            return z * cdf, lambda g: g * (cdf + z * np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi))
        case "gelu":
            c = 2 * math.sqrt(2 / math.pi)
            u = c * (z + 0.044715 * z ** 3)
            h = sigma(u)
            return z * h, lambda g: g * (h + z * h * sigma(-u) * c * (1 + 3 * 0.044715 * z ** 2))
        case "softmax":
            e = np.exp(z - z.max(axis=1, keepdims=True))
            a = e / e.sum(axis=1, keepdims=True)
            return a, lambda g: a * (g - (g * a).sum(axis=1, keepdims=True))


def layer(spec, rate, note):
    w = spec.weights.copy()
    b = None if spec.biases is None else spec.biases.copy()
    back = None
    while True:
        a_in = yield back
        z = a_in @ w.T
        if b is not None:
            z = z + b
        a, pull = bend(spec.activation, z)
        kind, g = yield z, a
        delta = pull(g) if kind == "da" else g
        back = delta @ w
        gw = delta.T @ a_in
        if spec.mask is not None:
            gw = np.where(spec.mask, gw, 0)
        gb = None if b is None else delta.sum(axis=0)
        w = w - rate * gw
        b = None if b is None else b - rate * gb
        note(net_inputs=z, activations=a, deltas=delta, weight_gradients=gw, bias_gradients=gb, weights=w, biases=b)


def judge(loss, z, o, y):
    """The loss, and what is sent to the last layer: dE/da, or dE/dz where loss and activation are fused."""
    if loss == "squared":
        return ((y - o) ** 2).sum(), ("da", 2 * (o - y))
    if loss == "log":
        soft = np.log1p(np.exp(-np.abs(z)))
        return (y * (np.maximum(-z, 0) + soft) + (1 - y) * (np.maximum(z, 0) + soft)).sum(), ("dz", o - y)
    c = z - z.max(axis=1, keepdims=True)
    return (y * (np.log(np.exp(c).sum(axis=1, keepdims=True)) - c)).sum(), ("dz", o - y)


@backproof.subject(losses=["squared", "log", "cross_entropy"], activations=[
    "identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "gelu", "softmax"])
def net(case):
    rate = case.x.dtype.type(case.learning_rate)
    books = [[] for _ in case.layers]
    chain = [layer(spec, rate, lambda book=book, **page: book.append(page)) for spec, book in zip(case.layers, books)]
    for link in chain:
        next(link)
    losses = []
    for batch in case.batches:
        a = case.x[list(batch)]
        for link in chain:
            z, a = link.send(a)
        loss, message = judge(case.loss, z, a, case.y[list(batch)])
        losses.append(loss)
        for link in reversed(chain):
            message = ("da", link.send(message))
    return [{"loss": loss, **{key: [page[key] for page in pages] for key in pages[0]}}
            for loss, *pages in zip(losses, *books)]
