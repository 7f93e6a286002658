"""Fault (odd): the last sample of every batch is given the label of the sample before it."""
import numpy as np
import backproof


def sig(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


class Sigmoid:
    def f(self, z): return sig(z)
    def df(self, z): return sig(z) * sig(-z)


class Tanh:
    def f(self, z): return np.tanh(z)
    def df(self, z): return 4 * sig(2 * z) * sig(-2 * z)


class Identity:
    def f(self, z): return z.copy()
    def df(self, z): return np.ones_like(z)


class Softplus:
    def f(self, z): return np.logaddexp(0, z)
    def df(self, z): return sig(z)


KINDS = {"sigmoid": Sigmoid, "tanh": Tanh, "identity": Identity, "softplus": Softplus}


@backproof.subject(activations=list(KINDS), losses=["squared", "log"], weight_layout="in_out")
def net(case):
    acts = [KINDS[l.activation.name]() for l in case.layers]
    W, B = [l.weights for l in case.layers], [l.biases for l in case.layers]
    rate, out = case.x.dtype.type(case.learning_rate), []
    for batch in case.batches:
        y = case.y[list(batch)]
        if len(y) > 1:
            y[-1] = y[-2]
        z, a = [], [case.x[list(batch)]]
        for w, b, act in zip(W, B, acts):
            z.append(a[-1] @ w if b is None else a[-1] @ w + b)
            a.append(act.f(z[-1]))
        if case.loss == "log":
            loss, d = np.sum(y * np.logaddexp(0, -z[-1]) + (1 - y) * np.logaddexp(0, z[-1])), [a[-1] - y]
        else:
            loss, d = np.sum((y - a[-1]) ** 2), [2 * (a[-1] - y) * acts[-1].df(z[-1])]
        for l in range(len(W) - 1, 0, -1):
            d.insert(0, (d[0] @ W[l].T) * acts[l - 1].df(z[l - 1]))
        gw = [p.T @ e if l.mask is None else (p.T @ e) * l.mask for p, e, l in zip(a, d, case.layers)]
        W = [w - rate * g for w, g in zip(W, gw)]
        B = [None if b is None else b - rate * e.sum(0) for b, e in zip(B, d)]
        out.append({"net_inputs": z, "activations": a[1:], "loss": loss, "deltas": d, "weight_gradients": gw,
                    "weights": W, "biases": B})
    return out
