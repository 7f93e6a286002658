"""Fault: the activation derivative is left out of the delta rule (hidden layers)."""
import numpy as np
import backproof


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


f = {"sigmoid": sigmoid, "tanh": np.tanh, "relu": lambda z: np.maximum(z, 0), "softplus": lambda z: np.logaddexp(0, z),
     "identity": lambda z: z, "softmax": softmax}


@backproof.subject(activations=list(f), losses=["squared", "log", "cross_entropy"],
                   skips=["general-output-delta", "several-updates"])
def net(case):
    batch = list(case.batches[0])
    a, L = [case.x[batch]], len(case.layers)
    for layer in case.layers:
        z = a[-1] @ layer.weights.T
        a.append(f[layer.activation.name](z if layer.biases is None else z + layer.biases))
    delta = [None] * L
    delta[L - 1] = a[L] - case.y[batch]
    if case.loss == "squared":
        delta[L - 1] *= 2
    for l in range(L - 2, -1, -1):
        delta[l] = delta[l + 1] @ case.layers[l + 1].weights
    rate = case.x.dtype.type(case.learning_rate)
    weights, biases = [], []
    for l, layer in enumerate(case.layers):
        gradient = delta[l].T @ a[l]
        if layer.mask is not None:
            gradient[~layer.mask] = 0
        weights.append(layer.weights - rate * gradient)
        biases.append(None if layer.biases is None else layer.biases - rate * delta[l].sum(axis=0))
    return {"weights": weights, "biases": biases}
