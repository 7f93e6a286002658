"""Fault (my own): the derivative functions of the hidden layers are lambdas made in a loop; they look up
the loop's variable only when called, so all hidden layers use the derivative of the last hidden layer's
activation. Right where all hidden layers have the same activation (with the same parameter)."""
import math

import numpy as np
import backproof

R = math.sqrt(2 / math.pi)
erfc = np.frompyfunc(math.erfc, 1, 1)


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, np.ones_like(e), e) / (1 + e)


def gauss(z):
    cdf = (0.5 * erfc(-z.astype(float) / math.sqrt(2)).astype(float)).astype(z.dtype)
    return cdf, np.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def value(act, z):
    p = dict(act.parameters)
    if act.name == "gelu":
        return z * (gauss(z)[0] if p["approximate"] == "none" else sigmoid(2 * R * (z + 0.044715 * z ** 3)))
    if act.name == "softmax":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)
    return {"identity": lambda: z, "sigmoid": lambda: sigmoid(z), "tanh": lambda: np.tanh(z),
            "relu": lambda: np.maximum(z, 0),
            "leaky_relu": lambda: np.where(z > 0, z, p["slope"] * z),
            "elu": lambda: np.where(z > 0, z, p["alpha"] * np.expm1(np.minimum(z, 0))),
            "softplus": lambda: np.logaddexp(np.zeros_like(z), z)}[act.name]()


def derivative(act, z):
    p = dict(act.parameters)
    one = np.ones_like(z)
    if act.name == "gelu":
        if p["approximate"] == "none":
            cdf, pdf = gauss(z)
            return cdf + z * pdf
        s = sigmoid(2 * R * (z + 0.044715 * z ** 3))
        return s + z * s * (1 - s) * 2 * R * (1 + 3 * 0.044715 * z * z)
    return {"identity": lambda: one, "sigmoid": lambda: sigmoid(z) * sigmoid(-z),
            "tanh": lambda: 1 - np.tanh(z) ** 2,
            "relu": lambda: one * (z > 0),
            "leaky_relu": lambda: np.where(z > 0, one, p["slope"] * one),
            "elu": lambda: np.where(z > 0, one, p["alpha"] * np.exp(np.minimum(z, 0))),
            "softplus": lambda: sigmoid(z)}[act.name]()


@backproof.subject(
    activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "gelu", "softmax"],
    losses=["squared", "log", "cross_entropy"])
def net(case):
    slopes = []
    for layer in case.layers[:-1]:
        slopes.append(lambda z: derivative(layer.activation, z))

    W = [np.array(item.weights) for item in case.layers]
    B = [item.biases if item.biases is None else np.array(item.biases) for item in case.layers]
    out_act = case.layers[-1].activation
    lr = case.x.dtype.type(case.learning_rate)
    told = []
    for batch in case.batches:
        y = case.y[list(batch)]
        A, Z = [case.x[list(batch)]], []
        for item, w, b in zip(case.layers, W, B):
            Z.append(A[-1] @ w.T if b is None else A[-1] @ w.T + b)
            A.append(value(item.activation, Z[-1]))
        z, o = Z[-1], A[-1]
        if case.loss == "squared":
            loss = np.sum((y - o) ** 2)
            D = 2 * (o - y)
            if out_act.name == "softmax":
                D = o * (D - np.sum(D * o, axis=1, keepdims=True))
            else:
                D = D * derivative(out_act, z)
        else:
            D = o - y
            if case.loss == "log":
                nil = np.zeros_like(z)
                loss = np.sum(y * np.logaddexp(nil, -z) + (1 - y) * np.logaddexp(nil, z))
            else:
                c = z - z.max(axis=1, keepdims=True)
                loss = np.sum(y * (np.log(np.exp(c).sum(axis=1, keepdims=True)) - c))
        Ds = [D]
        for w, zl, slope in zip(W[:0:-1], Z[-2::-1], slopes[::-1]):
            D = slope(zl) * (D @ w)
            Ds.insert(0, D)
        GW = [d.T @ a if item.mask is None else (d.T @ a) * item.mask
              for d, a, item in zip(Ds, A, case.layers)]
        GB = [None if b is None else d.sum(axis=0) for d, b in zip(Ds, B)]
        W = [w - lr * g for w, g in zip(W, GW)]
        B = [None if b is None else b - lr * g for b, g in zip(B, GB)]
        told.append({"net_inputs": Z, "activations": A[1:], "deltas": Ds, "loss": loss,
                     "weight_gradients": GW, "bias_gradients": GB, "weights": W, "biases": B})
    return told
