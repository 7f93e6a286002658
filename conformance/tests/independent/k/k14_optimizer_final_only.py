"""Fault: the optimizer keeps a momentum of 0.9, so from the second update on every step contains what is left of the steps before it."""
import numpy as np
import backproof


class SGD:
    momentum = 0.9

    def __init__(self, parameters, rate):
        self.parameters, self.rate = parameters, rate
        self.velocity = [np.zeros_like(p) for p in parameters]

    def step(self, gradients):
        for p, v, g in zip(self.parameters, self.velocity, gradients):
            v *= self.momentum
            v += g
            p -= self.rate * v


class MLP:
    def __init__(self, case):
        self.layers = case.layers
        self.loss = case.loss
        self.W = [l.weights.copy() for l in case.layers]
        self.b = [None if l.biases is None else l.biases.copy() for l in case.layers]

    def parameters(self):
        return self.W + [b for b in self.b if b is not None]

    @staticmethod
    def logistic(z):
        e = np.exp(-np.abs(z))
        return np.where(z >= 0, 1, e) / (1 + e)

    def act(self, l, z):
        name = self.layers[l].activation.name
        par = dict(self.layers[l].activation.parameters)
        if name == "softmax":
            e = np.exp(z - z.max(axis=1, keepdims=True))
            return e / e.sum(axis=1, keepdims=True), None
        if name == "sigmoid":
            return self.logistic(z), self.logistic(z) * self.logistic(-z)
        if name == "tanh":
            return np.tanh(z), 1 - np.tanh(z) ** 2
        if name == "relu":
            return np.maximum(z, 0), (z > 0).astype(z.dtype)
        if name == "leaky_relu":
            s = np.where(z > 0, 1, par["slope"]).astype(z.dtype)
            return z * s, s
        if name == "elu":
            e = par["alpha"] * np.expm1(np.minimum(z, 0))
            return np.where(z > 0, z, e), np.where(z > 0, 1, e + par["alpha"]).astype(z.dtype)
        if name == "softplus":
            return np.logaddexp(0, z), self.logistic(z)
        return z.copy(), np.ones_like(z)

    def gradients(self, x, y):
        inputs, slopes, a = [], [], x
        for l, (W, b) in enumerate(zip(self.W, self.b)):
            inputs.append(a)
            z = a @ W.T
            if b is not None:
                z += b
            a, s = self.act(l, z)
            slopes.append(s)
        if self.loss == "squared":
            g = 2 * (a - y)
            d = a * (g - (g * a).sum(axis=1, keepdims=True)) if slopes[-1] is None else g * slopes[-1]
        else:
            d = a - y
        gW, gb = [], []
        for l in reversed(range(len(self.W))):
            g = d.T @ inputs[l]
            gW.insert(0, g if self.layers[l].mask is None else g * self.layers[l].mask)
            if self.b[l] is not None:
                gb.insert(0, d.sum(axis=0))
            if l:
                d = (d @ self.W[l]) * slopes[l - 1]
        return gW + gb


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], loss_at="none")
def net(case):
    model = MLP(case)
    optimizer = SGD(model.parameters(), case.x.dtype.type(case.learning_rate))
    for batch in case.batches:
        optimizer.step(model.gradients(case.x[list(batch)], case.y[list(batch)]))
    return {"final": {"weights": model.W, "biases": model.b}}
