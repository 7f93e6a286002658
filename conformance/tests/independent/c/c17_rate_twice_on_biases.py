"""Fault: the learning rate is applied twice to the biases."""
import numpy as np
import backproof


@backproof.subject(activations=["elu", "sigmoid", "tanh", "identity"], losses=["squared", "log"],
                   skips=["masked", "no-biases", "saturated-output"])
def net(case):
    T = case.x.dtype.type
    rate = T(case.learning_rate)

    def make(spec):
        name = spec.activation.name
        if name == "elu":
            (alpha,) = [T(v) for _, v in spec.activation.parameters] or [T(1)]
            return (lambda z: np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0))),
                    lambda z: np.where(z > 0, T(1), alpha * np.exp(np.minimum(z, 0))))
        if name == "sigmoid":
            def s(z):
                e = np.exp(-np.abs(z))
                return np.where(z >= 0, 1 / (1 + e), e / (1 + e))
            return s, lambda z: s(z) * s(-z)
        if name == "tanh":
            return np.tanh, lambda z: 1 - np.tanh(z) ** 2
        return lambda z: z, lambda z: np.ones_like(z)

    fs, dfs = zip(*map(make, case.layers))
    W, b = [s.weights for s in case.layers], [s.biases for s in case.layers]
    updates = []
    for batch in case.batches:
        a, z = [case.x[list(batch)]], []
        for w, c, f in zip(W, b, fs):
            z.append(np.matmul(a[-1], np.transpose(w)) + c)
            a.append(f(z[-1]))
        y = case.y[list(batch)]
        if case.loss == "log":
            loss = (y * np.logaddexp(T(0), -z[-1]) + (1 - y) * np.logaddexp(T(0), z[-1])).sum()
            d = [a[-1] - y]
        else:
            loss = ((y - a[-1]) ** 2).sum()
            d = [2 * (a[-1] - y) * dfs[-1](z[-1])]
        for w, df, u in zip(W[:0:-1], dfs[-2::-1], z[-2::-1]):
            d.append(df(u) * np.matmul(d[-1], w))
        d = d[::-1]
        gw = [np.matmul(e.T, p) for e, p in zip(d, a)]
        gb = [rate * e.sum(axis=0) for e in d]
        W = [w - rate * g for w, g in zip(W, gw)]
        b = [c - rate * g for c, g in zip(b, gb)]
        updates.append({"net_inputs": z, "activations": a[1:], "loss": loss, "deltas": d, "weights": W, "biases": b})
    return updates
