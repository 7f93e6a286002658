"""Fault: the gradient of the squared loss (y - o)^2 is taken as o - y, without its factor 2."""
import numpy as np
import backproof


class Activation:
    """value and full Jacobian for one sample's net inputs (a vector)."""

    def __init__(self, name, parameters):
        self.name, self.p = name, dict(parameters)

    def __call__(self, z):
        if self.name == "softmax":
            e = np.exp(z - z.max())
            return e / e.sum()
        return self.pair(z)[0]

    def jacobian(self, z):
        if self.name == "softmax":
            o = self(z)
            return np.diag(o) - np.outer(o, o)
        return np.diag(self.pair(z)[1])

    @staticmethod
    def logistic(z):
        e = np.exp(-np.abs(z))
        return np.where(z >= 0, 1, e) / (1 + e), e / (1 + e) ** 2

    def pair(self, z):
        one = np.ones_like(z)
        if self.name == "identity":
            return z, one
        if self.name == "sigmoid":
            return self.logistic(z)
        if self.name == "tanh":
            return np.tanh(z), 4 * self.logistic(2 * z)[1]
        if self.name == "softplus":
            return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))), self.logistic(z)[0]
        low = np.minimum(z, 0)
        if self.name == "elu":
            alpha = self.p["alpha"]
            return np.where(z > 0, z, alpha * np.expm1(low)), np.where(z > 0, one, alpha * np.exp(low))
        k = {"relu": 0, "leaky_relu": self.p.get("slope")}[self.name]
        return np.where(z > 0, z, k * low), np.where(z > 0, one, k * one)


def squared(y, o):
    return ((y - o) ** 2).sum(), o - y


def one_sample(Ws, bs, fs, x, y, loss):
    a, z = [x], []
    for W, b, f in zip(Ws, bs, fs):
        z.append(W @ a[-1] + (0 if b is None else b))
        a.append(f(z[-1]))
    o, t = a[-1], z[-1]
    if loss == "squared":
        E, g = squared(y, o)
        d = fs[-1].jacobian(t).T @ g
    elif loss == "log":
        tail = np.log1p(np.exp(-np.abs(t)))
        E = np.sum(y * (np.maximum(-t, 0) + tail) + (1 - y) * (np.maximum(t, 0) + tail))
        d = o - y
    else:
        t = t - t.max()
        E, d = np.sum(y * (np.log(np.exp(t).sum()) - t)), o - y
    ds = [d]
    for l in range(len(Ws) - 2, -1, -1):
        ds.append(fs[l].jacobian(z[l]).T @ (Ws[l + 1].T @ ds[-1]))
    return z, a, ds[::-1], E


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    Ws = [np.array(l.weights) for l in case.layers]
    bs = [None if l.biases is None else np.array(l.biases) for l in case.layers]
    fs = [Activation(l.activation.name, l.activation.parameters) for l in case.layers]
    alpha = case.x.dtype.type(case.learning_rate)
    L, updates = len(Ws), []
    for batch in case.batches:
        runs = [one_sample(Ws, bs, fs, case.x[i], case.y[i], case.loss) for i in batch]
        gW = [sum(np.outer(r[2][l], r[1][l]) for r in runs) for l in range(L)]
        gW = [g if s.mask is None else g * s.mask for g, s in zip(gW, case.layers)]
        gb = [None if bs[l] is None else sum(r[2][l] for r in runs) for l in range(L)]
        Ws = [W - alpha * g for W, g in zip(Ws, gW)]
        bs = [None if b is None else b - alpha * g for b, g in zip(bs, gb)]
        updates.append({"net_inputs": [np.stack([r[0][l] for r in runs]) for l in range(L)],
                        "activations": [np.stack([r[1][l + 1] for r in runs]) for l in range(L)],
                        "deltas": [np.stack([r[2][l] for r in runs]) for l in range(L)],
                        "loss": sum(r[3] for r in runs),
                        "weight_gradients": gW, "bias_gradients": gb, "weights": Ws, "biases": bs})
    return updates
