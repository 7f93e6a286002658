"""Fault: momentum 0.9 is left on."""
import numpy as np
import backproof


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, np.ones_like(z), e) / (1 + e)


class Optimizer:
    def __init__(self, rate, momentum):
        self.rate, self.momentum, self.velocity = rate, momentum, {}

    def __call__(self, key, value, gradient):
        if value is None:
            return None
        v = gradient if key not in self.velocity else self.momentum * self.velocity[key] + gradient
        self.velocity[key] = v
        return value - self.rate * v


@backproof.subject(activations=["sigmoid", "tanh", "identity", "softmax"], losses=["squared", "log", "cross_entropy"],
                   batch_axis=1)
def net(case):
    T = case.x.dtype.type
    move = Optimizer(T(case.learning_rate), T(0.9))
    W = [l.weights for l in case.layers]
    b = [l.biases for l in case.layers]
    names = [l.activation.name for l in case.layers]
    L = len(W)
    res = []
    for batch in case.batches:
        A = [np.take(case.x, list(batch), axis=1)]
        Y = np.take(case.y, list(batch), axis=1)
        Z = []
        for k in range(L):
            Z.append(W[k] @ A[k] if b[k] is None else W[k] @ A[k] + b[k].reshape(-1, 1))
            if names[k] == "sigmoid":
                A.append(sigmoid(Z[k]))
            elif names[k] == "tanh":
                A.append(np.tanh(Z[k]))
            elif names[k] == "softmax":
                e = np.exp(Z[k] - Z[k].max(0))
                A.append(e / e.sum(0))
            else:
                A.append(Z[k])

        def through(k, g):
            o = A[k + 1]
            if names[k] == "sigmoid":
                return g * (o * (1 - o))
            if names[k] == "tanh":
                return g * ((1 + o) * (1 - o))
            if names[k] == "softmax":
                return o * g - o * (o * g).sum(0)
            return g

        D = [None] * L
        D[-1] = through(L - 1, 2 * (A[-1] - Y)) if case.loss == "squared" else A[-1] - Y
        for k in range(L - 2, -1, -1):
            D[k] = through(k, W[k + 1].T @ D[k + 1])
        gW = [d @ a.T if l.mask is None else (d @ a.T) * l.mask for d, a, l in zip(D, A, case.layers)]
        gb = [None if c is None else d.sum(1) for d, c in zip(D, b)]
        W = [move(("w", k), W[k], gW[k]) for k in range(L)]
        b = [move(("b", k), b[k], gb[k]) for k in range(L)]
        res.append({"net_inputs": Z, "activations": A[1:], "deltas": D, "weight_gradients": gW, "bias_gradients": gb,
                    "weights": W, "biases": b})
    return res
