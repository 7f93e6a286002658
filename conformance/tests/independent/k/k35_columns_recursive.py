"""Fault: whatever the activation is, its derivative is taken to be that of the sigmoid at z,
sigma(z) (1 - sigma(z)); right for sigmoid layers only."""
import numpy as np
import backproof


def sigma(z):
    return np.exp(np.minimum(z, 0)) / (np.exp(-np.abs(z)) + 1)


def sigma_prime(z):
    s = sigma(z)
    return s * (1 - s)


def activation(act, z):
    n, par = act.name, dict(act.parameters)
    if n == "identity":
        return z
    if n == "sigmoid":
        return sigma(z)
    if n == "tanh":
        return np.tanh(z)
    if n == "relu":
        return np.maximum(z, 0)
    if n == "leaky_relu":
        return np.maximum(z, 0) + par["slope"] * np.minimum(z, 0)
    if n == "elu":
        return np.maximum(z, 0) + par["alpha"] * np.expm1(np.minimum(z, 0))
    if n == "softplus":
        return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
    e = np.exp(z - z.max(axis=0, keepdims=True))
    return e / e.sum(axis=0, keepdims=True)


@backproof.subject(
    activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"],
    losses=["squared", "log", "cross_entropy"], batch_axis=1, weight_layout="in_out")
def net(case):
    L = len(case.layers)
    W = [layer.weights.copy() for layer in case.layers]
    b = [None if layer.biases is None else layer.biases.reshape(-1, 1).copy() for layer in case.layers]
    rate = case.x.dtype.type(case.learning_rate)

    def output_delta(z, o, y):
        canonical = {"squared": "identity", "log": "sigmoid", "cross_entropy": "softmax"}
        name = case.layers[-1].activation.name
        g = 2 * (o - y) if case.loss == "squared" else o - y
        if canonical[case.loss] == name:
            return g
        if name == "softmax":
            return o * (g - (g * o).sum(axis=0, keepdims=True))
        return g * sigma_prime(z)

    def loss_of(z, o, y):
        if case.loss == "squared":
            return ((o - y) ** 2).sum()
        if case.loss == "log":
            nil = np.zeros_like(z)
            return (y * np.logaddexp(nil, -z) + (1 - y) * np.logaddexp(nil, z)).sum()
        s = z - z.max(axis=0, keepdims=True)
        return (y * (np.log(np.exp(s).sum(axis=0, keepdims=True)) - s)).sum()

    def through(l, a, y, seen):
        """Forward through layer l, on to the top, and back; returns delta of layer l."""
        z = W[l].T @ a
        if b[l] is not None:
            z = z + b[l]
        o = activation(case.layers[l].activation, z)
        seen["net_inputs"][l], seen["activations"][l] = z, o
        if l == L - 1:
            seen["loss"] = loss_of(z, o, y)
            delta = output_delta(z, o, y)
        else:
            delta = (W[l + 1] @ through(l + 1, o, y, seen)) * sigma_prime(z)
        seen["deltas"][l] = delta
        grad = a @ delta.T
        seen["weight_gradients"][l] = grad if case.layers[l].mask is None else grad * case.layers[l].mask
        seen["bias_gradients"][l] = None if b[l] is None else delta.sum(axis=1)
        return delta

    everything = []
    for batch in case.batches:
        seen = {k: [None] * L for k in
                ("net_inputs", "activations", "deltas", "weight_gradients", "bias_gradients")}
        through(0, case.x[:, list(batch)], case.y[:, list(batch)], seen)
        for l in range(L):
            W[l] = W[l] - rate * seen["weight_gradients"][l]
            if b[l] is not None:
                b[l] = b[l] - rate * seen["bias_gradients"][l][:, None]
        seen["weights"] = list(W)
        seen["biases"] = [None if v is None else v[:, 0] for v in b]
        everything.append(seen)
    return everything
