"""Two faults. The derivative of tanh is written 1 - tanh(a)^2, with the activation where the net input belongs. And the
bias gradient is a mean over the samples of the batch, while the weights' is the sum."""
import numpy as np
import backproof


def step_through(kind, v):
    if kind == "sigmoid":
        return np.exp(-np.logaddexp(0, -v))
    if kind == "tanh":
        return np.tanh(v)
    if kind == "relu":
        return np.maximum(0, v)
    if kind == "softmax":
        e = np.exp(v - np.max(v))
        return e / e.sum()
    return v.copy()


def slope(kind, v, a):
    if kind == "sigmoid":
        return np.exp(-np.logaddexp(0, -v) - np.logaddexp(0, v))
    if kind == "tanh":
        return 1 - np.tanh(a) ** 2
    if kind == "relu":
        return (v > 0).astype(v.dtype)
    return np.ones_like(v)


def sample_loss(loss, y, o, z):
    if loss == "squared":
        return np.dot(y - o, y - o)
    if loss == "log":
        return np.sum(np.logaddexp(0, z) - y * z)
    s = z - z.max()
    return np.dot(y, np.log(np.exp(s).sum()) - s)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    layers, L = case.layers, len(case.layers)
    kinds = [q.activation.name for q in layers]
    weights = [q.weights.copy() for q in layers]
    biases = [None if q.biases is None else q.biases.copy() for q in layers]
    rate = case.x.dtype.type(case.learning_rate)
    report = []
    for batch in case.batches:
        gw = [np.zeros_like(w) for w in weights]
        gb = [None if b is None else np.zeros_like(b) for b in biases]
        allz, alla, alld = ([[] for _ in range(L)] for _ in range(3))
        total = case.x.dtype.type(0)
        for s in batch:
            a, z, d = [case.x[s]], [], [None] * L
            for l in range(L):
                v = weights[l].dot(a[l])
                if biases[l] is not None:
                    v = v + biases[l]
                z.append(v)
                a.append(step_through(kinds[l], v))
            y, o = case.y[s], a[L]
            total += sample_loss(case.loss, y, o, z[-1])
            if case.loss != "squared":
                d[-1] = o - y
            elif kinds[-1] == "softmax":
                d[-1] = 2 * o * ((o - y) - np.dot(o - y, o))
            else:
                d[-1] = 2 * (o - y) * slope(kinds[-1], z[-1], o)
            for l in range(L - 2, -1, -1):
                d[l] = d[l + 1].dot(weights[l + 1]) * slope(kinds[l], z[l], a[l + 1])
            for l in range(L):
                gw[l] += np.outer(d[l], a[l])
                if gb[l] is not None:
                    gb[l] += d[l] / len(batch)
                allz[l].append(z[l])
                alla[l].append(a[l + 1])
                alld[l].append(d[l])
        for l in range(L):
            if layers[l].mask is not None:
                gw[l][~layers[l].mask] = 0
            weights[l] = weights[l] - rate * gw[l]
            if biases[l] is not None:
                biases[l] = biases[l] - rate * gb[l]
        stack = lambda lists: [np.stack(v) for v in lists]
        report.append({"loss": total, "net_inputs": stack(allz), "activations": stack(alla), "deltas": stack(alld),
                       "weight_gradients": gw, "bias_gradients": gb, "weights": list(weights), "biases": list(biases)})
    return report
