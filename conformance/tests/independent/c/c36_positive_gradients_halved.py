"""Fault: the step is halved wherever the gradient is positive."""
import numpy as np
import backproof


def logistic(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


class Tape(list):
    def play(self, g):
        for pull in reversed(self):
            g = pull(g)
        return g


@backproof.subject(activations=["sigmoid", "tanh", "leaky_relu", "identity"], losses=["squared", "log"],
                   skips=["saturated-output"])
def net(case):
    T = case.x.dtype.type
    params = {}
    for k, l in enumerate(case.layers):
        params["w", k] = l.weights
        if l.biases is not None:
            params["b", k] = l.biases
    records = []
    for batch in case.batches:
        grads, tape, h = {}, Tape(), case.x[list(batch)]
        last = len(case.layers) - 1
        for k, l in enumerate(case.layers):
            def linear(g, k=k, x=h, mask=l.mask):
                grads["w", k] = g.T @ x if mask is None else (g.T @ x) * mask
                if ("b", k) in params:
                    grads["b", k] = g.sum(axis=0)
                return g @ params["w", k]
            tape.append(linear)
            z = h @ params["w", k].T
            if ("b", k) in params:
                z = z + params["b", k]
            if l.activation.name == "sigmoid":
                h = logistic(z)
                s = h * (1 - h)
            elif l.activation.name == "tanh":
                h = np.tanh(z)
                s = 1 - h * h
            elif l.activation.name == "leaky_relu":
                leak = T(dict(l.activation.parameters).popitem()[1])
                s = np.where(z > 0, T(1), leak)
                h = s * z
            else:
                h, s = z, np.ones_like(z)
            if k < last or case.loss == "squared":
                tape.append(lambda g, s=s: g * s)
        miss = h - case.y[list(batch)]
        tape.play(miss if case.loss == "log" else 2 * miss)
        for key, g in grads.items():
            params[key] = params[key] - T(case.learning_rate) * np.where(g > 0, g / 2, g)
        records.append({"weights": [params["w", k] for k in range(last + 1)],
                        "biases": [params.get(("b", k)) for k in range(last + 1)]})
    return records
