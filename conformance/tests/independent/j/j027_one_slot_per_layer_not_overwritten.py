"""Fault: there is one slot per layer; the forward pass puts z there and ought to overwrite it with a, but never
does. The forward pass itself goes on with a, yet the weight gradient of layer l takes what is in the slot of
layer l-1, which is z^(l-1) instead of a^(l-1)."""
import numpy as np

import backproof

ELEMENTWISE = ("identity", "sigmoid", "tanh", "relu", "softplus")


def f_and_slope(name, z):
    if name == "identity":
        return z, np.ones_like(z)
    if name == "tanh":
        t = np.tanh(z)
        return t, 1 - t ** 2
    if name == "relu":
        on = z > 0
        return z * on, on.astype(z.dtype)
    q = np.exp(-np.abs(z))
    s = np.where(z > 0, 1 / (1 + q), q / (1 + q))
    if name == "sigmoid":
        return s, q / (1 + q) ** 2
    return np.maximum(z, 0) + np.log1p(q), s


@backproof.subject(activations=[*ELEMENTWISE, "softmax"], losses=["squared", "log", "cross_entropy"],
                   skips=["general-output-delta"])
def net(case):
    layers, L = case.layers, len(case.layers)
    w = {l: layers[l - 1].weights.copy() for l in range(1, L + 1)}
    b = {l: layers[l - 1].biases.copy() for l in range(1, L + 1) if layers[l - 1].biases is not None}
    lr = case.x.dtype.type(case.learning_rate)
    shown = []
    for batch in case.batches:
        target = case.y[batch]
        slot, slope = {0: case.x[batch]}, {}

        signal = slot[0]
        for l in range(1, L + 1):
            slot[l] = signal @ w[l].T
            if l in b:
                slot[l] += b[l]
            name = layers[l - 1].activation.name
            if name == "softmax":
                signal = np.exp(slot[l] - slot[l].max(1, keepdims=True))
                signal = signal / signal.sum(1, keepdims=True)
            else:
                signal, slope[l] = f_and_slope(name, slot[l])
        o, z = signal, slot[L]

        if case.loss == "squared":
            loss = np.sum(np.square(target - o))
        elif case.loss == "log":
            loss = np.sum(target * np.logaddexp(0, -z) + (1 - target) * np.logaddexp(0, z))
        else:
            top = z.max(1, keepdims=True)
            loss = np.sum(target * (np.log(np.exp(z - top).sum(1, keepdims=True)) - (z - top)))

        delta = {L: (o - target) * (2 if case.loss == "squared" else 1)}
        for l in range(L - 1, 0, -1):
            delta[l] = slope[l] * (delta[l + 1] @ w[l + 1])

        gw, gb = {}, {}
        for l in range(1, L + 1):
            gw[l] = delta[l].T @ slot[l - 1]
            if layers[l - 1].mask is not None:
                gw[l] *= layers[l - 1].mask
            gb[l] = delta[l].sum(0) if l in b else None
        for l in range(1, L + 1):
            w[l] = w[l] - lr * gw[l]
            if l in b:
                b[l] = b[l] - lr * gb[l]
        order = range(1, L + 1)
        shown.append({"loss": loss, "deltas": [delta[l] for l in order],
                      "weight_gradients": [gw[l] for l in order], "bias_gradients": [gb[l] for l in order],
                      "weights": [w[l] for l in order], "biases": [b.get(l) for l in order]})
    return shown
