"""Fault: the optimizer object has a weight decay whose default is on (1e-4), and nobody turned it off: every
update also takes rate * decay * w from the weights (not from the biases). The gradients shown are those of E."""
import numpy as np

import backproof


class SGD:
    def __init__(self, params, lr, weight_decay=1e-4):
        self.params, self.lr, self.weight_decay = params, lr, weight_decay

    def step(self, grads):
        for key, p in self.params.items():
            g = grads[key]
            if key[0] == "w":
                g = g + self.weight_decay * p
            p -= self.lr * g


def sig(z):
    return np.where(z >= 0, 1 / (1 + np.exp(-np.maximum(z, 0))),
                    np.exp(np.minimum(z, 0)) / (1 + np.exp(np.minimum(z, 0))))


F = {"identity": lambda z: 1 * z, "sigmoid": sig, "tanh": np.tanh, "relu": lambda z: np.maximum(z, 0),
     "softplus": lambda z: np.logaddexp(0, z)}
DF = {"identity": np.ones_like, "sigmoid": lambda z: sig(z) * sig(-z), "tanh": lambda z: 1 - np.tanh(z) ** 2,
      "relu": lambda z: (z > 0).astype(z.dtype), "softplus": sig}


def softmax(z):
    p = np.exp(z - z.max(1, keepdims=True))
    return p / p.sum(1, keepdims=True)


@backproof.subject(activations=[*F, "softmax"], losses=["squared", "log", "cross_entropy"],
                   skips=["general-output-delta"], reduction="mean")
def net(case):
    L = len(case.layers)
    name = [l.activation.name for l in case.layers]
    params = {}
    for l, spec in enumerate(case.layers):
        params["w", l] = spec.weights.copy()
        if spec.biases is not None:
            params["b", l] = spec.biases.copy()
    optimizer = SGD(params, lr=case.x.dtype.type(case.learning_rate))

    history = []
    for batch in case.batches:
        n, y = len(batch), case.y[batch]
        z, a = {}, {-1: case.x[batch]}
        for l in range(L):
            z[l] = a[l - 1] @ params["w", l].T
            if ("b", l) in params:
                z[l] = z[l] + params["b", l]
            a[l] = softmax(z[l]) if name[l] == "softmax" else F[name[l]](z[l])
        top = z[L - 1]
        if case.loss == "squared":
            J = (a[L - 1] - y) ** 2
        elif case.loss == "log":
            J = np.maximum(top, 0) - top * y + np.log1p(np.exp(-np.abs(top)))
        else:
            s = top - top.max(1, keepdims=True)
            J = y * (np.log(np.exp(s).sum(1, keepdims=True)) - s)

        d = {L - 1: (a[L - 1] - y) * (2 if case.loss == "squared" else 1) / n}
        for l in range(L - 2, -1, -1):
            d[l] = DF[name[l]](z[l]) * (d[l + 1] @ params["w", l + 1])
        grads = {}
        for l, spec in enumerate(case.layers):
            grads["w", l] = d[l].T @ a[l - 1]
            if spec.mask is not None:
                grads["w", l] *= spec.mask
            if spec.biases is not None:
                grads["b", l] = d[l].sum(0)
        optimizer.step(grads)

        def column(table, kind):
            return [table[kind, l].copy() if (kind, l) in table else None for l in range(L)]

        history.append({"net_inputs": [z[l] for l in range(L)], "activations": [a[l] for l in range(L)],
                        "deltas": [d[l] for l in range(L)], "loss": J.sum() / n,
                        "weight_gradients": column(grads, "w"), "bias_gradients": column(grads, "b"),
                        "weights": column(params, "w"), "biases": column(params, "b")})
    return history
