"""Fault: ReLU passes the gradient back where the incoming delta is positive instead of where z is positive."""
import numpy as np
import backproof


def relu():
    def run(z):
        return np.maximum(z, 0), lambda g: g * (g > 0)
    return run


def sigmoid():
    def run(z):
        e = np.exp(-np.abs(z))
        a = np.where(z >= 0, 1 / (1 + e), e / (1 + e))
        return a, lambda g: g * a * (1 - a)
    return run


def softmax():
    def run(z):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        a = e / e.sum(axis=1, keepdims=True)
        return a, lambda g: a * (g - (g * a).sum(axis=1, keepdims=True))
    return run


def identity():
    return lambda z: (z, lambda g: g)


MADE = {"relu": relu, "sigmoid": sigmoid, "softmax": softmax, "identity": identity}


@backproof.subject(activations=list(MADE), losses=["squared", "log", "cross_entropy"], skips=["exact-zero"])
def net(case):
    W = [l.weights for l in case.layers]
    b = [l.biases for l in case.layers]
    f = [MADE[l.activation.name]() for l in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    results = []
    for batch in case.batches:
        ids = list(batch)
        z, a, pull = [], [case.x[ids]], []
        for k in range(len(W)):
            z.append(a[k] @ W[k].T if b[k] is None else a[k] @ W[k].T + b[k])
            o, p = f[k](z[k])
            a.append(o)
            pull.append(p)
        miss = a[-1] - case.y[ids]
        d = [pull[-1](2 * miss) if case.loss == "squared" else miss]
        for k in range(len(W) - 2, -1, -1):
            d.insert(0, pull[k](d[0] @ W[k + 1]))
        gw = [e.T @ h for e, h in zip(d, a)]
        for g, l in zip(gw, case.layers):
            if l.mask is not None:
                g[l.mask == 0] = 0
        gb = [None if c is None else e.sum(0) for e, c in zip(d, b)]
        W = [w - rate * g for w, g in zip(W, gw)]
        b = [None if c is None else c - rate * g for c, g in zip(b, gb)]
        results.append({"net_inputs": z, "activations": a[1:], "deltas": d, "weight_gradients": gw,
                        "bias_gradients": gb, "weights": W, "biases": b})
    return results
