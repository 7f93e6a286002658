"""Fault: the loop over the updates takes its samples from the first batch every time; the other batches are
never looked at."""
import numpy as np
import backproof


def sigma(z):
    out = np.empty_like(z)
    p = z >= 0
    out[p] = 1 / (1 + np.exp(-z[p]))
    e = np.exp(z[~p])
    out[~p] = e / (1 + e)
    return out


def softmax(z):
    e = np.exp(z - np.amax(z, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)


ACT = {"identity": np.copy, "sigmoid": sigma, "tanh": np.tanh, "relu": lambda z: np.clip(z, 0, None),
       "softplus": lambda z: np.clip(z, 0, None) + np.log1p(np.exp(-np.abs(z))), "softmax": softmax}
SLOPE = {"identity": np.ones_like, "sigmoid": lambda z: sigma(z) * sigma(-z), "softplus": sigma,
         "tanh": lambda z: 4 * sigma(2 * z) * sigma(-2 * z), "relu": lambda z: np.where(z > 0, 1, 0).astype(z.dtype)}


def predict(params, kinds, x):
    caches = []
    for (W, b), k in zip(params, kinds):
        z = x @ W.T
        if b is not None:
            z += b
        caches.append((x, z))
        x = ACT[k](z)
    return x, caches


def backprop(params, kinds, masks, x, y, loss):
    o, caches = predict(params, kinds, x)
    n = len(x)
    if loss == "squared":
        g = 2 * (o - y) / n
        if kinds[-1] == "softmax":
            d = o * (g - np.sum(g * o, axis=1, keepdims=True))
        else:
            d = g * SLOPE[kinds[-1]](caches[-1][1])
    else:
        d = (o - y) / n
    grads = []
    for l in reversed(range(len(params))):
        a, _ = caches[l]
        gW = d.T @ a
        if masks[l] is not None:
            gW *= masks[l]
        grads.append((gW, None if params[l][1] is None else d.sum(axis=0)))
        if l > 0:
            d = (d @ params[l][0]) * SLOPE[kinds[l - 1]](caches[l - 1][1])
    return grads[::-1]


@backproof.subject(activations=list(ACT), losses=["squared", "log", "cross_entropy"], reduction="mean")
def net(case):
    kinds = [l.activation.name for l in case.layers]
    masks = [l.mask for l in case.layers]
    params = [(l.weights.copy(), None if l.biases is None else l.biases.copy()) for l in case.layers]
    lr = case.x.dtype.type(case.learning_rate)
    trace = []
    for _ in range(len(case.batches)):
        rows = list(case.batches[0])
        grads = backprop(params, kinds, masks, case.x[rows], case.y[rows], case.loss)
        params = [(W - lr * gW, None if b is None else b - lr * gb) for (W, b), (gW, gb) in zip(params, grads)]
        trace.append({"weights": [W for W, _ in params], "biases": [b for _, b in params],
                      "weight_gradients": [g for g, _ in grads], "bias_gradients": [g for _, g in grads]})
    return trace
