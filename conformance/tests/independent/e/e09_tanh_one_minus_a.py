"""Fault: tanh's derivative is 1 - a instead of 1 - a^2."""
import numpy as np
import backproof


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def softmax(z):
    e = np.exp(z - np.max(z, axis=0))
    return e / np.sum(e, axis=0)


FORWARD = {"tanh": np.tanh, "sigmoid": sigmoid, "softmax": softmax, "identity": lambda z: z}
BACKWARD = {"tanh": lambda a: 1 - a, "sigmoid": lambda a: a * (1 - a), "identity": np.ones_like}


@backproof.subject(activations=["tanh", "sigmoid", "softmax", "identity"], losses=["squared", "log", "cross_entropy"],
                   skips=["general-output-delta", "saturated-output"], batch_axis=1)
def net(case):
    names = [l.activation.name for l in case.layers]
    W = [np.array(l.weights) for l in case.layers]
    b = [None if l.biases is None else np.array(l.biases) for l in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    out = []
    for batch in case.batches:
        A = [case.x[:, list(batch)]]
        for l, name in enumerate(names):
            Z = W[l] @ A[l]
            A.append(FORWARD[name](Z if b[l] is None else Z + b[l].reshape(-1, 1)))
        D = A[-1] - case.y[:, list(batch)]
        if case.loss == "squared":
            D = 2 * D
        deltas = [D]
        for l in range(len(W) - 1, 0, -1):
            deltas.append(BACKWARD[names[l - 1]](A[l]) * (W[l].T @ deltas[-1]))
        deltas.reverse()
        for l, d in enumerate(deltas):
            G = d @ A[l].T
            if case.layers[l].mask is not None:
                G *= case.layers[l].mask
            W[l] = W[l] - rate * G
            if b[l] is not None:
                b[l] = b[l] - rate * d.sum(axis=1)
        out.append({"activations": A[1:], "deltas": deltas, "weights": W[:], "biases": b[:]})
    return out
