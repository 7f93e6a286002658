"""Leaky ReLU: the slope and 1 are swapped in the backward pass."""

import numpy as np

import backproof


def make(activation):
    p = dict(activation.parameters)

    def leaky(z):
        s = z.dtype.type(p["slope"])
        return np.where(z > 0, z, s * z), np.where(z > 0, s, z.dtype.type(1))

    def sigmoid(z):
        e = np.exp(-np.abs(z))
        a = np.where(z >= 0, 1 / (1 + e), e / (1 + e))
        return a, a * (1 - a)

    def tanh(z):
        a = np.tanh(z)
        return a, 1 - a * a

    def identity(z):
        return z, np.ones_like(z)

    return {"leaky_relu": leaky, "sigmoid": sigmoid, "tanh": tanh, "identity": identity}[activation.name]


def with_one(a):
    return np.hstack([np.ones((len(a), 1), a.dtype), a])


@backproof.subject(
    activations=["leaky_relu", "sigmoid", "tanh", "identity"], losses=["squared", "log"], skips=["no-biases", "masked"]
)
def net(case):
    # the bias as the weight w_i0 of a neuron that is always 1
    M = [np.hstack([l.biases[:, None], l.weights]) for l in case.layers]
    fs = [make(l.activation) for l in case.layers]
    alpha = case.x.dtype.type(case.learning_rate)
    out = []
    for batch in case.batches:
        a, inputs, primes = case.x[list(batch)], [], []
        for m, f in zip(M, fs):
            inputs.append(with_one(a))
            a, prime = f(inputs[-1] @ m.T)
            primes.append(prime)
        delta = a - case.y[list(batch)]
        if case.loss == "squared":
            delta = 2 * delta * primes[-1]
        deltas = [delta]
        for m, prime in zip(M[:0:-1], primes[-2::-1]):
            deltas.append((deltas[-1] @ m[:, 1:]) * prime)
        deltas = deltas[::-1]
        M = [m - alpha * (d.T @ i) for m, d, i in zip(M, deltas, inputs)]
        out.append({"deltas": deltas, "weights": [m[:, 1:] for m in M], "biases": [m[:, 0] for m in M]})
    return out
