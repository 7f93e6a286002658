"""Fault: in the loop over the samples the hidden derivatives use the previous sample's net inputs."""
import numpy as np
import backproof


def f(name, z):
    if name == "sigmoid":
        e = np.exp(-np.abs(z))
        return np.where(z >= 0, 1 / (1 + e), e / (1 + e))
    if name == "tanh":
        return np.tanh(z)
    if name == "softmax":
        e = np.exp(z - z.max())
        return e / e.sum()
    return z


def df(name, z):
    if name == "sigmoid":
        return f(name, z) * f(name, -z)
    if name == "tanh":
        return 1 - f(name, z) ** 2
    return np.ones_like(z)


@backproof.subject(activations=["sigmoid", "tanh", "identity", "softmax"], losses=["squared", "log", "cross_entropy"],
                   skips=["masked", "exact-zero"])
def net(case):
    W, b = [l.weights.copy() for l in case.layers], [l.biases for l in case.layers]
    names = [l.activation.name for l in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    last_z = None
    shown = []
    for batch in case.batches:
        gw = [np.zeros_like(w) for w in W]
        gb = [None if c is None else np.zeros_like(c) for c in b]
        rows = {"net_inputs": [], "activations": [], "deltas": []}
        for s in batch:
            x, y = case.x[s], case.y[s]
            z, a = [], [x]
            for w, c, n in zip(W, b, names):
                z.append(w @ a[-1] if c is None else w @ a[-1] + c)
                a.append(f(n, z[-1]))
            old = z if last_z is None else last_z
            o = a[-1]
            if case.loss != "squared":
                d = o - y
            elif names[-1] == "softmax":
                g = 2 * (o - y)
                d = o * (g - g @ o)
            else:
                d = 2 * (o - y) * df(names[-1], z[-1])
            ds = [d]
            for l in range(len(W) - 2, -1, -1):
                ds.insert(0, df(names[l], old[l]) * (ds[0] @ W[l + 1]))
            for l, d in enumerate(ds):
                gw[l] += d[:, None] * a[l][None, :]
                if gb[l] is not None:
                    gb[l] += d
            last_z = z
            for key, value in (("net_inputs", z), ("activations", a[1:]), ("deltas", ds)):
                rows[key].append(value)
        W = [w - rate * g for w, g in zip(W, gw)]
        b = [None if c is None else c - rate * g for c, g in zip(b, gb)]
        record = {key: [np.vstack(per) for per in zip(*value)] for key, value in rows.items()}
        shown.append(record | {"weight_gradients": gw, "bias_gradients": gb, "weights": W, "biases": b})
    return shown
