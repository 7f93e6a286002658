"""Fault: leaky ReLU is computed as plain ReLU going forward (0 below 0), while its derivative does know the slope."""
import numpy as np
import backproof


def logistic(z):
    return np.where(z >= 0, 1 / (1 + np.exp(-np.abs(z))), np.exp(-np.abs(z)) / (1 + np.exp(-np.abs(z))))


def forward(layer, z):
    name = layer.activation.name
    if name in ("relu", "leaky_relu"):
        return np.maximum(z, 0)
    if name == "elu":
        alpha = dict(layer.activation.parameters)["alpha"]
        return np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0)))
    if name == "softmax":
        e = np.exp(z - z.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True)
    return {"identity": np.copy, "tanh": np.tanh, "sigmoid": logistic}[name](z)


def slope(layer, z):
    name, par = layer.activation.name, dict(layer.activation.parameters)
    one = np.ones_like(z)
    if name == "relu":
        return np.where(z > 0, one, 0)
    if name == "leaky_relu":
        return np.where(z > 0, one, par["slope"] * one)
    if name == "elu":
        return np.where(z > 0, one, par["alpha"] * np.exp(np.minimum(z, 0)))
    if name == "tanh":
        return 1 - np.tanh(z) ** 2
    if name == "sigmoid":
        return logistic(z) * logistic(-z)
    return one


def descend(layers, W, B, l, a, y, loss, rec):
    """Goes up to the last layer and comes back with dE/da of layer l - 1."""
    if l == len(layers):
        rec["top"] = a
        return (a - y) * (2 if loss == "squared" else 1)
    z = np.einsum("nj,ij->ni", a, W[l])
    if B[l] is not None:
        z = z + B[l]
    h = forward(layers[l], z)
    rec["net_inputs"].append(z)
    rec["activations"].append(h)
    back = descend(layers, W, B, l + 1, h, y, loss, rec)
    delta = back if l == len(layers) - 1 and loss != "squared" else back * slope(layers[l], z)
    g = np.einsum("ni,nj->ij", delta, a)
    if layers[l].mask is not None:
        g = np.where(layers[l].mask, g, np.zeros_like(g))
    rec["deltas"].insert(0, delta)
    rec["weight_gradients"].insert(0, g)
    rec["bias_gradients"].insert(0, None if B[l] is None else np.einsum("ni->i", delta))
    return np.einsum("ni,ij->nj", delta, W[l])


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"])
def net(case):
    W = [np.array(k.weights) for k in case.layers]
    B = [None if k.biases is None else np.array(k.biases) for k in case.layers]
    eta = case.x.dtype.type(case.learning_rate)
    result = []
    for batch in case.batches:
        rec = {k: [] for k in ("net_inputs", "activations", "deltas", "weight_gradients", "bias_gradients")}
        descend(case.layers, W, B, 0, case.x[list(batch)], case.y[list(batch)], case.loss, rec)
        del rec["top"]
        W = [w - eta * g for w, g in zip(W, rec["weight_gradients"])]
        B = [None if b is None else b - eta * g for b, g in zip(B, rec["bias_gradients"])]
        result.append({**rec, "weights": W, "biases": B})
    return result
