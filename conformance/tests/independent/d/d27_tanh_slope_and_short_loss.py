"""Two faults: the derivative of tanh is 1 - a (the square is forgotten), and the loss leaves out the last sample."""

import numpy as np

import backproof


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def softplus(z):
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


F = {"sigmoid": sigmoid, "tanh": np.tanh, "relu": lambda z: np.maximum(z, 0), "identity": np.array, "softmax": softmax}
DF = {
    "sigmoid": lambda a: a * (1 - a),
    "tanh": lambda a: 1 - a,
    "relu": lambda a: (a > 0).astype(a.dtype),
    "identity": lambda a: np.ones_like(a),
}


def total(kind, z, o, y):
    if kind == "squared":
        each = (y - o) ** 2
    elif kind == "log":
        each = y * softplus(-z) + (1 - y) * softplus(z)
    else:
        shifted = z - z.max(axis=1, keepdims=True)
        each = -y * (shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))
    return sum((each[s].sum() for s in range(len(y) - 1)), o.dtype.type(0))


@backproof.subject(activations=list(F), losses=["squared", "log", "cross_entropy"], skips=["general-output-delta", "masked"])
def net(case):
    ws, bs, out = [l.weights for l in case.layers], [l.biases for l in case.layers], []
    names, lr = [l.activation.name for l in case.layers], case.x.dtype.type(case.learning_rate)
    for batch in case.batches:
        a, z, y = [case.x[list(batch)]], [], case.y[list(batch)]
        for w, b, name in zip(ws, bs, names):
            z.append(a[-1] @ w.T + (0 if b is None else b))
            a.append(F[name](z[-1]))
        d = [(a[-1] - y) * (2 if case.loss == "squared" else 1)]
        for l in range(len(ws) - 1, 0, -1):
            d.insert(0, (d[0] @ ws[l]) * DF[names[l - 1]](a[l]))
        gw, gb = [e.T @ p for e, p in zip(d, a)], [None if b is None else e.sum(axis=0) for e, b in zip(d, bs)]
        ws = [w - lr * g for w, g in zip(ws, gw)]
        bs = [None if b is None else b - lr * g for b, g in zip(bs, gb)]
        out.append({
            "net_inputs": z, "activations": a[1:], "loss": total(case.loss, z[-1], a[-1], y), "deltas": d,
            "weight_gradients": gw, "bias_gradients": gb, "weights": ws, "biases": bs,
        })
    return out
