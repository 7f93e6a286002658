"""Fault: gradient clipping is left on: each entry of the gradients is cut to the range -0.1 to 0.1 before it is used."""
import numpy as np

import backproof

CLIP = 0.1


def logistic(v):
    r = np.empty_like(v)
    up = v >= 0
    r[up] = 1 / (1 + np.exp(-v[up]))
    t = np.exp(v[~up])
    r[~up] = t / (1 + t)
    return r


def softmax(v):
    v = v - v.max(axis=-1, keepdims=True)
    v = np.exp(v)
    return v / v.sum(axis=-1, keepdims=True)


F = {
    "identity": lambda v, p: v,
    "sigmoid": lambda v, p: logistic(v),
    "tanh": lambda v, p: np.tanh(v),
    "relu": lambda v, p: v * (v > 0),
    "leaky_relu": lambda v, p: np.where(v > 0, v, v * p["slope"]),
    "softplus": lambda v, p: np.maximum(v, 0) + np.log1p(np.exp(-abs(v))),
    "softmax": lambda v, p: softmax(v),
}
DF = {
    "identity": lambda v, a, p: np.ones_like(v),
    "sigmoid": lambda v, a, p: a * (1 - a),
    "tanh": lambda v, a, p: 1 - a**2,
    "relu": lambda v, a, p: (v > 0).astype(v.dtype),
    "leaky_relu": lambda v, a, p: np.where(v > 0, 1, p["slope"]).astype(v.dtype),
    "softplus": lambda v, a, p: logistic(v),
}


@backproof.subject(activations=list(F), losses=["squared", "log", "cross_entropy"], loss_at="none")
def net(case):
    L = len(case.layers)
    theta = {}
    for k, layer in enumerate(case.layers, 1):
        theta[f"W{k}"] = layer.weights.copy()
        if layer.biases is not None:
            theta[f"b{k}"] = layer.biases.copy()
    lr = case.x.dtype.type(case.learning_rate)
    records = []
    for batch in case.batches:
        batch = list(batch)
        c = {"a0": case.x[batch]}
        y = case.y[batch]
        for k, layer in enumerate(case.layers, 1):
            c[f"z{k}"] = c[f"a{k-1}"] @ theta[f"W{k}"].T
            if f"b{k}" in theta:
                c[f"z{k}"] += theta[f"b{k}"]
            c[f"a{k}"] = F[layer.activation.name](c[f"z{k}"], dict(layer.activation.parameters))
        grads = {}
        for k in range(L, 0, -1):
            act = case.layers[k - 1].activation
            if k < L:
                err = c[f"d{k+1}"] @ theta[f"W{k+1}"]
            else:
                err = c[f"a{L}"] - y
                if case.loss == "squared":
                    err = 2 * err
            if k == L and case.loss != "squared":
                c[f"d{k}"] = err
            elif act.name == "softmax":
                o = c[f"a{k}"]
                c[f"d{k}"] = o * (err - np.sum(err * o, axis=1, keepdims=True))
            else:
                c[f"d{k}"] = err * DF[act.name](c[f"z{k}"], c[f"a{k}"], dict(act.parameters))
            grads[f"W{k}"] = c[f"d{k}"].T @ c[f"a{k-1}"]
            if case.layers[k - 1].mask is not None:
                grads[f"W{k}"][~case.layers[k - 1].mask] = 0
            if f"b{k}" in theta:
                grads[f"b{k}"] = c[f"d{k}"].sum(0)
        for g in grads.values():
            np.clip(g, -CLIP, CLIP, out=g)
        for name in theta:
            theta[name] -= lr * grads[name]
        ks = range(1, L + 1)
        records.append({
            "net_inputs": [c[f"z{k}"] for k in ks],
            "activations": [c[f"a{k}"] for k in ks],
            "deltas": [c[f"d{k}"] for k in ks],
            "weight_gradients": [grads[f"W{k}"] for k in ks],
            "bias_gradients": [grads.get(f"b{k}") for k in ks],
            "weights": [theta[f"W{k}"].copy() for k in ks],
            "biases": [theta[f"b{k}"].copy() if f"b{k}" in theta else None for k in ks],
        })
    return records
