"""Fault: the loss is (y - o)^2, but its derivative is written o - y, without the factor 2 (all gradients are halved)."""
import numpy as np
import backproof


def step(z):
    return np.where(z > 0, z.dtype.type(1), z.dtype.type(0))


def logistic(z):
    p = np.exp(np.minimum(z, 0))
    return p / (p + np.exp(-np.maximum(z, 0)))


ACT = dict(
    identity=(lambda z: z.copy(), np.ones_like),
    relu=(lambda z: z * step(z), step),
    tanh=(np.tanh, lambda z: 1 / np.cosh(np.clip(z, -40, 40)) ** 2),
    sigmoid=(logistic, lambda z: logistic(z) * logistic(-z)),
    softplus=(lambda z: np.logaddexp(z, z.dtype.type(0)), logistic),
)


def backprop(layers, W, B, x, y):
    """Yields, from the top layer down: index, z, a, delta, gradients."""
    ins, zs = [], []
    for l, w, b in zip(layers, W, B):
        ins.append(x)
        zs.append(x @ w.T if b is None else x @ w.T + b)
        x = ACT[l.activation.name][0](zs[-1])
    out = x
    upstream = out - y
    for i in range(len(layers) - 1, -1, -1):
        delta = upstream * ACT[layers[i].activation.name][1](zs[i])
        grad = delta.T @ ins[i]
        if layers[i].mask is not None:
            grad *= layers[i].mask
        upstream = delta @ W[i]
        a = out if i == len(layers) - 1 else ins[i + 1]
        yield i, zs[i], a, delta, grad, None if B[i] is None else delta.sum(axis=0)


@backproof.subject(activations=list(ACT), losses=["squared"], skips=[])
def net(case):
    W = [np.array(l.weights, copy=True) for l in case.layers]
    B = [None if l.biases is None else np.array(l.biases, copy=True) for l in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    for_all = []
    for batch in case.batches:
        y = case.y[batch]
        found = sorted(backprop(case.layers, W, B, case.x[batch], y), key=lambda t: t[0])
        _, z, a, delta, gw, gb = map(list, zip(*found))
        W = [w - rate * g for w, g in zip(W, gw)]
        B = [None if b is None else b - rate * g for b, g in zip(B, gb)]
        for_all.append({
            "net_inputs": z, "activations": a, "deltas": delta,
            "loss": np.sum((y - a[-1]) ** 2),
            "weight_gradients": gw, "bias_gradients": gb, "weights": W, "biases": B,
        })
    return for_all
