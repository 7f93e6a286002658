"""Fault: momentum is left on."""
import numpy as np
import backproof


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


class SGD:
    def __init__(self, params, rate, momentum=0.9):
        self.params, self.rate, self.momentum = params, rate, momentum
        self.velocity = {k: np.zeros_like(p) for k, p in params.items()}

    def step(self, grads):
        for k, g in grads.items():
            self.velocity[k] = self.momentum * self.velocity[k] + g
            self.params[k] = self.params[k] - self.rate * self.velocity[k]


def act(name, z):
    if name == "relu":
        return np.maximum(z, 0), (z > 0).astype(z.dtype)
    if name == "softplus":
        return np.logaddexp(0, z), sigmoid(z)
    if name == "sigmoid":
        return sigmoid(z), sigmoid(z) * sigmoid(-z)
    return z, np.ones_like(z)


@backproof.subject(activations=["relu", "softplus", "sigmoid", "identity"], losses=["squared", "log"])
def net(case):
    params = {}
    for l, layer in enumerate(case.layers):
        params["w", l] = layer.weights
        if layer.biases is not None:
            params["b", l] = layer.biases
    optimizer = SGD(params, case.x.dtype.type(case.learning_rate))
    L, out = len(case.layers), []
    for batch in case.batches:
        a, slopes = [case.x[list(batch)]], []
        for l, layer in enumerate(case.layers):
            z = a[l] @ params["w", l].T
            if ("b", l) in params:
                z = z + params["b", l]
            value, slope = act(layer.activation.name, z)
            a.append(value)
            slopes.append(slope)
        d = a[-1] - case.y[list(batch)]
        if case.loss == "squared":
            d = 2 * d * slopes[-1]
        grads = {}
        for l in range(L - 1, -1, -1):
            mask = case.layers[l].mask
            grads["w", l] = d.T @ a[l] if mask is None else (d.T @ a[l]) * mask
            if ("b", l) in params:
                grads["b", l] = d.sum(axis=0)
            if l:
                d = (d @ params["w", l]) * slopes[l - 1]
        optimizer.step(grads)
        row = lambda table, kind: [table.get((kind, l)) for l in range(L)]
        out.append({"weight_gradients": row(grads, "w"), "bias_gradients": row(grads, "b"),
                    "weights": row(params, "w"), "biases": row(params, "b")})
    return out
