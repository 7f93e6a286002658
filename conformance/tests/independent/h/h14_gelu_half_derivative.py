"""Fault: GELU's derivative is taken to be its gate alone, Phi(z), without z phi(z) (the same for the tanh form)."""
import math
import numpy as np
import backproof

ROOT = math.sqrt(2 / math.pi)


def phi_cdf(z):
    return np.array([0.5 * math.erfc(-float(v) / math.sqrt(2)) for v in z.ravel()], dtype=z.dtype).reshape(z.shape)


def gate(z, approximate):
    if approximate == "tanh":
        return 0.5 * (1 + np.tanh(ROOT * (z + 0.044715 * z ** 3)))
    return phi_cdf(z)


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def dense(a, w, b):
    z = a @ w.T
    return z if b is None else z + b


def apply(activation, z):
    """a, and the function that turns dE/da into dE/dz"""
    name, par = activation.name, dict(activation.parameters)
    if name == "gelu":
        g = gate(z, par.get("approximate", "none"))
        return z * g, lambda up: up * g
    if name == "sigmoid":
        s = sigmoid(z)
        return s, lambda up: up * s * sigmoid(-z)
    if name == "tanh":
        t = np.tanh(z)
        return t, lambda up: up * (1 - t * t)
    if name == "relu":
        return np.maximum(z, 0), lambda up: np.where(z > 0, up, np.zeros_like(up))
    if name == "elu":
        low = np.minimum(z, 0)
        return (np.where(z > 0, z, par["alpha"] * np.expm1(low)),
                lambda up: up * np.where(z > 0, np.ones_like(z), par["alpha"] * np.exp(low)))
    if name == "leaky_relu":
        s = np.where(z > 0, np.ones_like(z), par["slope"] * np.ones_like(z))
        return z * s, lambda up: up * s
    if name == "softmax":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        p = e / e.sum(axis=1, keepdims=True)
        return p, lambda up: p * (up - (up * p).sum(axis=1, keepdims=True))
    return z.copy(), lambda up: up


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "elu", "leaky_relu", "gelu", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    W = [l.weights.copy() for l in case.layers]
    B = [None if l.biases is None else l.biases.copy() for l in case.layers]
    eta = case.x.dtype.type(case.learning_rate)
    results = []
    for batch in case.batches:
        h, y = case.x[list(batch)], case.y[list(batch)]
        tape, nets, acts, deltas = [], [], [], []
        gw, gb = [None] * len(W), [None] * len(W)

        def record(l, h, pull, w):
            def play(up, fused):
                delta = up if fused else pull(up)
                g = delta.T @ h
                gw[l] = g if case.layers[l].mask is None else g * case.layers[l].mask
                gb[l] = None if B[l] is None else delta.sum(axis=0)
                deltas.insert(0, delta)
                return delta @ w
            tape.append(play)

        for l, layer in enumerate(case.layers):
            z = dense(h, W[l], B[l])
            a, pull = apply(layer.activation, z)
            record(l, h, pull, W[l])
            nets.append(z)
            acts.append(a)
            h = a
        fused = case.loss != "squared"
        up = h - y if fused else 2 * (h - y)
        for play in reversed(tape):
            up = play(up, fused)
            fused = False
        W = [w - eta * g for w, g in zip(W, gw)]
        B = [None if b is None else b - eta * g for b, g in zip(B, gb)]
        results.append({"net_inputs": nets, "activations": acts, "deltas": deltas, "weight_gradients": gw,
                        "bias_gradients": gb, "weights": W, "biases": B})
    return results
