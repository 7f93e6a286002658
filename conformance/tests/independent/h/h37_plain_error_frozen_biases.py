"""Two faults. Under a squared loss the output delta is 2 (o - y) for any output activation, without f'(z). And the
bias column of the augmented matrices takes no step, so that biases keep their initial values."""
import numpy as np
import backproof


def with_one(a):
    return np.hstack([np.ones((len(a), 1), a.dtype), a])


def f(name, z):
    if name == "sigmoid":
        e = np.exp(-np.abs(z))
        return np.where(z > 0, 1, e) / (1 + e)
    if name == "tanh":
        return np.tanh(z)
    if name == "relu":
        return np.maximum(z, 0)
    if name == "softplus":
        return np.logaddexp(0, z)
    if name == "softmax":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)
    return z


def df(name, z):
    if name == "sigmoid":
        return f("sigmoid", z) * f("sigmoid", -z)
    if name == "tanh":
        return 1 - np.tanh(z) ** 2
    if name == "relu":
        return (z > 0).astype(z.dtype)
    if name == "softplus":
        return f("sigmoid", z)
    return np.ones_like(z)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    names = [l.activation.name for l in case.layers]
    V = []
    for l in case.layers:  # column 0 holds the biases
        b = np.zeros(len(l.weights), l.weights.dtype) if l.biases is None else l.biases
        V.append(np.column_stack([b, l.weights]))
    has = [l.biases is not None for l in case.layers]
    alpha = case.x.dtype.type(case.learning_rate)
    col0 = lambda Ms: [M[:, 0].copy() if h else None for M, h in zip(Ms, has)]
    rest = lambda Ms: [M[:, 1:].copy() for M in Ms]
    results = []
    for batch in case.batches:
        y, a = case.y[batch], [with_one(case.x[batch])]
        z = []
        for M, name in zip(V, names):
            z.append(a[-1] @ M.T)
            a.append(with_one(f(name, z[-1])))
        o = a[-1][:, 1:]
        if case.loss == "squared":
            E, d = np.sum((y - o) ** 2), 2 * (o - y)
        elif case.loss == "log":
            E, d = np.sum(np.logaddexp(0, z[-1]) - y * z[-1]), o - y
        else:
            s = z[-1] - z[-1].max(axis=1, keepdims=True)
            E, d = np.sum(y * (np.log(np.exp(s).sum(axis=1, keepdims=True)) - s)), o - y
        D = [d]
        for l in range(len(V) - 2, -1, -1):
            D.insert(0, df(names[l], z[l]) * (D[0] @ V[l + 1])[:, 1:])
        G = [d.T @ p for d, p in zip(D, a)]
        for g, l in zip(G, case.layers):
            if l.mask is not None:
                g[:, 1:] *= l.mask
        for M, g in zip(V, G):
            M[:, 1:] -= alpha * g[:, 1:]
        results.append({"net_inputs": z, "activations": [v[:, 1:] for v in a[1:]], "deltas": D, "loss": E,
                        "weight_gradients": rest(G), "bias_gradients": col0(G), "weights": rest(V), "biases": col0(V)})
    return results
