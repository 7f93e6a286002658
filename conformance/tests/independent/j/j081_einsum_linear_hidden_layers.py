"""Fault: hidden layers have no activation function (a = z, derivative 1), only the output layer applies its own; the
network is linear up to its output."""
import numpy as np

import backproof


def output_function(name, z):
    if name == "sigmoid":
        e = np.exp(-np.abs(z))
        return np.where(z >= 0, 1 / (1 + e), e / (1 + e))
    if name == "softmax":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / np.einsum("sk->s", e)[:, None]
    if name == "tanh":
        return np.tanh(z)
    return z


def error(loss, z, o, y):
    if loss == "squared":
        return np.einsum("sk,sk->", o - y, o - y)
    if loss == "log":
        return np.einsum("sk->", np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z))))
    z = z - z.max(axis=1, keepdims=True)
    return np.einsum("sk,sk->", y, np.log(np.exp(z).sum(axis=1, keepdims=True)) - z)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "gelu",
                                "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"], weight_layout="in_out")
def net(case):
    dtype = case.x.dtype
    W = [np.array(l.weights) for l in case.layers]
    B = [None if l.biases is None else np.array(l.biases) for l in case.layers]
    last = case.layers[-1].activation.name
    eta = dtype.type(case.learning_rate)
    report = []
    for batch in case.batches:
        x, y = case.x[list(batch)], case.y[list(batch)]
        Z, A = [], [x]
        for l, w in enumerate(W):
            z = np.einsum("si,io->so", A[-1], w)
            if B[l] is not None:
                z = z + B[l]
            Z.append(z)
            A.append(z if l < len(W) - 1 else output_function(last, z))
        D = [None] * len(W)
        D[-1] = (2 if case.loss == "squared" else 1) * (A[-1] - y)
        for l in range(len(W) - 1, 0, -1):
            D[l - 1] = np.einsum("so,io->si", D[l], W[l])
        GW = [np.einsum("so,si->io", D[l], A[l]) for l in range(len(W))]
        for g, layer in zip(GW, case.layers):
            if layer.mask is not None:
                np.multiply(g, layer.mask, out=g)
        GB = [None if B[l] is None else np.einsum("so->o", D[l]) for l in range(len(W))]
        loss = error(case.loss, Z[-1], A[-1], y)
        W = [w - eta * g for w, g in zip(W, GW)]
        B = [None if b is None else b - eta * g for b, g in zip(B, GB)]
        report.append(dict(net_inputs=Z, activations=A[1:], deltas=D, loss=dtype.type(loss), weight_gradients=GW,
                           bias_gradients=GB, weights=W, biases=B))
    return report
