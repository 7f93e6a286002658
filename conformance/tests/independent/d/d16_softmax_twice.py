"""Softmax is applied twice: in the output layer and again in the loss function."""

import numpy as np

import backproof


def log_softmax(z):
    s = z - z.max(axis=1, keepdims=True)
    return s - np.log(np.exp(s).sum(axis=1, keepdims=True))


def activation(name, z):
    if name == "softmax":
        return np.exp(log_softmax(z))
    if name == "elu":
        return np.where(z > 0, z, np.expm1(np.minimum(z, 0)))
    return {"tanh": np.tanh, "relu": lambda v: np.maximum(v, 0)}[name](z)


def elu_params(layer):
    return dict(layer.activation.parameters).get("alpha", 1)


@backproof.subject(activations=["tanh", "relu", "elu", "softmax"], losses=["cross_entropy"])
def net(case):
    ws, bs = [l.weights for l in case.layers], [l.biases for l in case.layers]
    lr = case.x.dtype.type(case.learning_rate)
    out = []
    for batch in case.batches:
        a, y = case.x[list(batch)], case.y[list(batch)]
        zs, acts, slopes = [], [a], []
        for layer, w, b in zip(case.layers, ws, bs):
            z = acts[-1] @ w.T
            z = z if b is None else z + b
            name = layer.activation.name
            h = activation(name, z)
            if name == "elu":
                alpha = z.dtype.type(elu_params(layer))
                h = np.where(z > 0, h, alpha * h)
                slopes.append(np.where(z > 0, 1, alpha * np.exp(np.minimum(z, 0))))
            elif name == "tanh":
                slopes.append(1 - h * h)
            else:
                slopes.append((z > 0).astype(z.dtype))
            zs.append(z)
            acts.append(h)
        logp = log_softmax(acts[-1])
        acts[-1] = np.exp(logp)
        deltas = [acts[-1] - y]
        for w, s in zip(ws[:0:-1], slopes[-2::-1]):
            deltas.insert(0, s * (deltas[0] @ w))
        gws = [d.T @ p if l.mask is None else (d.T @ p) * l.mask for l, d, p in zip(case.layers, deltas, acts)]
        gbs = [None if b is None else d.sum(axis=0) for b, d in zip(bs, deltas)]
        ws = [w - lr * g for w, g in zip(ws, gws)]
        bs = [None if b is None else b - lr * g for b, g in zip(bs, gbs)]
        out.append({
            "net_inputs": zs, "activations": acts[1:], "loss": -(y * logp).sum(), "deltas": deltas,
            "weight_gradients": gws, "bias_gradients": gbs, "weights": ws, "biases": bs,
        })
    return out
