"""Fault: the derivative of softplus is taken as tanh (instead of the sigmoid)."""
import numpy as np
import backproof


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


PAIRS = dict(
    softplus=(lambda z: np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))), np.tanh),
    sigmoid=(sigmoid, lambda z: sigmoid(z) * sigmoid(-z)),
    tanh=(np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    identity=(lambda z: z.copy(), np.ones_like),
)


@backproof.subject(activations=list(PAIRS), losses=["squared", "log"], loss_factor=0.5, batch_axis=1,
                   weight_layout="in_out", skips=["masked"])
def net(case):
    params = [[l.weights, l.biases] for l in case.layers]
    pairs = [PAIRS[l.activation.name] for l in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    answer = []
    for batch in case.batches:
        cache, h = [], case.x[:, list(batch)]
        for (w, b), (f, _) in zip(params, pairs):
            z = w.T @ h if b is None else w.T @ h + b[:, np.newaxis]
            cache.append((h, z))
            h = f(z)
        delta = h - case.y[:, list(batch)]
        if case.loss == "squared":
            delta *= pairs[-1][1](cache[-1][1])
        gw, gb = [], []
        while cache:
            h, z = cache.pop()
            l = len(cache)
            gw.append(h @ delta.T)
            gb.append(None if params[l][1] is None else delta.sum(axis=1))
            if cache:
                delta = pairs[l - 1][1](cache[-1][1]) * (params[l][0] @ delta)
        gw.reverse()
        gb.reverse()
        params = [[w - rate * p, None if b is None else b - rate * q] for (w, b), p, q in zip(params, gw, gb)]
        answer.append({"weight_gradients": gw, "bias_gradients": gb, "weights": [w for w, _ in params],
                       "biases": [b for _, b in params]})
    return answer
