"""No fault. Each layer is a coroutine that is sent signals and sensitivities in turn: a signal in, a signal out; a
sensitivity in, a sensitivity out; then the step. Under a mean the deltas are the samples' own and the gradients carry
the 1/n."""
import numpy as np
import backproof


def sigmoid(z):
    t = np.exp(-np.abs(z))
    return np.where(z < 0, t / (1 + t), 1 / (1 + t))


def nonlinearity(act):
    """a coroutine: send z, get a; send dJ/da, get dJ/dz; and so on"""
    p, name, answer = dict(act.parameters), act.name, None
    while True:
        z = yield answer
        real = z.dtype.type
        if name == "sigmoid":
            a = sigmoid(z)
            g = yield a
            answer = g * (a * sigmoid(-z))
        elif name == "tanh":
            a = np.tanh(z)
            g = yield a
            answer = g / np.cosh(np.clip(z, -40, 40)) ** 2
        elif name == "relu":
            g = yield np.maximum(z, 0)
            answer = np.where(z > 0, g, 0)
        elif name == "leaky_relu":
            k = np.where(z > 0, real(1), real(p["slope"]))
            g = yield k * z
            answer = k * g
        elif name == "elu":
            low, alpha = np.minimum(z, 0), real(p["alpha"])
            g = yield np.where(z > 0, z, alpha * np.expm1(low))
            answer = g * np.where(z > 0, real(1), alpha * np.exp(low))
        elif name == "softplus":
            g = yield np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
            answer = g * sigmoid(z)
        elif name == "softmax":
            e = np.exp(z - z.max(axis=1, keepdims=True))
            o = e / e.sum(axis=1, keepdims=True)
            g = yield o
            answer = o * (g - np.einsum("sk,sk->s", o, g)[:, None])
        else:
            answer = yield z


def layer(spec, rate, book):
    """send the signal, get (z, a); send ("a", dJ/da) or ("z", dJ/dz), get the sensitivity for below; send n, get None"""
    w, b, f = spec.weights.copy(), None if spec.biases is None else spec.biases.copy(), nonlinearity(spec.activation)
    answer = None
    while True:
        next(f) if answer is None else None
        x = yield answer
        z = np.einsum("sj,ij->si", x, w)
        if b is not None:
            z += b
        a = f.send(z)
        wrt, g = yield z, a
        d = f.send(g)
        if wrt == "z":
            d = g
        n = yield d @ w
        gw = np.einsum("si,sj->ij", d, x) / z.dtype.type(n)
        if spec.mask is not None:
            gw *= spec.mask
        gb = None if b is None else d.sum(axis=0) / z.dtype.type(n)
        w = w - rate * gw
        b = b if b is None else b - rate * gb
        for key, value in zip(("net_inputs", "activations", "deltas", "weight_gradients", "bias_gradients", "weights",
                               "biases"), (z, a, d, gw, gb, w, b)):
            book.setdefault(key, []).append(value)
        answer = "stepped"


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], reduction="mean", delta_of="sample")
def net(case):
    book, told = {}, []
    chain = [layer(spec, case.x.dtype.type(case.learning_rate), book) for spec in case.layers]
    for c in chain:
        next(c)
    for batch in case.batches:
        book.clear()
        a, y = case.x[batch], case.y[batch]
        for c in chain:
            z, a = c.send(a)
        if case.loss == "squared":
            loss, message = np.sum((y - a) ** 2), ("a", 2 * (a - y))
        elif case.loss == "log":
            loss, message = np.sum(np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))), ("z", a - y)
        else:
            s = z - z.max(axis=1, keepdims=True)
            loss, message = np.sum(y * (np.log(np.exp(s).sum(axis=1, keepdims=True)) - s)), ("z", a - y)
        for c in reversed(chain):
            message = "a", c.send(message)
        for c in chain:
            c.send(len(batch))
        told.append({k: list(v) for k, v in book.items()} | {"loss": loss / a.dtype.type(len(batch))})
    return told
