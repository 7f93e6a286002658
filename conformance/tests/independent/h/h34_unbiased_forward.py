"""Fault: the forward pass leaves the bias out of the net input (z = W a); bias gradients and updates are still made."""
import numpy as np
import backproof


def sigmoid(z):
    return np.exp(np.minimum(z, 0)) / (1 + np.exp(-np.abs(z)))


ACT = {
    "identity": {"f": lambda z: z, "df": np.ones_like},
    "sigmoid": {"f": sigmoid, "df": lambda z: sigmoid(z) * sigmoid(-z)},
    "tanh": {"f": np.tanh, "df": lambda z: 1 - np.tanh(z) ** 2},
    "relu": {"f": lambda z: np.maximum(z, 0), "df": lambda z: (z > 0).astype(z.dtype)},
    "softplus": {"f": lambda z: np.logaddexp(0, z), "df": sigmoid},
    "softmax": {"f": lambda z: np.exp(z - lse(z))},
}


def lse(z):
    m = z.max(axis=1, keepdims=True)
    return m + np.log(np.sum(np.exp(z - m), axis=1, keepdims=True))


LOSS = {
    "squared": (lambda y, z, o: np.sum(np.square(y - o)), lambda y, o: 2 * (o - y)),
    "log": (lambda y, z, o: np.sum(np.logaddexp(0, z) - y * z), lambda y, o: o - y),
    "cross_entropy": (lambda y, z, o: np.sum(y * (lse(z) - z)), lambda y, o: o - y),
}


@backproof.subject(activations=list(ACT), losses=list(LOSS))
def net(case):
    L = len(case.layers)
    P = {}
    for l, layer in enumerate(case.layers, 1):
        P[f"W{l}"] = layer.weights.copy()
        if layer.biases is not None:
            P[f"b{l}"] = layer.biases.copy()
    fs = {l: ACT[layer.activation.name] for l, layer in enumerate(case.layers, 1)}
    masks = {l: layer.mask for l, layer in enumerate(case.layers, 1) if layer.mask is not None}
    eta = case.x.dtype.type(case.learning_rate)
    res = []
    for batch in case.batches:
        c = {"a0": case.x[batch]}
        y = case.y[batch]
        for l in range(1, L + 1):
            c[f"z{l}"] = np.matmul(c[f"a{l - 1}"], P[f"W{l}"].T)
            c[f"a{l}"] = fs[l]["f"](c[f"z{l}"])
        o = c[f"a{L}"]
        value, delta = LOSS[case.loss]
        d = delta(y, o)
        if case.loss == "squared":
            d = d * fs[L]["df"](c[f"z{L}"]) if "df" in fs[L] else o * (d - np.sum(d * o, axis=1, keepdims=True))
        c[f"d{L}"] = d
        for l in range(L - 1, 0, -1):
            c[f"d{l}"] = np.matmul(c[f"d{l + 1}"], P[f"W{l + 1}"]) * fs[l]["df"](c[f"z{l}"])
        g = {}
        for l in range(1, L + 1):
            g[f"W{l}"] = np.matmul(c[f"d{l}"].T, c[f"a{l - 1}"])
            if l in masks:
                g[f"W{l}"] = g[f"W{l}"] * masks[l]
            if f"b{l}" in P:
                g[f"b{l}"] = np.sum(c[f"d{l}"], axis=0)
        P = {k: v - eta * g[k] for k, v in P.items()}
        every = lambda table, key: [table.get(f"{key}{l}") for l in range(1, L + 1)]
        res.append({"net_inputs": every(c, "z"), "activations": every(c, "a"), "deltas": every(c, "d"),
                    "loss": value(y, c[f"z{L}"], o), "weight_gradients": every(g, "W"),
                    "bias_gradients": every(g, "b"), "weights": every(P, "W"), "biases": every(P, "b")})
    return res
