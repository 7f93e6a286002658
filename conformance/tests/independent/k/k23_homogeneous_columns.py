"""Fault: the bias is column 0 of the extended weight matrix (the input is extended by a one), and is
then added once more to the net input, which is therefore too large by b. Gradients count it once."""
import numpy as np
import backproof

F = {
    "identity": (lambda z: z * 1, lambda z: np.ones_like(z)),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "relu": (lambda z: np.where(z > 0, z, 0 * z), lambda z: np.where(z > 0, 1 + 0 * z, 0 * z)),
    "sigmoid": (lambda z: _s(z), lambda z: _s(z) * _s(-z)),
    "softplus": (lambda z: np.logaddexp(z.dtype.type(0), z), lambda z: _s(z)),
}


def _s(z):
    return np.exp(-np.logaddexp(z.dtype.type(0), -z))


def softmax(z):
    e = np.exp(z - z.max(axis=0))
    return e / e.sum(axis=0)


def with_ones(a):
    return np.vstack([np.ones((1, a.shape[1]), a.dtype), a])


@backproof.subject(activations=[*F, "softmax"], losses=["squared", "log", "cross_entropy"], batch_axis=1)
def net(case):
    dt = case.x.dtype
    extended, edges = [], []
    for layer in case.layers:
        rows, cols = layer.weights.shape
        M = np.zeros((rows, cols + 1), dt)
        M[:, 1:] = layer.weights
        E = np.ones((rows, cols + 1), dt)
        if layer.mask is not None:
            E[:, 1:] = layer.mask
        if layer.biases is None:
            E[:, 0] = 0
        else:
            M[:, 0] = layer.biases
        extended.append(M)
        edges.append(E)
    kinds = [layer.activation.name for layer in case.layers]
    has_bias = [layer.biases is not None for layer in case.layers]
    lr = dt.type(case.learning_rate)

    history = []
    for batch in case.batches:
        cols = list(batch)
        inputs, zs, outs = [], [], []
        a = case.x[:, cols]
        for M, kind in zip(extended, kinds):
            inputs.append(with_ones(a))
            z = M @ inputs[-1] + M[:, :1]
            a = softmax(z) if kind == "softmax" else F[kind][0](z)
            zs.append(z)
            outs.append(a)
        y = case.y[:, cols]
        if case.loss == "squared":
            loss = np.sum((y - a) ** 2)
            g = 2 * (a - y)
            if kinds[-1] == "softmax":
                delta = a * (g - np.sum(g * a, axis=0))
            else:
                delta = g * F[kinds[-1]][1](z)
        else:
            delta = a - y
            if case.loss == "log":
                nil = dt.type(0)
                loss = np.sum(y * np.logaddexp(nil, -z) + (1 - y) * np.logaddexp(nil, z))
            else:
                s = z - z.max(axis=0)
                loss = np.sum(y * (np.log(np.exp(s).sum(axis=0)) - s))
        deltas = [delta]
        for l in range(len(kinds) - 2, -1, -1):
            delta = (extended[l + 1][:, 1:].T @ delta) * F[kinds[l]][1](zs[l])
            deltas.insert(0, delta)
        grads = [(d @ i.T) * e for d, i, e in zip(deltas, inputs, edges)]
        extended = [M - lr * G for M, G in zip(extended, grads)]
        history.append({
            "net_inputs": zs, "activations": outs, "deltas": deltas, "loss": loss,
            "weight_gradients": [G[:, 1:] for G in grads],
            "bias_gradients": [G[:, 0] if h else None for G, h in zip(grads, has_bias)],
            "weights": [M[:, 1:].copy() for M in extended],
            "biases": [M[:, 0].copy() if h else None for M, h in zip(extended, has_bias)],
        })
    return history
