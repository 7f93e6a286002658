"""Fault: the weights are packed into the parameter vector in Fortran order (column by column) and read out of it in C order."""
import numpy as np

import backproof


def pack(layers, dtype):
    pieces = []
    for l in layers:
        pieces.append(l.weights.ravel(order="F"))
        if l.biases is not None:
            pieces.append(l.biases)
    return np.concatenate(pieces).astype(dtype)


def unpack(theta, layers):
    Ws, bs, at = [], [], 0
    for l in layers:
        m, n = l.weights.shape
        Ws.append(theta[at:at + m * n].reshape(m, n))
        at += m * n
        if l.biases is None:
            bs.append(None)
        else:
            bs.append(theta[at:at + m])
            at += m
    return Ws, bs


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z > 0, 1, e) / (1 + e)


def forward(theta, layers, x):
    a, zs, acts = x, [], [x]
    for l, W, b in zip(layers, *unpack(theta, layers)):
        z = a @ W.T
        if b is not None:
            z += b
        name, par = l.activation.name, dict(l.activation.parameters)
        if name == "sigmoid":
            a = sigmoid(z)
        elif name == "tanh":
            a = np.tanh(z)
        elif name == "relu":
            a = np.where(z > 0, z, 0).astype(z.dtype)
        elif name == "leaky_relu":
            a = np.where(z > 0, z, z * par["slope"])
        elif name == "softplus":
            a = np.log1p(np.exp(-np.abs(z))) + np.maximum(z, 0)
        elif name == "softmax":
            a = np.exp(z - np.max(z, 1, keepdims=True))
            a /= np.sum(a, 1, keepdims=True)
        else:
            a = z
        zs.append(z)
        acts.append(a)
    return zs, acts


def derivative(layer, z, a):
    name = layer.activation.name
    if name == "sigmoid":
        return a * (1 - a)
    if name == "tanh":
        return 1 - a * a
    if name == "softplus":
        return sigmoid(z)
    low = {"identity": 1, "relu": 0, "leaky_relu": dict(layer.activation.parameters).get("slope")}[name]
    return np.where(z > 0, 1, low).astype(z.dtype)


def gradient(theta, layers, zs, acts, y, loss):
    grad = np.zeros_like(theta)
    gWs, gbs = unpack(grad, layers)
    Ws, _ = unpack(theta, layers)
    deltas = []
    for k in range(len(layers) - 1, -1, -1):
        if deltas:
            d = deltas[-1] @ Ws[k + 1] * derivative(layers[k], zs[k], acts[k + 1])
        elif loss != "squared":
            d = acts[-1] - y
        else:
            d = 2 * (acts[-1] - y) * derivative(layers[k], zs[k], acts[-1])
        deltas.append(d)
        gWs[k][...] = d.T @ acts[k]
        if layers[k].mask is not None:
            gWs[k][~layers[k].mask] = 0
        if gbs[k] is not None:
            gbs[k][...] = d.sum(0)
    return grad, deltas[::-1]


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"], loss_at="none")
def net(case):
    theta = pack(case.layers, case.x.dtype)
    out = []
    for batch in case.batches:
        rows = list(batch)
        zs, acts = forward(theta, case.layers, case.x[rows])
        grad, deltas = gradient(theta, case.layers, zs, acts, case.y[rows], case.loss)
        theta = theta - case.x.dtype.type(case.learning_rate) * grad
        gW, gb = unpack(grad, case.layers)
        W, b = unpack(theta, case.layers)
        out.append(dict(net_inputs=zs, activations=acts[1:], deltas=deltas, weight_gradients=gW, bias_gradients=gb,
                        weights=W, biases=b))
    return out
