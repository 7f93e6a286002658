"""The buffers for the deltas are always allocated as float32 (to save memory), whatever the precision of the rest: in
float64 every delta, and with it every gradient, keeps only about seven digits."""
import numpy as np

import backproof


def sig(z):
    return np.exp(np.minimum(z, 0)) / (1 + np.exp(-np.abs(z)))


ELEMENTWISE = {
    "identity": (lambda z: z, lambda z: np.ones_like(z)),
    "sigmoid": (sig, lambda z: sig(z) * sig(-z)),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "relu": (lambda z: np.maximum(z, 0), lambda z: np.where(z > 0, np.ones_like(z), 0)),
    "softplus": (lambda z: np.logaddexp(0, z), sig),
}


def softmax(z):
    e = np.exp(z - np.max(z, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)


def output(loss, name, z, o, y):
    """The loss and dE/dz of the output layer."""
    if loss == "log":
        return np.sum(np.where(y > 0, y * np.logaddexp(0, -z), 0) + np.where(y < 1, (1 - y) * np.logaddexp(0, z), 0)), o - y
    if loss == "cross_entropy":
        top = np.max(z, axis=1, keepdims=True)
        return np.sum(y * (top - z + np.log(np.sum(np.exp(z - top), axis=1, keepdims=True)))), o - y
    g = 2 * (o - y)
    if name == "softmax":
        return np.sum((o - y) ** 2), o * (g - np.sum(g * o, axis=1, keepdims=True))
    return np.sum((o - y) ** 2), g * ELEMENTWISE[name][1](z)


@backproof.subject(activations=[*ELEMENTWISE, "softmax"], losses=["squared", "log", "cross_entropy"])
def net(case):
    W = [np.array(layer.weights) for layer in case.layers]
    b = [None if layer.biases is None else np.array(layer.biases) for layer in case.layers]
    names = [layer.activation.name for layer in case.layers]
    masks = [layer.mask for layer in case.layers]
    dtype, last = case.x.dtype, len(W) - 1
    steps = []
    for batch in case.batches:
        rows = list(batch)
        y = case.y[rows]
        nets, acts = [None] * len(W), [None] * len(W)
        gw, gb = [None] * len(W), [None] * len(W)
        buffers = [np.empty((len(rows), len(w)), dtype=np.float32) for w in W]
        loss = None

        def descend(l, a):
            """Forward through layer l and everything above it, then back; fills the buffer of layer l."""
            nonlocal loss
            z = a @ W[l].T
            if b[l] is not None:
                z += b[l]
            out = softmax(z) if names[l] == "softmax" else ELEMENTWISE[names[l]][0](z)
            nets[l], acts[l] = z, out
            if l == last:
                loss, buffers[l][...] = output(case.loss, names[l], z, out, y)
            else:
                descend(l + 1, out)
                buffers[l][...] = (buffers[l + 1] @ W[l + 1]) * ELEMENTWISE[names[l]][1](z)
            gw[l] = (buffers[l].T @ a).astype(dtype)
            if masks[l] is not None:
                gw[l][~np.asarray(masks[l])] = 0
            if b[l] is not None:
                gb[l] = buffers[l].astype(dtype).sum(axis=0)

        descend(0, case.x[rows])
        for l in range(len(W)):
            W[l] = W[l] - dtype.type(case.learning_rate) * gw[l]
            if b[l] is not None:
                b[l] = b[l] - dtype.type(case.learning_rate) * gb[l]
        steps.append({"net_inputs": nets, "activations": acts, "deltas": [d.astype(dtype) for d in buffers], "loss": loss,
                      "weight_gradients": gw, "bias_gradients": gb, "weights": list(W), "biases": list(b)})
    return steps
