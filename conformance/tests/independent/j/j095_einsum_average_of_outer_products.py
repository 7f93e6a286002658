"""Fault: the gradient of the weights is the mean of the samples' outer products although E is a sum over the samples
(the gradient of the biases is a sum, as it should be)."""
import numpy as np

import backproof


def logistic(z):
    return np.exp(-np.logaddexp(np.zeros_like(z), -z))


def unit(name, z):
    """Value and slope."""
    if name == "sigmoid":
        return logistic(z), logistic(z) * logistic(-z)
    if name == "tanh":
        return np.tanh(z), 1 - np.tanh(z) ** 2
    if name == "relu":
        return np.maximum(z, 0), (z > 0).astype(z.dtype)
    if name == "softplus":
        return np.logaddexp(np.zeros_like(z), z), logistic(z)
    if name == "softmax":
        e = np.exp(z - z.max(axis=-1, keepdims=True))
        s = e / e.sum(axis=-1, keepdims=True)
        jacobian = np.einsum("ni,ij->nij", s, np.eye(s.shape[1], dtype=s.dtype)) - np.einsum("ni,nj->nij", s, s)
        return s, jacobian
    return z, np.ones_like(z)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    ws = [l.weights.copy() for l in case.layers]
    bs = [None if l.biases is None else l.biases.copy() for l in case.layers]
    dtype = case.x.dtype
    lr = dtype.type(case.learning_rate)
    everything = []
    for batch in case.batches:
        x, y = case.x[list(batch)], case.y[list(batch)]
        zs, hs, slopes = [], [x], []
        for w, b, layer in zip(ws, bs, case.layers):
            zs.append(np.einsum("nj,ij->ni", hs[-1], w) + (0 if b is None else b))
            h, s = unit(layer.activation.name, zs[-1])
            hs.append(h)
            slopes.append(s)
        z, o = zs[-1], hs[-1]
        if case.loss == "squared":
            loss = np.einsum("ni,ni->", y - o, y - o)
            subscripts = "ni,nij->nj" if slopes[-1].ndim == 3 else "ni,ni->ni"
            d = np.einsum(subscripts, 2 * (o - y), slopes[-1])
        elif case.loss == "log":
            zero = np.zeros_like(z)
            loss = np.sum(y * np.logaddexp(zero, -z) + (1 - y) * np.logaddexp(zero, z))
            d = o - y
        else:
            s = z - z.max(axis=-1, keepdims=True)
            loss = np.einsum("ni,ni->", y, np.log(np.exp(s).sum(axis=-1, keepdims=True)) - s)
            d = o - y
        ds = [d]
        for w, s in zip(reversed(ws[1:]), reversed(slopes[:-1])):
            ds.insert(0, np.einsum("ni,ni->ni", s, np.einsum("nk,ki->ni", ds[0], w)))
        gws = []
        for d, h, layer in zip(ds, hs, case.layers):
            g = np.einsum("ni,nj->nij", d, h).mean(axis=0)
            gws.append(g if layer.mask is None else np.einsum("ij,ij->ij", g, layer.mask.astype(dtype)))
        gbs = [None if b is None else np.einsum("ni->i", d) for d, b in zip(ds, bs)]
        ws = [w - lr * g for w, g in zip(ws, gws)]
        bs = [None if b is None else b - lr * g for b, g in zip(bs, gbs)]
        everything.append({"net_inputs": zs, "activations": hs[1:], "deltas": ds, "loss": dtype.type(loss),
                           "weight_gradients": gws, "bias_gradients": gbs, "weights": ws, "biases": bs})
    return everything
