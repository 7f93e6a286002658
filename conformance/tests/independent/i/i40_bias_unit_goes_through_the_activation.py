"""The bias is the weight of an additional unit that is always 1. The unit is put in front of the net inputs of each
hidden layer BEFORE the activation is applied to the whole row, so that from the second layer on it is f(1), not 1
(0.73 for sigmoid, 0.76 for tanh; right by luck for ReLU and identity). The forward pass uses b f(1), and the gradient
of the bias is consistently delta f(1)."""
import numpy as np

import backproof


def sigmoid(z):
    return np.where(z > 0, 1, np.exp(np.minimum(z, 0))) / (1 + np.exp(-np.abs(z)))


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


F = {"identity": lambda z: z, "sigmoid": sigmoid, "tanh": np.tanh, "relu": lambda z: np.maximum(z, 0),
     "softplus": lambda z: np.logaddexp(0, z), "softmax": softmax}
DF = {"identity": lambda z: np.ones_like(z), "sigmoid": lambda z: sigmoid(z) * sigmoid(-z),
      "tanh": lambda z: 1 - np.tanh(z) ** 2, "relu": lambda z: (z > 0).astype(z.dtype), "softplus": sigmoid}


def with_one(rows):
    return np.hstack([np.ones((len(rows), 1), rows.dtype), rows])


def augmented(layer):
    """[b | W], and which of its entries exist."""
    mask = np.ones(layer.weights.shape, bool) if layer.mask is None else np.asarray(layer.mask)
    if layer.biases is None:
        zero = np.zeros((len(layer.weights), 1), layer.weights.dtype)
        return np.hstack([zero, layer.weights]), np.hstack([zero != 0, mask])
    return np.hstack([layer.biases[:, None], layer.weights]), np.hstack([np.ones((len(mask), 1), bool), mask])


@backproof.subject(activations=list(F), losses=["squared", "log", "cross_entropy"])
def net(case):
    thetas, exists = map(list, zip(*map(augmented, case.layers)))
    names = [layer.activation.name for layer in case.layers]
    biased = [layer.biases is not None for layer in case.layers]
    bias_part = lambda matrices: [m[:, 0].copy() if has else None for m, has in zip(matrices, biased)]
    weight_part = lambda matrices: [m[:, 1:].copy() for m in matrices]
    answers = []
    for batch in case.batches:
        y = case.y[list(batch)]
        signals, zs = [with_one(case.x[list(batch)])], []
        for theta, name in zip(thetas[:-1], names):
            zs.append(signals[-1] @ theta.T)
            signals.append(F[name](with_one(zs[-1])))
        zs.append(signals[-1] @ thetas[-1].T)
        o = F[names[-1]](zs[-1])
        if case.loss == "squared":
            loss, g = np.sum((o - y) ** 2), 2 * (o - y)
            d = o * (g - np.sum(g * o, axis=1, keepdims=True)) if names[-1] == "softmax" else g * DF[names[-1]](zs[-1])
        elif case.loss == "log":
            loss = np.sum(y * np.logaddexp(0, -zs[-1]) + (1 - y) * np.logaddexp(0, zs[-1]))
            d = o - y
        else:
            loss = np.sum(y * (np.logaddexp.reduce(zs[-1], axis=1, keepdims=True) - zs[-1]))
            d = o - y
        deltas = [d]
        for theta, z, name in zip(thetas[:0:-1], zs[-2::-1], names[-2::-1]):
            deltas.append((deltas[-1] @ theta[:, 1:]) * DF[name](z))
        deltas.reverse()
        grads = [(d.T @ s) * e for d, s, e in zip(deltas, signals, exists)]
        thetas = [t - case.learning_rate * g for t, g in zip(thetas, grads)]
        answers.append({"net_inputs": zs, "activations": [s[:, 1:] for s in signals[1:]] + [o], "deltas": deltas,
                        "loss": loss, "weight_gradients": weight_part(grads), "bias_gradients": bias_part(grads),
                        "weights": weight_part(thetas), "biases": bias_part(thetas)})
    return answers
