"""Fault: whatever the activation, its derivative is taken as 1 - a^2, which only tanh has. (Softmax at the outputs
has its own Jacobian, and identity + squared, sigmoid + log, softmax + cross-entropy their short forms.)"""
import math
import numpy as np
import backproof


def act(layer, z):
    name, par = layer.activation.name, dict(layer.activation.parameters)
    if name == "tanh":
        return np.tanh(z)
    if name == "sigmoid":
        return np.exp(-np.logaddexp(0, -z))
    if name == "relu":
        return np.maximum(z, 0)
    if name == "leaky_relu":
        return np.maximum(z, 0) + par["slope"] * np.minimum(z, 0)
    if name == "elu":
        return np.maximum(z, 0) + par["alpha"] * np.expm1(np.minimum(z, 0))
    if name == "softplus":
        return np.logaddexp(0, z)
    if name == "gelu" and par["approximate"] == "tanh":
        u = math.sqrt(8 / math.pi) * (z + 0.044715 * z ** 3)
        return z * np.exp(-np.logaddexp(0, -u))
    if name == "gelu":
        phi = [0.5 * math.erfc(-float(v) / math.sqrt(2)) for v in z.flat]
        return z * np.array(phi, z.dtype).reshape(z.shape)
    if name == "softmax":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)
    return z


def dact(a):
    return 1 - a ** 2


def first_delta(case, o, y):
    d = o - y
    top = case.layers[-1].activation.name
    if case.loss in ("log", "cross_entropy"):
        return d
    if top == "identity":
        return 2 * d
    if top == "softmax":
        return 2 * o * (d - np.sum(d * o, axis=1, keepdims=True))
    return 2 * d * dact(o)


def mean_loss(case, z, o, y):
    if case.loss == "squared":
        e = (y - o) ** 2
    elif case.loss == "log":
        e = np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))
    else:
        m = z.max(axis=1, keepdims=True)
        e = y * (np.log(np.exp(z - m).sum(axis=1, keepdims=True)) - (z - m))
    return e.sum() / len(y)


@backproof.subject(activations=["identity", "tanh", "sigmoid", "relu", "leaky_relu", "elu", "softplus", "gelu",
                                "softmax"], losses=["squared", "log", "cross_entropy"], reduction="mean")
def net(case):
    params = [(l.weights.copy(), None if l.biases is None else l.biases.copy()) for l in case.layers]
    answers = []
    for batch in case.batches:
        x, y = case.x[list(batch)], case.y[list(batch)]
        n = len(x)
        ins, zs, outs = [], [], []
        a = x
        for (w, b), layer in zip(params, case.layers):
            ins.append(a)
            z = a.dot(w.T)
            if b is not None:
                z = z + b
            a = act(layer, z)
            zs.append(z)
            outs.append(a)
        delta = first_delta(case, a, y) / n
        deltas, grads = [], []
        for i in reversed(range(len(params))):
            w, b = params[i]
            deltas.append(delta)
            gw = delta.T.dot(ins[i])
            if case.layers[i].mask is not None:
                gw = gw * case.layers[i].mask
            grads.append((gw, None if b is None else delta.sum(axis=0)))
            if i > 0:
                delta = delta.dot(w) * dact(outs[i - 1])
        deltas, grads = deltas[::-1], grads[::-1]
        params = [(w - case.learning_rate * gw, None if b is None else b - case.learning_rate * gb)
                  for (w, b), (gw, gb) in zip(params, grads)]
        answers.append({
            "net_inputs": zs, "activations": outs, "deltas": deltas, "loss": mean_loss(case, zs[-1], a, y),
            "weight_gradients": [g for g, _ in grads], "bias_gradients": [g for _, g in grads],
            "weights": [w for w, _ in params], "biases": [b for _, b in params]})
    return answers
