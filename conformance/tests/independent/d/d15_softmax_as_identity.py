"""With the squared loss, softmax outputs are passed through backwards as if softmax were the identity."""

import numpy as np

import backproof


def softmax(z):
    e = np.exp(z - z.max(axis=0, keepdims=True))
    return e / e.sum(axis=0, keepdims=True)


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def derivative(name, a):
    if name == "sigmoid":
        return a * (1 - a)
    if name == "tanh":
        return 1 - a * a
    if name == "relu":
        return np.heaviside(a, 0).astype(a.dtype)
    return np.ones_like(a)


@backproof.subject(
    activations=["sigmoid", "tanh", "relu", "identity", "softmax"], losses=["squared", "cross_entropy"], batch_axis=1
)
def net(case):
    functions = {"sigmoid": sigmoid, "tanh": np.tanh, "relu": lambda z: np.maximum(z, 0), "softmax": softmax}
    net_ = [[l.weights, l.biases, l.activation.name, l.mask] for l in case.layers]
    eta = case.x.dtype.type(case.learning_rate)
    record = []
    for batch in case.batches:
        X, Y = case.x[:, list(batch)], case.y[:, list(batch)]
        A = [X]
        for w, b, name, _ in net_:
            Z = w @ A[-1]
            if b is not None:
                Z = Z + b.reshape(-1, 1)
            A.append(functions.get(name, np.array)(Z))
        if case.loss == "squared":
            D = [2 * (A[-1] - Y) * derivative(net_[-1][2], A[-1])]
        else:
            D = [A[-1] - Y]
        for l in range(len(net_) - 1, 0, -1):
            D.insert(0, derivative(net_[l - 1][2], A[l]) * (net_[l][0].T @ D[0]))
        for part, d, a in zip(net_, D, A):
            g = d @ a.T
            part[0] = part[0] - eta * (g if part[3] is None else g * part[3])
            if part[1] is not None:
                part[1] = part[1] - eta * d.sum(axis=1).reshape(part[1].shape)
        record.append({"deltas": D, "weights": [p[0] for p in net_], "biases": [p[1] for p in net_]})
    return record
