"""Fault: a factor 2 too many, dE/do = 2 (o - y) though the loss is half the square, and o - y has the 2 for the other
losses too: all gradients are doubled."""
import numpy as np
import backproof


def logistic(z):
    return np.exp(-np.logaddexp(z.dtype.type(0), -z))


def forward(case, W, b, x):
    zs, acts = [], [x]
    for layer, w, c in zip(case.layers, W, b):
        z = np.dot(acts[-1], w.T)
        z = z if c is None else z + c
        zs.append(z)
        name = layer.activation.name
        if name == "sigmoid":
            acts.append(logistic(z))
        elif name == "tanh":
            acts.append(np.tanh(z))
        elif name == "relu":
            acts.append(np.maximum(z, 0))
        elif name == "softplus":
            acts.append(np.logaddexp(z, z.dtype.type(0)))
        elif name == "softmax":
            e = np.exp(z - np.max(z, axis=-1, keepdims=True))
            acts.append(e / np.sum(e, axis=-1, keepdims=True))
        else:
            acts.append(np.array(z))
    return zs, acts


def slope(name, z, a):
    return {"sigmoid": lambda: a * (1 - a), "tanh": lambda: (1 - a) * (1 + a), "softplus": lambda: logistic(z),
            "relu": lambda: np.asarray(z > 0, z.dtype), "identity": lambda: np.ones_like(z)}[name]()


def loss_of(kind, z, o, y):
    if kind == "squared":
        return 0.5 * np.sum((y - o) ** 2)
    if kind == "log":
        zero = z.dtype.type(0)
        return np.sum(y * np.logaddexp(zero, -z)) + np.sum((1 - y) * np.logaddexp(zero, z))
    m = np.max(z, axis=-1, keepdims=True)
    return np.sum(y * (m + np.log(np.sum(np.exp(z - m), axis=-1, keepdims=True)) - z))


def backward(case, W, zs, acts, y):
    names = [l.activation.name for l in case.layers]
    delta = 2 * (acts[-1] - y)
    if case.loss == "squared":
        delta = delta * slope(names[-1], zs[-1], acts[-1])
    out = [delta]
    for l in range(len(W) - 1, 0, -1):
        delta = np.dot(delta, W[l]) * slope(names[l - 1], zs[l - 1], acts[l])
        out.append(delta)
    return out[::-1]


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"], loss_factor=0.5)
def net(case):
    real = case.x.dtype.type
    W = [l.weights.copy() for l in case.layers]
    b = [l.biases if l.biases is None else l.biases.copy() for l in case.layers]
    steps = []
    for batch in case.batches:
        x, y = case.x[batch], case.y[batch]
        zs, acts = forward(case, W, b, x)
        E = real(loss_of(case.loss, zs[-1], acts[-1], y))
        deltas = backward(case, W, zs, acts, y)
        dW = [np.dot(d.T, a) for d, a in zip(deltas, acts)]
        dW = [g if l.mask is None else np.where(l.mask, g, real(0)) for g, l in zip(dW, case.layers)]
        db = [None if c is None else np.sum(d, axis=0) for d, c in zip(deltas, b)]
        W = [w - real(case.learning_rate) * g for w, g in zip(W, dW)]
        b = [None if c is None else c - real(case.learning_rate) * g for c, g in zip(b, db)]
        steps.append({"net_inputs": zs, "activations": acts[1:], "deltas": deltas, "loss": E,
                      "weight_gradients": dW, "bias_gradients": db, "weights": W, "biases": b})
    return steps
