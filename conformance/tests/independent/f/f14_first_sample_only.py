"""Fault: the gradients are built from the first sample of the batch only; the others go forward and backward,
but add nothing."""
import numpy as np
import backproof


def slope(name, z):
    if name == "tanh":
        e = np.exp(-2 * np.abs(z))
        return 4 * e / (1 + e) ** 2
    if name == "sigmoid":
        e = np.exp(-np.abs(z))
        return e / (1 + e) ** 2
    if name == "relu":
        return (z > 0) * z.dtype.type(1)
    return z * 0 + 1


def value(name, z):
    if name == "tanh":
        return np.tanh(z)
    if name == "sigmoid":
        e = np.exp(-np.abs(z))
        return np.where(z >= 0, 1 / (1 + e), e / (1 + e))
    if name == "relu":
        return np.maximum(z, 0)
    if name == "softmax":
        e = np.exp(z - z.max(1)[:, None])
        return e / e.sum(1)[:, None]
    return z * 1


@backproof.subject(activations=["tanh", "sigmoid", "relu", "identity", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    layers = []
    for spec in case.layers:
        layers.append({"W": spec.weights.copy(), "b": None if spec.biases is None else spec.biases.copy(),
                       "mask": spec.mask, "f": spec.activation.name})
    rate = case.x.dtype.type(case.learning_rate)
    states = []
    for batch in case.batches:
        a, y = case.x[list(batch)], case.y[list(batch)]
        for layer in layers:
            layer["in"] = a
            layer["z"] = a @ layer["W"].T
            if layer["b"] is not None:
                layer["z"] = layer["z"] + layer["b"]
            layer["a"] = a = value(layer["f"], layer["z"])
        top = layers[-1]
        top["d"] = a - y
        if case.loss == "squared":
            g = 2 * (a - y)
            if top["f"] == "softmax":
                top["d"] = a * (g - (a * g).sum(1)[:, None])
            else:
                top["d"] = g * slope(top["f"], top["z"])
        for below, above in zip(layers[-2::-1], layers[:0:-1]):
            below["d"] = (above["d"] @ above["W"]) * slope(below["f"], below["z"])
        state = {"weight_gradients": [], "bias_gradients": [], "weights": [], "biases": [], "deltas": []}
        for layer in layers:
            gW = np.outer(layer["d"][0], layer["in"][0])
            if layer["mask"] is not None:
                gW = gW * layer["mask"]
            layer["W"] = layer["W"] - rate * gW
            gb = None
            if layer["b"] is not None:
                gb = layer["d"][0].copy()
                layer["b"] = layer["b"] - rate * gb
            state["weight_gradients"].append(gW)
            state["bias_gradients"].append(gb)
            state["weights"].append(layer["W"])
            state["biases"].append(layer["b"])
            state["deltas"].append(layer["d"])
        states.append(state)
    return states
