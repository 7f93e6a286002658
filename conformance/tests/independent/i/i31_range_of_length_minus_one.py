"""The loop over a batch runs over range(len(batch) - 1), so the last sample of every batch is left out: a batch of one
sample teaches nothing at all."""
import numpy as np

import backproof


def activate(activation, z):
    """Value and derivative of one layer for one sample."""
    name, p = activation.name, dict(activation.parameters)
    one = np.ones_like(z)
    if name == "identity":
        return z, one
    if name == "sigmoid":
        e = np.exp(-np.abs(z))
        s = np.where(z >= 0, one, e) / (1 + e)
        return s, s * (1 - s)
    if name == "tanh":
        return np.tanh(z), one - np.tanh(z) ** 2
    if name == "relu":
        return np.where(z > 0, z, 0 * z), np.where(z > 0, one, 0 * z)
    if name == "leaky_relu":
        k = np.where(z > 0, one, p["slope"] * one)
        return k * z, k
    if name == "elu":
        e = np.exp(np.minimum(z, 0))
        return np.where(z > 0, z, p["alpha"] * np.expm1(np.minimum(z, 0))), np.where(z > 0, one, p["alpha"] * e)
    if name == "softplus":
        e = np.exp(-np.abs(z))
        return np.maximum(z, 0) + np.log1p(e), np.where(z >= 0, one, e) / (1 + e)
    e = np.exp(z - np.max(z))
    return e / np.sum(e), None


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    depth = len(case.layers)
    ws = [layer.weights.copy() for layer in case.layers]
    bs = [None if layer.biases is None else layer.biases.copy() for layer in case.layers]
    records = []
    for batch in case.batches:
        gws = [np.zeros_like(w) for w in ws]
        gbs = [None if b is None else np.zeros_like(b) for b in bs]
        loss = case.x.dtype.type(0)
        for k in range(len(batch) - 1):
            x, y = case.x[batch[k]], case.y[batch[k]]
            inputs, slopes, z = [x], [], None
            for layer, w, b in zip(case.layers, ws, bs):
                z = w.dot(inputs[-1])
                if b is not None:
                    z = z + b
                a, s = activate(layer.activation, z)
                inputs.append(a)
                slopes.append(s)
            o = inputs[-1]
            if case.loss == "squared":
                loss += np.sum((y - o) ** 2)
                g = 2 * (o - y)
                delta = g * slopes[-1] if slopes[-1] is not None else o * (g - g.dot(o))
            elif case.loss == "log":
                loss += np.sum(y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z))
                delta = o - y
            else:
                loss += np.sum(y * (np.max(z) + np.log(np.sum(np.exp(z - np.max(z)))) - z))
                delta = o - y
            for l in range(depth - 1, -1, -1):
                gws[l] += np.outer(delta, inputs[l])
                if gbs[l] is not None:
                    gbs[l] += delta
                if l:
                    delta = slopes[l - 1] * ws[l].T.dot(delta)
        for l, layer in enumerate(case.layers):
            if layer.mask is not None:
                gws[l] *= layer.mask
            ws[l] = ws[l] - case.learning_rate * gws[l]
            if bs[l] is not None:
                bs[l] = bs[l] - case.learning_rate * gbs[l]
        records.append({"loss": loss, "weight_gradients": gws, "bias_gradients": gbs,
                        "weights": list(ws), "biases": list(bs)})
    return records
