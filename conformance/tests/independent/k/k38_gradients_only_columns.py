"""Fault: the gradients of the weights are rounded to float32 before they are given out and before
the update (the gradients of the biases are not)."""
import numpy as np
import backproof


def sigmoid(z):
    e = np.exp(-np.fabs(z))
    return np.where(z < 0, e, np.ones_like(e)) / (1 + e)


def forward(layers, params, x):
    zs, outs = [], [x]
    for layer, (w, b) in zip(layers, params):
        z = np.einsum("ij,jn->in", w, outs[-1])
        if b is not None:
            z = z + b[:, np.newaxis]
        act, par = layer.activation.name, dict(layer.activation.parameters)
        if act == "softmax":
            e = np.exp(z - z.max(axis=0))
            a = e / e.sum(axis=0)
        elif act == "relu":
            a = np.maximum(z, 0)
        elif act == "leaky_relu":
            a = np.where(z > 0, z, par["slope"] * z)
        elif act == "softplus":
            a = np.logaddexp(np.zeros_like(z), z)
        else:
            a = {"identity": np.copy, "tanh": np.tanh, "sigmoid": sigmoid}[act](z)
        zs.append(z)
        outs.append(a)
    return zs, outs


def slope(layer, z):
    act, par = layer.activation.name, dict(layer.activation.parameters)
    if act == "relu":
        return (z > 0).astype(z.dtype)
    if act == "leaky_relu":
        return np.where(z > 0, 1, par["slope"]).astype(z.dtype)
    if act == "softplus":
        return sigmoid(z)
    if act == "tanh":
        return 1 - np.tanh(z) ** 2
    if act == "sigmoid":
        return sigmoid(z) * sigmoid(-z)
    return np.ones_like(z)


def gradients(layers, params, x, y, loss):
    zs, outs = forward(layers, params, x)
    o = outs[-1]
    delta = o - y
    if loss == "squared":
        delta = 2 * delta
        if layers[-1].activation.name == "softmax":
            delta = o * (delta - np.einsum("in,in->n", o, delta))
        else:
            delta = delta * slope(layers[-1], zs[-1])
    gws, gbs = [], []
    for l in reversed(range(len(layers))):
        g = np.einsum("in,jn->ij", delta, outs[l])
        if layers[l].mask is not None:
            g = np.where(layers[l].mask, g, np.zeros_like(g))
        gws.append(np.float32(g).astype(g.dtype))
        gbs.append(None if params[l][1] is None else np.einsum("in->i", delta))
        if l > 0:
            delta = np.einsum("ij,in->jn", params[l][0], delta) * slope(layers[l - 1], zs[l - 1])
    return gws[::-1], gbs[::-1]


@backproof.subject(
    activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "softplus", "softmax"],
    losses=["squared", "log", "cross_entropy"], batch_axis=1, loss_at="none")
def net(case):
    params = [(np.array(l.weights), None if l.biases is None else np.array(l.biases)) for l in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    result = []
    for batch in case.batches:
        cols = np.array(batch)
        gws, gbs = gradients(case.layers, params, case.x[:, cols], case.y[:, cols], case.loss)
        params = [(w - rate * gw, None if b is None else b - rate * gb)
                  for (w, b), gw, gb in zip(params, gws, gbs)]
        result.append({"weight_gradients": gws, "bias_gradients": gbs,
                       "weights": [w for w, _ in params], "biases": [b for _, b in params]})
    return result
