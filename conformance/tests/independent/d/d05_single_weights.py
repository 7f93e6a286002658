"""The new weights pass through float32."""

import numpy as np

import backproof


def run(name, z):
    """The activation and a function that carries a gradient back through it."""
    if name == "softmax":
        e = np.exp(z - np.max(z, axis=-1, keepdims=True))
        p = e / np.sum(e, axis=-1, keepdims=True)
        return p, lambda g: p * (g - np.einsum("sk,sk->s", g, p)[:, None])
    if name == "tanh":
        t = np.tanh(z)
        return t, lambda g: g * (1 - t * t)
    if name == "softplus":
        e = np.exp(-np.abs(z))
        return np.maximum(z, 0) + np.log1p(e), lambda g: g * np.where(z > 0, 1, e) / (1 + e)
    return z, lambda g: g


@backproof.subject(activations=["tanh", "softplus", "identity", "softmax"], losses=["squared", "cross_entropy"])
def net(case):
    params = [(l.weights, l.biases) for l in case.layers]
    lr = case.x.dtype.type(case.learning_rate)
    log = []
    for batch in case.batches:
        a, trail = case.x[np.array(batch)], []
        for (w, b), layer in zip(params, case.layers):
            z = np.einsum("ij,sj->si", w, a)
            z = z if b is None else z + b
            o, back = run(layer.activation.name, z)
            trail.append((a, back))
            a = o
        diff = a - case.y[np.array(batch)]
        delta = trail[-1][1](2 * diff) if case.loss == "squared" else diff
        gw, gb = [], []
        for i in range(len(params) - 1, -1, -1):
            g = np.einsum("si,sj->ij", delta, trail[i][0])
            mask = case.layers[i].mask
            gw.insert(0, g if mask is None else np.where(mask, g, 0))
            gb.insert(0, None if params[i][1] is None else np.einsum("si->i", delta))
            if i > 0:
                delta = trail[i - 1][1](np.einsum("si,ij->sj", delta, params[i][0]))
        new = []
        for (w, b), g, h in zip(params, gw, gb):
            w = (w - lr * g).astype(np.float32).astype(w.dtype)
            new.append((w, None if b is None else b - lr * h))
        params = new
        log.append({
            "weight_gradients": gw, "bias_gradients": gb,
            "weights": [w for w, _ in params], "biases": [b for _, b in params],
        })
    return log
