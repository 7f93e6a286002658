"""Fault: every hidden delta is rounded to bfloat16 (8 bits of significand) before it is used and passed on."""
import numpy as np
import backproof


def bfloat16(v):
    bits = np.ascontiguousarray(v, np.float32).view(np.uint32)
    bits = bits + 0x7FFF + ((bits >> 16) & 1)
    return (bits & 0xFFFF0000).astype(np.uint32).view(np.float32).astype(v.dtype)


def logistic(z):
    e = np.exp(-np.abs(z))
    return np.where(z < 0, e, 1) / (1 + e)


def activate(z, kind, p):
    """returns the activation and the pull-back of a sensitivity through it"""
    k = {n: z.dtype.type(v) for n, v in p.items() if not isinstance(v, str)}
    if kind == "sigmoid":
        return logistic(z), lambda g: g * logistic(z) * logistic(-z)
    if kind == "tanh":
        t = np.tanh(z)
        return t, lambda g: g * (1 - t * t)
    if kind == "relu":
        return np.maximum(z, 0), lambda g: np.where(z > 0, g, 0)
    if kind == "leaky_relu":
        return np.where(z > 0, z, k["slope"] * z), lambda g: np.where(z > 0, g, k["slope"] * g)
    if kind == "elu":
        low = k["alpha"] * np.expm1(np.minimum(z, 0))
        return np.where(z > 0, z, low), lambda g: np.where(z > 0, g, g * k["alpha"] * np.exp(np.minimum(z, 0)))
    if kind == "softplus":
        return np.logaddexp(0, z), lambda g: g * logistic(z)
    if kind == "softmax":
        e = np.exp(z - z.max(1, keepdims=True))
        o = e / e.sum(1, keepdims=True)
        return o, lambda g: o * (g - (o * g).sum(1, keepdims=True))
    return z, lambda g: g


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    W = [l.weights.copy() for l in case.layers]
    B = [None if l.biases is None else l.biases.copy() for l in case.layers]
    eta, last = case.x.dtype.type(case.learning_rate), len(W) - 1

    def one(batch):
        seen = {k: [None] * len(W) for k in ("net_inputs", "activations", "deltas", "weight_gradients",
                                             "bias_gradients")}
        tape, a, y = [], case.x[batch], case.y[batch]
        for l, layer in enumerate(case.layers):
            z = a @ W[l].T + (B[l] if B[l] is not None else a.dtype.type(0))
            out, pull = activate(z, layer.activation.name, dict(layer.activation.parameters))
            seen["net_inputs"][l], seen["activations"][l] = z, out

            def back(g, l=l, a=a, pull=pull, mask=layer.mask):
                d = g if l == last else bfloat16(pull(g))
                seen["deltas"][l] = d
                gw = d.T @ a
                seen["weight_gradients"][l] = gw if mask is None else np.where(mask, gw, 0)
                seen["bias_gradients"][l] = None if B[l] is None else d.sum(axis=0)
                return d @ W[l]

            tape.append(back)
            a = out
        if case.loss == "squared":
            seen["loss"], g = np.sum((a - y) ** 2), pull(2 * (a - y))
        elif case.loss == "log":
            seen["loss"], g = np.sum(np.logaddexp(0, z) - y * z), a - y
        else:
            s = z - z.max(1, keepdims=True)
            seen["loss"], g = np.sum(y * (np.log(np.exp(s).sum(1, keepdims=True)) - s)), a - y
        while tape:
            g = tape.pop()(g)
        for l in range(len(W)):
            W[l] = W[l] - eta * seen["weight_gradients"][l]
            if B[l] is not None:
                B[l] = B[l] - eta * seen["bias_gradients"][l]
        return seen | {"weights": list(W), "biases": list(B)}

    return [one(batch) for batch in case.batches]
