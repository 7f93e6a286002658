"""Style: matrices with the samples in columns (batch_axis=1). Fault: the hidden derivative is evaluated at a instead of z."""

import numpy as np

import backproof


def sigma(t):
    e = np.exp(-np.abs(t))
    return np.where(t >= 0, 1 / (1 + e), e / (1 + e))


def f(name, Z):
    return {"sigmoid": sigma, "tanh": np.tanh, "relu": lambda t: np.maximum(t, 0), "identity": lambda t: t.copy()}[
        name
    ](Z)


def fprime(name, Z):
    if name == "sigmoid":
        return sigma(Z) * (1 - sigma(Z))
    if name == "tanh":
        return 1 - np.tanh(Z) ** 2
    if name == "relu":
        return (Z > 0).astype(Z.dtype)
    return np.ones_like(Z)


@backproof.subject(activations=["sigmoid", "tanh", "relu", "identity"], losses=["squared", "log"], batch_axis=1)
def net(case):
    Ws = [np.array(c.weights) for c in case.layers]
    bs = [None if c.biases is None else np.array(c.biases).reshape(-1, 1) for c in case.layers]
    fs = [c.activation.name for c in case.layers]
    X, Y = case.x, case.y
    if X.shape[0] != Ws[0].shape[1]:  # handed in with samples in rows after all
        X, Y = X.T, Y.T
    eta = float(case.learning_rate)
    L = len(Ws)
    out = []
    for batch in case.batches:
        cols = list(batch)
        A = [X[:, cols]]
        T = Y[:, cols]
        Z = []
        for W, b, name in zip(Ws, bs, fs):
            z = W @ A[-1]
            if b is not None:
                z = z + b
            Z.append(z)
            A.append(f(name, z))
        O = A[-1]
        if case.loss == "squared":
            loss = ((T - O) ** 2).sum()
            delta = 2 * (O - T) * fprime(fs[-1], Z[-1])
        else:
            loss = (T * np.logaddexp(0, -Z[-1]) + (1 - T) * np.logaddexp(0, Z[-1])).sum()
            delta = O - T
        deltas = [delta]
        for l in range(L - 2, -1, -1):
            delta = fprime(fs[l], A[l + 1]) * (Ws[l + 1].T @ delta)
            deltas.insert(0, delta)
        gW = [D @ P.T for D, P in zip(deltas, A)]
        for g, c in zip(gW, case.layers):
            if c.mask is not None:
                g[~c.mask] = 0
        gb = [None if b is None else D.sum(axis=1) for D, b in zip(deltas, bs)]
        Ws = [W - eta * g for W, g in zip(Ws, gW)]
        bs = [None if b is None else b - eta * g[:, None] for b, g in zip(bs, gb)]
        out.append(
            dict(
                net_inputs=Z,
                activations=A[1:],
                loss=loss,
                deltas=deltas,
                weight_gradients=gW,
                bias_gradients=gb,
                weights=list(Ws),
                biases=[None if b is None else b[:, 0].copy() for b in bs],
            )
        )
    return out
