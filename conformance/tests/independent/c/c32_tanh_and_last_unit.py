"""Faults: the derivative of tanh lacks the square (1 - a), and the last unit of a hidden layer keeps its weights."""
import numpy as np
import backproof


def pieces(case):
    for l in case.layers:
        yield l.weights, l.biases, l.mask, l.activation.name


@backproof.subject(activations=["tanh", "identity", "softmax", "sigmoid"], losses=["squared", "cross_entropy", "log"],
                   batch_axis=1)
def net(case):
    W, b, masks, names = map(list, zip(*pieces(case)))
    top = len(W) - 1
    rate = case.x.dtype.type(case.learning_rate)

    def fire(n, z):
        if n == "tanh":
            return np.tanh(z)
        if n == "sigmoid":
            e = np.exp(-np.abs(z))
            return np.where(z >= 0, 1 / (1 + e), e / (1 + e))
        if n == "softmax":
            e = np.exp(z - z.max(axis=0))
            return e / e.sum(axis=0)
        return z

    def pull(n, a, g):
        if n == "tanh":
            return g * (1 - a)
        if n == "sigmoid":
            return g * (a - a * a)
        if n == "softmax":
            return a * g - a * np.sum(a * g, axis=0)
        return g

    out = []
    for batch in case.batches:
        c = list(batch)
        a, z = [case.x[:, c]], []
        for k in range(top + 1):
            z.append(np.dot(W[k], a[k]))
            if b[k] is not None:
                z[k] = z[k] + b[k][:, None]
            a.append(fire(names[k], z[k]))
        miss = a[-1] - case.y[:, c]
        d = {top: pull(names[top], a[-1], miss + miss) if case.loss == "squared" else miss}
        for k in range(top, 0, -1):
            d[k - 1] = pull(names[k - 1], a[k], np.dot(W[k].T, d[k]))
        for k in range(top + 1):
            g = np.dot(d[k], a[k].T)
            if masks[k] is not None:
                g = np.where(masks[k], g, 0 * rate)
            keep = W[k][-1].copy()
            W[k] = W[k] - rate * g
            if k < top:
                W[k][-1] = keep
            if b[k] is not None:
                b[k] = b[k] - rate * d[k].sum(axis=1)
        out.append({"net_inputs": z, "activations": a[1:], "deltas": [d[k] for k in range(top + 1)],
                    "weights": list(W), "biases": list(b)})
    return out
