"""Fault: in the backward pass square weight matrices are used untransposed; others are used right."""
import numpy as np
import backproof


def sig(z):
    pos = z >= 0
    r = np.empty_like(z)
    r[pos] = 1 / (1 + np.exp(-z[pos]))
    e = np.exp(z[~pos])
    r[~pos] = e / (1 + e)
    return r


class Net:
    """One sample at a time, column vectors."""

    def __init__(self, case):
        self.W = [l.weights for l in case.layers]
        self.b = [l.biases for l in case.layers]
        self.names = [l.activation.name for l in case.layers]
        self.masks = [l.mask for l in case.layers]

    def f(self, name, z):
        if name == "softmax":
            e = np.exp(z - np.max(z))
            return e / np.sum(e)
        return {"sigmoid": sig, "tanh": np.tanh, "identity": np.copy}[name](z)

    def fprime(self, name, a):
        return {"sigmoid": lambda: a * (1 - a), "tanh": lambda: (1 - a) * (1 + a), "identity": lambda: a * 0 + 1}[name]()

    def sample(self, x, y, loss):
        acts = [x]
        for W, b, name in zip(self.W, self.b, self.names):
            z = W.dot(acts[-1])
            if b is not None:
                z = z + b
            acts.append(self.f(name, z))
        o = acts[-1]
        if loss != "squared":
            d = o - y
        elif self.names[-1] == "softmax":
            d = (np.diag(o) - np.outer(o, o)) @ (2 * (o - y))
        else:
            d = 2 * (o - y) * self.fprime(self.names[-1], o)
        ds = [d]
        for k in range(len(self.W) - 1, 0, -1):
            M = self.W[k]
            if M.shape[0] != M.shape[1]:
                M = M.T
            d = self.fprime(self.names[k - 1], acts[k]) * M.dot(d)
            ds.append(d)
        return acts, ds[::-1]


@backproof.subject(activations=["sigmoid", "tanh", "identity", "softmax"], losses=["squared", "log", "cross_entropy"])
def net(case):
    m = Net(case)
    alpha = case.x.dtype.type(case.learning_rate)
    res = []
    for batch in case.batches:
        runs = [m.sample(case.x[i], case.y[i], case.loss) for i in batch]
        L = len(m.W)
        gw = [sum(np.outer(ds[k], acts[k]) for acts, ds in runs) for k in range(L)]
        gb = [None if m.b[k] is None else sum(ds[k] for _, ds in runs) for k in range(L)]
        gw = [g if mask is None else np.where(mask, g, g.dtype.type(0)) for g, mask in zip(gw, m.masks)]
        m.W = [W - alpha * g for W, g in zip(m.W, gw)]
        m.b = [None if b is None else b - alpha * g for b, g in zip(m.b, gb)]
        res.append({"activations": [np.stack([acts[k + 1] for acts, _ in runs]) for k in range(L)],
                    "deltas": [np.stack([ds[k] for _, ds in runs]) for k in range(L)],
                    "weights": m.W, "biases": m.b})
    return res
