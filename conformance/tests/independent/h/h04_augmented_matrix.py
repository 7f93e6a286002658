"""Fault: biases sit in column 0 of [b | W]; going down, the last column is cut off instead of column 0.

So delta of neuron 1 below comes from the biases, that of neuron 2 from the weights of neuron 1, and so on."""
import numpy as np
import backproof

np_exp = np.exp


def squash(name, z):
    if name == "sigmoid":
        e = np_exp(-abs(z))
        s = np.where(z >= 0, 1 / (1 + e), e / (1 + e))
        return s, e / (1 + e) ** 2
    if name == "tanh":
        t = np.tanh(z)
        return t, 1 - t * t
    if name == "relu":
        return np.maximum(z, 0), (z > 0).astype(z.dtype)
    if name == "softplus":
        e = np_exp(-abs(z))
        return np.maximum(z, 0) + np.log1p(e), np.where(z >= 0, 1 / (1 + e), e / (1 + e))
    if name == "softmax":
        e = np_exp(z - z.max(1, keepdims=True))
        return e / e.sum(1, keepdims=True), None
    return z + 0, np.ones_like(z)


def with_one(a):
    return np.hstack([np.ones((len(a), 1), a.dtype), a])


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    theta, free = [], []
    for layer in case.layers:
        n = len(layer.weights)
        first = np.zeros(n, case.x.dtype) if layer.biases is None else layer.biases
        theta.append(np.column_stack([first, layer.weights]))
        allowed = np.ones_like(layer.weights, dtype=bool) if layer.mask is None else layer.mask
        free.append(np.column_stack([np.full(n, layer.biases is not None), allowed]))
    rate = case.x.dtype.type(case.learning_rate)
    has = [layer.biases is not None for layer in case.layers]
    answers = []
    for batch in case.batches:
        y = case.y[list(batch)]
        a, slopes, inputs = case.x[list(batch)], [], []
        acts, nets = [], []
        for t, layer in zip(theta, case.layers):
            inputs.append(with_one(a))
            z = inputs[-1] @ t.T
            a, s = squash(layer.activation.name, z)
            nets.append(z), acts.append(a), slopes.append(s)
        if case.loss != "squared":
            d = a - y
        elif slopes[-1] is None:
            g = 2 * (a - y)
            d = a * (g - (a * g).sum(1, keepdims=True))
        else:
            d = 2 * (a - y) * slopes[-1]
        deltas = [d]
        for l in range(len(theta) - 1, 0, -1):
            back = d @ theta[l]
            d = back[:, :-1] * slopes[l - 1]
            deltas.append(d)
        deltas.reverse()
        grads = [(d.T @ i) * m for d, i, m in zip(deltas, inputs, free)]
        theta = [t - rate * g for t, g in zip(theta, grads)]
        answers.append({"net_inputs": nets, "activations": acts, "deltas": deltas,
                        "weight_gradients": [g[:, 1:] for g in grads],
                        "bias_gradients": [g[:, 0] if k else None for g, k in zip(grads, has)],
                        "weights": [t[:, 1:] for t in theta],
                        "biases": [t[:, 0] if k else None for t, k in zip(theta, has)]})
    return answers
