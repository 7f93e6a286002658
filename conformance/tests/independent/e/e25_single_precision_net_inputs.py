"""Fault: net inputs pass through float32."""
import numpy as np
import backproof


def affine(x, w, b):
    z = np.empty((x.shape[0], w.shape[0]), dtype="f4")
    z[...] = x @ w.T if b is None else x @ w.T + b
    return z.astype(x.dtype)


def sig(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


@backproof.subject(activations=["identity", "tanh", "sigmoid", "softplus"], losses=["squared", "log"], reduction="mean",
                   delta_of="sample")
def net(case):
    f = {"identity": (np.copy, np.ones_like), "tanh": (np.tanh, lambda z: 4 * sig(2 * z) * sig(-2 * z)),
         "sigmoid": (sig, lambda z: sig(z) * sig(-z)), "softplus": (lambda z: np.logaddexp(0, z), sig)}
    theta = [(l.weights, l.biases) for l in case.layers]
    rate, out = case.x.dtype.type(case.learning_rate), []
    for batch in case.batches:
        n, y = len(batch), case.y[list(batch)]
        a, z = [case.x[list(batch)]], []
        for (w, b), l in zip(theta, case.layers):
            z.append(affine(a[-1], w, b))
            a.append(f[l.activation.name][0](z[-1]))
        slopes = [f[l.activation.name][1](t) for l, t in zip(case.layers, z)]
        if case.loss == "log":
            loss = np.sum(y * np.logaddexp(0, -z[-1]) + (1 - y) * np.logaddexp(0, z[-1]))
            d = [a[-1] - y]
        else:
            loss = np.sum((y - a[-1]) ** 2)
            d = [2 * (a[-1] - y) * slopes[-1]]
        for l in range(len(theta) - 2, -1, -1):
            d.insert(0, slopes[l] * (d[0] @ theta[l + 1][0]))
        gw = [e.T @ p / n for e, p in zip(d, a)]
        gw = [g if l.mask is None else g * l.mask for g, l in zip(gw, case.layers)]
        gb = [None if b is None else e.mean(0) for e, (_, b) in zip(d, theta)]
        theta = [(w - rate * g, None if b is None else b - rate * h) for (w, b), g, h in zip(theta, gw, gb)]
        out.append({"net_inputs": z, "activations": a[1:], "loss": loss / y.dtype.type(n), "deltas": d, "weight_gradients": gw,
                    "bias_gradients": gb, "weights": [w for w, _ in theta], "biases": [b for _, b in theta]})
    return out
