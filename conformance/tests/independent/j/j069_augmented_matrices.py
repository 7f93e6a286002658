"""Fault: the bias is column 0 of an augmented weight matrix, with a 1 put before every input, and after the
product it is added once more; so each net input is off by one bias."""
import numpy as np
import backproof


def with_one(a):
    return np.hstack([np.ones((len(a), 1), a.dtype), a])


def logistic(z):
    return np.where(z < 0, np.exp(np.minimum(z, 0)), 1) / (1 + np.exp(-np.abs(z)))


def squash(kind, z):
    if kind == "softmax":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)
    return {"identity": lambda v: v, "sigmoid": logistic, "tanh": np.tanh,
            "relu": lambda v: np.maximum(v, 0), "softplus": lambda v: np.logaddexp(v, np.zeros_like(v))}[kind](z)


def steepness(kind, z):
    return {"identity": np.ones_like, "sigmoid": lambda v: logistic(v) * logistic(-v),
            "tanh": lambda v: 1 - np.tanh(v) ** 2, "relu": lambda v: (v > 0).astype(v.dtype),
            "softplus": logistic}[kind](z)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    dt = case.x.dtype
    kinds = [l.activation.name for l in case.layers]
    biased = [l.biases is not None for l in case.layers]
    V, free = [], []                            # augmented weights; which of their elements may move
    for l in case.layers:
        m, n = l.weights.shape
        v, m_free = np.zeros((m, n + 1), dt), np.ones((m, n + 1), dt)
        v[:, 1:] = l.weights
        if l.biases is None:
            m_free[:, 0] = 0
        else:
            v[:, 0] = l.biases
        if l.mask is not None:
            m_free[:, 1:] = l.mask
        V.append(v)
        free.append(m_free)

    def split(Q):
        return ([q[:, 1:].copy() for q in Q], [q[:, 0].copy() if has else None for q, has in zip(Q, biased)])

    lr = dt.type(case.learning_rate)
    steps = []
    for batch in case.batches:
        y = case.y[list(batch)]
        ins, zs, acts = [], [], []
        a = case.x[list(batch)]
        for v, kind in zip(V, kinds):
            ins.append(with_one(a))
            z = ins[-1] @ v.T + v[:, 0]
            a = squash(kind, z)
            zs.append(z)
            acts.append(a)

        if case.loss == "squared":
            loss = np.sum((y - a) ** 2)
            g = 2 * (a - y)
            d = a * (g - np.sum(g * a, axis=1, keepdims=True)) if kinds[-1] == "softmax" else g * steepness(kinds[-1], z)
        elif case.loss == "log":
            loss = np.sum(np.logaddexp(z, np.zeros_like(z)) - y * z)
            d = a - y
        else:
            u = z - z.max(axis=1, keepdims=True)
            loss = np.sum(y * (np.log(np.sum(np.exp(u), axis=1, keepdims=True)) - u))
            d = a - y

        ds = [d]
        for l in range(len(V) - 1, 0, -1):
            ds.append(steepness(kinds[l - 1], zs[l - 1]) * (ds[-1] @ V[l][:, 1:]))
        ds.reverse()
        G = [(d.T @ i) * m for d, i, m in zip(ds, ins, free)]
        V = [v - lr * g for v, g in zip(V, G)]
        (gw, gb), (w, b) = split(G), split(V)
        steps.append({"net_inputs": zs, "activations": acts, "deltas": ds, "loss": loss,
                      "weight_gradients": gw, "bias_gradients": gb, "weights": w, "biases": b})
    return steps
