"""Fault: the deltas of hidden layers are rounded to bfloat16 (eight bits of mantissa, two or three
digits) before they are used."""
import numpy as np
import backproof


def bfloat16(d):
    bits = np.ascontiguousarray(d, dtype=np.float32).view(np.uint32)
    odd = (bits >> np.uint32(16)) & np.uint32(1)
    bits = (bits + np.uint32(0x7FFF) + odd) & np.uint32(0xFFFF0000)
    return bits.view(np.float32).astype(d.dtype)


def sigm(z):
    return np.exp(-np.logaddexp(z.dtype.type(0), -z))


def soft(z):
    z = np.exp(z - z.max(axis=1, keepdims=True))
    return z / z.sum(axis=1, keepdims=True)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"],
                   reduction="mean", delta_of="sample")
def net(case):
    slope = {}
    for l, layer in enumerate(case.layers, 1):
        slope[l] = dict(layer.activation.parameters).get("slope")
    value = {"identity": lambda z, l: z, "sigmoid": lambda z, l: sigm(z), "tanh": lambda z, l: np.tanh(z),
             "relu": lambda z, l: np.where(z > 0, z, z.dtype.type(0)),
             "leaky_relu": lambda z, l: np.where(z > 0, z, slope[l] * z),
             "softplus": lambda z, l: np.logaddexp(z.dtype.type(0), z), "softmax": lambda z, l: soft(z)}
    deriv = {"identity": lambda z, l: np.ones_like(z), "sigmoid": lambda z, l: sigm(z) * sigm(-z),
             "tanh": lambda z, l: 1 - np.tanh(z) ** 2,
             "relu": lambda z, l: (z > 0).astype(z.dtype),
             "leaky_relu": lambda z, l: np.where(z > 0, 1, slope[l]).astype(z.dtype),
             "softplus": lambda z, l: sigm(z)}
    P = {}
    for l, layer in enumerate(case.layers, 1):
        P["W", l] = layer.weights.copy()
        if layer.biases is not None:
            P["b", l] = layer.biases.copy()
    mask = {l: layer.mask for l, layer in enumerate(case.layers, 1)}
    kind = {l: layer.activation.name for l, layer in enumerate(case.layers, 1)}
    L = len(kind)
    lr = case.x.dtype.type(case.learning_rate)
    answers = []
    for batch in case.batches:
        n = len(batch)
        y = case.y[list(batch)]
        C = {("a", 0): case.x[list(batch)]}
        for l in range(1, L + 1):
            C["z", l] = C["a", l - 1] @ P["W", l].T + P.get(("b", l), case.x.dtype.type(0))
            C["a", l] = value[kind[l]](C["z", l], l)
        o, z = C["a", L], C["z", L]
        if case.loss == "squared":
            loss = np.sum((o - y) ** 2) / n
            e = 2 * (o - y)
            if kind[L] == "softmax":
                C["delta", L] = o * (e - np.sum(o * e, axis=1, keepdims=True))
            else:
                C["delta", L] = e * deriv[kind[L]](z, L)
        else:
            C["delta", L] = o - y
            if case.loss == "log":
                zero = z.dtype.type(0)
                loss = np.sum(y * np.logaddexp(zero, -z) + (1 - y) * np.logaddexp(zero, z)) / n
            else:
                c = z - z.max(axis=1, keepdims=True)
                loss = -np.sum(y * (c - np.log(np.exp(c).sum(axis=1, keepdims=True)))) / n
        for l in range(L - 1, 0, -1):
            C["delta", l] = bfloat16((C["delta", l + 1] @ P["W", l + 1]) * deriv[kind[l]](C["z", l], l))
        G = {}
        for l in range(1, L + 1):
            G["W", l] = C["delta", l].T @ C["a", l - 1] / n
            if mask[l] is not None:
                G["W", l] = G["W", l] * mask[l]
            if ("b", l) in P:
                G["b", l] = C["delta", l].sum(axis=0) / n
        P = {k: p - lr * G[k] for k, p in P.items()}
        each = range(1, L + 1)
        answers.append({"net_inputs": [C["z", l] for l in each], "activations": [C["a", l] for l in each],
                        "deltas": [C["delta", l] for l in each], "loss": loss,
                        "weight_gradients": [G["W", l] for l in each],
                        "bias_gradients": [G.get(("b", l)) for l in each],
                        "weights": [P["W", l] for l in each], "biases": [P.get(("b", l)) for l in each]})
    return answers
