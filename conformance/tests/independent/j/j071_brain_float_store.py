"""Fault: after each step the new weights are stored as bfloat16 (8 bits of precision) and read back, so small
steps vanish; biases and everything else keep full precision."""
import numpy as np
import backproof


def bfloat16(v):
    """round to nearest, ties to even, on the upper half of a float32"""
    bits = np.ascontiguousarray(v, np.float32).view(np.uint32)
    bits = bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    return (bits & np.uint32(0xFFFF0000)).view(np.float32).astype(v.dtype)


def sig(z):
    e = np.exp(-np.abs(z))
    return np.where(z < 0, e, 1) / (1 + e)


FORWARD = {
    "identity": lambda z: z, "sigmoid": lambda z: sig(z), "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0), "softplus": lambda z: np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))),
    "softmax": lambda z: np.exp(z - z.max(1, keepdims=True)) / np.exp(z - z.max(1, keepdims=True)).sum(1, keepdims=True),
}
BACKWARD = {      # (dE/da, z, a) -> dE/dz
    "identity": lambda g, z, a: g,
    "sigmoid": lambda g, z, a: g * a * sig(-z),
    "tanh": lambda g, z, a: g * (1 - a ** 2),
    "relu": lambda g, z, a: g * (z > 0),
    "softplus": lambda g, z, a: g * sig(z),
    "softmax": lambda g, z, a: a * (g - (a * g).sum(1, keepdims=True)),
}


def parameters(case):
    p = {}
    for i, layer in enumerate(case.layers, 1):
        p[f"W{i}"] = layer.weights.copy()
        if layer.biases is not None:
            p[f"b{i}"] = layer.biases.copy()
    return p


def gradients(p, case, x, y):
    L = len(case.layers)
    c, g = {"a0": x}, {}
    for i, layer in enumerate(case.layers, 1):
        c[f"z{i}"] = c[f"a{i - 1}"] @ p[f"W{i}"].T
        if f"b{i}" in p:
            c[f"z{i}"] = c[f"z{i}"] + p[f"b{i}"]
        c[f"a{i}"] = FORWARD[layer.activation.name](c[f"z{i}"])
    o = c[f"a{L}"]
    up = 2 * (o - y) if case.loss == "squared" else o - y
    for i in range(L, 0, -1):
        d = up
        if i < L or case.loss == "squared":
            d = BACKWARD[case.layers[i - 1].activation.name](up, c[f"z{i}"], c[f"a{i}"])
        g[f"W{i}"] = d.T @ c[f"a{i - 1}"]
        if case.layers[i - 1].mask is not None:
            g[f"W{i}"] = g[f"W{i}"] * case.layers[i - 1].mask
        if f"b{i}" in p:
            g[f"b{i}"] = d.sum(0)
        up = d @ p[f"W{i}"]
    return g


@backproof.subject(activations=list(FORWARD), losses=["squared", "log", "cross_entropy"], loss_at="none")
def net(case):
    p, lr = parameters(case), case.x.dtype.type(case.learning_rate)
    names = range(1, len(case.layers) + 1)
    updates = []
    for batch in case.batches:
        rows = list(batch)
        for key, g in gradients(p, case, case.x[rows], case.y[rows]).items():
            new = p[key] - lr * g
            p[key] = bfloat16(new) if key.startswith("W") else new
        updates.append({"weights": [p[f"W{i}"] for i in names], "biases": [p.get(f"b{i}") for i in names]})
    return updates
