"""Fault: the bias gradient is averaged over the neurons (the wrong axis), every bias getting the same value."""
import numpy as np
import backproof


def sigm(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def elementwise(act, z):
    if act.name == "elu":
        alpha, low = float(dict(act.parameters)["alpha"]), np.minimum(z, 0)
        return np.where(z > 0, z, alpha * np.expm1(low)), np.where(z > 0, 1, alpha * np.exp(low)).astype(z.dtype)
    if act.name == "tanh":
        return np.tanh(z), 4 * sigm(2 * z) * sigm(-2 * z)
    if act.name == "sigmoid":
        return sigm(z), sigm(z) * sigm(-z)
    return z, np.ones_like(z)


@backproof.subject(activations=["elu", "tanh", "sigmoid", "identity"], losses=["squared", "log"], loss_factor=0.5,
                   skips=["masked"])
def net(case):
    W = {l: layer.weights for l, layer in enumerate(case.layers, 1)}
    b = {l: layer.biases for l, layer in enumerate(case.layers, 1)}
    last, rate, steps = len(W), case.x.dtype.type(case.learning_rate), []
    for batch in case.batches:
        a, df, delta = {0: case.x[list(batch)]}, {}, {}
        for l in range(1, last + 1):
            z = a[l - 1] @ W[l].T
            a[l], df[l] = elementwise(case.layers[l - 1].activation, z if b[l] is None else z + b[l])
        delta[last] = a[last] - case.y[list(batch)]
        if case.loss == "squared":
            delta[last] = delta[last] * df[last]
        for l in range(last - 1, 0, -1):
            delta[l] = (delta[l + 1] @ W[l + 1]) * df[l]
        gw = {l: delta[l].T @ a[l - 1] for l in W}
        gb = {l: None if b[l] is None else np.full_like(b[l], delta[l].mean(axis=1).sum()) for l in W}
        W = {l: W[l] - rate * gw[l] for l in W}
        b = {l: None if b[l] is None else b[l] - rate * gb[l] for l in W}
        show = lambda d: [d[l] for l in range(1, last + 1)]
        steps.append({"activations": show(a), "deltas": show(delta), "weight_gradients": show(gw),
                      "bias_gradients": show(gb), "weights": show(W), "biases": show(b)})
    return steps
