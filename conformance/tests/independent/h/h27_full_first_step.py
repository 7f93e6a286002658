"""Fault: the first layer takes the whole gradient as its step, the learning rate is missing there (weights and biases
of layer 1); all other layers use it."""
import numpy as np
import backproof


class Dense:
    def __init__(self, spec):
        self.w = spec.weights.copy()
        self.b = None if spec.biases is None else spec.biases.copy()
        self.mask = spec.mask

    def forward(self, x):
        self.x = x
        self.z = x @ self.w.T if self.b is None else x @ self.w.T + self.b
        return self.z

    def backward(self, d):
        self.d = d
        self.gw = d.T @ self.x
        if self.mask is not None:
            self.gw[~self.mask] = 0
        self.gb = None if self.b is None else d.sum(axis=0)
        return d @ self.w

    def step(self, size):
        self.w = self.w - size * self.gw
        if self.b is not None:
            self.b = self.b - size * self.gb


class Act:
    def __init__(self, spec):
        self.name = spec.activation.name
        self.p = {k: v for k, v in dict(spec.activation.parameters).items()}

    def forward(self, z):
        self.z = z
        if self.name == "sigmoid":
            self.a = np.exp(np.minimum(z, 0)) / (1 + np.exp(-np.abs(z)))
        elif self.name == "tanh":
            self.a = np.tanh(z)
        elif self.name == "relu":
            self.a = np.maximum(z, 0)
        elif self.name == "elu":
            self.a = np.where(z > 0, z, z.dtype.type(self.p["alpha"]) * np.expm1(np.minimum(z, 0)))
        elif self.name == "softmax":
            e = np.exp(z - z.max(axis=1, keepdims=True))
            self.a = e / e.sum(axis=1, keepdims=True)
        else:
            self.a = z
        return self.a

    def backward(self, g):
        z, a = self.z, self.a
        if self.name == "sigmoid":
            e = np.exp(-np.abs(z))
            return g * (e / (1 + e) ** 2)
        if self.name == "tanh":
            return g * (1 - a * a)
        if self.name == "relu":
            return g * (z > 0)
        if self.name == "elu":
            return g * np.where(z > 0, z.dtype.type(1), z.dtype.type(self.p["alpha"]) * np.exp(np.minimum(z, 0)))
        if self.name == "softmax":
            return a * (g - (g * a).sum(axis=1, keepdims=True))
        return g


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "elu", "softmax"],
                   losses=["squared", "log", "cross_entropy"], reduction="mean")
def net(case):
    dense = [Dense(s) for s in case.layers]
    acts = [Act(s) for s in case.layers]
    eta = case.x.dtype.type(case.learning_rate)
    reports = []
    for batch in case.batches:
        a, y, n = case.x[batch], case.y[batch], len(batch)
        for layer, act in zip(dense, acts):
            a = act.forward(layer.forward(a))
        z = acts[-1].z
        if case.loss == "squared":
            loss = ((y - a) ** 2).sum() / n
            d = acts[-1].backward(2 * (a - y) / n)
        elif case.loss == "log":
            loss = (np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))).sum() / n
            d = (a - y) / n
        else:
            s = z - z.max(axis=1, keepdims=True)
            loss = -(y * (s - np.log(np.exp(s).sum(axis=1, keepdims=True)))).sum() / n
            d = (a - y) / n
        for k in range(len(dense) - 1, -1, -1):
            g = dense[k].backward(d)
            if k > 0:
                d = acts[k - 1].backward(g)
        dense[0].step(1)
        for layer in dense[1:]:
            layer.step(eta)
        reports.append({"net_inputs": [q.z for q in acts], "activations": [q.a for q in acts],
                        "deltas": [q.d for q in dense], "loss": loss, "weight_gradients": [q.gw for q in dense],
                        "bias_gradients": [q.gb for q in dense], "weights": [q.w for q in dense],
                        "biases": [q.b for q in dense]})
    return reports
