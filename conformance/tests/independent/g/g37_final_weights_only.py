"""Faults: the bias gradient takes the delta of the batch's first sample only; every hidden activation gets tanh's derivative."""
import numpy as np

import backproof


def activation(name, par, z):
    if name == "sigmoid":
        e = np.exp(-np.abs(z))
        return np.where(z > 0, 1 / (1 + e), e / (1 + e))
    if name == "tanh":
        return np.tanh(z)
    if name == "relu":
        return np.maximum(z, 0)
    if name == "leaky_relu":
        return np.maximum(z, 0) + par["slope"] * np.minimum(z, 0)
    if name == "elu":
        return np.maximum(z, 0) + par["alpha"] * np.expm1(np.minimum(z, 0))
    if name == "softplus":
        return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
    if name == "softmax":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)
    return z


def derivative(a):
    return 1 - a**2


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"], loss_at="none")
def net(case):
    weights = [l.weights.copy() for l in case.layers]
    biases = [None if l.biases is None else l.biases.copy() for l in case.layers]
    lr = case.x.dtype.type(case.learning_rate)
    for batch in case.batches:
        batch = list(batch)
        outputs = [case.x[batch]]
        for layer, W, b in zip(case.layers, weights, biases):
            z = outputs[-1] @ W.T
            if b is not None:
                z = z + b
            outputs.append(activation(layer.activation.name, dict(layer.activation.parameters), z))
        delta = outputs[-1] - case.y[batch]
        if case.loss == "squared":
            delta = 2 * delta
        for i in range(len(weights) - 1, -1, -1):
            grad_w = delta.T @ outputs[i]
            if case.layers[i].mask is not None:
                grad_w = grad_w * case.layers[i].mask
            grad_b = delta[0]
            if i > 0:
                delta = (delta @ weights[i]) * derivative(outputs[i])
            weights[i] = weights[i] - lr * grad_w
            if biases[i] is not None:
                biases[i] = biases[i] - lr * grad_b
    return {"final": {"weights": weights, "biases": biases}}
