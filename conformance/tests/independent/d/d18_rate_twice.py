"""The learning rate is applied twice."""

import numpy as np

import backproof


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def unpack(theta, shapes):
    at, out = 0, []
    for rows, cols in shapes:
        out.append(theta[at:at + rows * cols].reshape(rows, cols))
        at += rows * cols
    return out


@backproof.subject(
    activations=["sigmoid", "tanh", "relu", "identity"],
    losses=["squared", "log"],
    skips=["no-biases", "masked", "partial-batch"],
)
def net(case):
    # one matrix [W | b] a layer, and all of them in one vector
    theta = np.concatenate([np.column_stack([l.weights, l.biases]).ravel() for l in case.layers])
    shapes = [(l.weights.shape[0], l.weights.shape[1] + 1) for l in case.layers]
    names = [l.activation.name for l in case.layers]
    rate = theta.dtype.type(case.learning_rate)

    def gradient(theta, x, y):
        mats, ins, a = unpack(theta, shapes), [], x
        outs = []
        for m, name in zip(mats, names):
            ins.append(np.column_stack([a, np.ones(len(a), a.dtype)]))
            z = ins[-1] @ m.T
            a = {"sigmoid": sigmoid, "tanh": np.tanh, "relu": lambda v: np.maximum(v, 0), "identity": np.array}[name](z)
            outs.append(a)

        def f(i):
            o = outs[i]
            return {"sigmoid": o * (1 - o), "tanh": 1 - o * o, "relu": (o > 0).astype(o.dtype), "identity": 1}[names[i]]

        d = a - y if case.loss == "log" else 2 * (a - y) * f(-1)
        parts = []
        for i in reversed(range(len(mats))):
            parts.append((d.T @ ins[i]).ravel())
            if i:
                d = (d @ mats[i][:, :-1]) * f(i - 1)
        return rate * np.concatenate(parts[::-1])

    shown = []
    for batch in case.batches:
        theta = theta - rate * gradient(theta, case.x[list(batch)], case.y[list(batch)])
        mats = unpack(theta, shapes)
        shown.append({"weights": [m[:, :-1] for m in mats], "biases": [m[:, -1] for m in mats]})
    return shown
