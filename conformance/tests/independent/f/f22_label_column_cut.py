"""Fault: the last input column is cut off (as if the table still held the label there), so its weights never learn."""
import numpy as np
import backproof


class Perceptron:
    def __init__(self, case):
        self.dtype = case.x.dtype
        self.par = {}
        self.kind = {}
        self.edges = {}
        for number, layer in enumerate(case.layers, start=1):
            self.par["W%d" % number] = layer.weights.copy()
            if layer.biases is not None:
                self.par["b%d" % number] = layer.biases.copy()
            if layer.mask is not None:
                self.edges["W%d" % number] = layer.mask
            self.kind[number] = layer.activation
        self.depth = len(case.layers)

    def act(self, number, z):
        name, extra = self.kind[number].name, dict(self.kind[number].parameters)
        if name == "identity":
            return z.copy(), np.ones_like(z)
        if name == "relu":
            return z * (z > 0), (z > 0).astype(z.dtype)
        if name == "leaky_relu":
            k = np.where(z > 0, self.dtype.type(1), self.dtype.type(extra["slope"]))
            return k * z, k
        if name == "elu":
            al = self.dtype.type(extra["alpha"])
            low = np.minimum(z, 0)
            return np.where(z > 0, z, al * np.expm1(low)), np.where(z > 0, self.dtype.type(1), al * np.exp(low))
        if name == "tanh":
            a = np.tanh(z)
            return a, 1 - a * a
        if name == "sigmoid":
            e = np.exp(-np.abs(z))
            a = np.where(z >= 0, 1 / (1 + e), e / (1 + e))
            return a, a * (1 - a)
        e = np.exp(z - z.max(1, keepdims=True))
        return e / e.sum(1, keepdims=True), None

    def pass_forward(self, table):
        features = table[:, :-1]
        self.a, self.z, self.slope = {0: features}, {}, {}
        for i in range(1, self.depth + 1):
            w = self.par["W%d" % i]
            z = self.a[i - 1] @ w[:, :self.a[i - 1].shape[1]].T
            if "b%d" % i in self.par:
                z = z + self.par["b%d" % i]
            self.z[i] = z
            self.a[i], self.slope[i] = self.act(i, z)

    def pass_backward(self, y, loss):
        o, d = self.a[self.depth], {}
        if loss == "squared":
            g = 2 * (o - y)
            last = g * self.slope[self.depth] if self.slope[self.depth] is not None \
                else o * (g - np.sum(g * o, axis=1, keepdims=True))
        else:
            last = o - y
        d[self.depth] = last
        for i in range(self.depth - 1, 0, -1):
            d[i] = self.slope[i] * (d[i + 1] @ self.par["W%d" % (i + 1)])
        self.grad = {key: np.zeros_like(value) for key, value in self.par.items()}
        for i in d:
            g = d[i].T @ self.a[i - 1]
            self.grad["W%d" % i][:, :g.shape[1]] = g
            if "W%d" % i in self.edges:
                self.grad["W%d" % i][~self.edges["W%d" % i]] = 0
            if "b%d" % i in self.par:
                self.grad["b%d" % i][:] = d[i].sum(0)
        self.d = d

    def step(self, rate):
        for key in self.par:
            self.par[key] = self.par[key] - self.dtype.type(rate) * self.grad[key]


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    p, shown = Perceptron(case), []
    span = range(1, p.depth + 1)
    for batch in case.batches:
        index = np.array(batch, dtype=int)
        p.pass_forward(case.x[index])
        p.pass_backward(case.y[index], case.loss)
        p.step(case.learning_rate)
        shown.append({
            "net_inputs": [p.z[i] for i in span],
            "activations": [p.a[i] for i in span],
            "deltas": [p.d[i] for i in span],
            "weight_gradients": [p.grad["W%d" % i] for i in span],
            "bias_gradients": [p.grad.get("b%d" % i) for i in span],
            "weights": [p.par["W%d" % i] for i in span],
            "biases": [p.par.get("b%d" % i) for i in span],
        })
    return shown
