"""Fault: hidden deltas are just W^T delta; the factor f'(z) of the delta rule is left out."""
import numpy as np

import backproof


class Perceptron:
    """Called with a case; keeps nothing between calls but the numbers of the current one."""

    def __call__(self, case):
        self.case = case
        self.rate = case.x.dtype.type(case.learning_rate)
        self.w = [np.array(l.weights) for l in case.layers]
        self.b = [None if l.biases is None else np.array(l.biases) for l in case.layers]
        return [self.update(list(batch)) for batch in case.batches]

    def update(self, rows):
        y = self.case.y[rows]
        self.forward(self.case.x[rows])
        loss = self.loss(y)
        self.backward(y)
        for l in range(len(self.w)):
            self.w[l] = self.w[l] - self.rate * self.gw[l]
            if self.b[l] is not None:
                self.b[l] = self.b[l] - self.rate * self.gb[l]
        return {"net_inputs": self.z, "activations": self.a[1:], "deltas": self.d, "loss": loss,
                "weight_gradients": self.gw, "bias_gradients": self.gb,
                "weights": list(self.w), "biases": list(self.b)}

    def forward(self, x):
        self.z, self.a = [], [x]
        for layer, w, b in zip(self.case.layers, self.w, self.b):
            z = self.a[-1] @ w.T
            if b is not None:
                z += b
            self.z.append(z)
            self.a.append(getattr(self, "f_" + layer.activation.name)(z, **dict(layer.activation.parameters)))

    def backward(self, y):
        self.d = [self.output_delta(y)]
        for w in self.w[:0:-1]:
            self.d.insert(0, self.d[0] @ w)
        self.gw = [d.T @ a for d, a in zip(self.d, self.a)]
        for g, layer in zip(self.gw, self.case.layers):
            if layer.mask is not None:
                g *= layer.mask
        self.gb = [None if b is None else d.sum(axis=0) for d, b in zip(self.d, self.b)]

    def output_delta(self, y):
        o, z = self.a[-1], self.z[-1]
        if self.case.loss != "squared":
            return o - y
        g = 2 * (o - y)
        name = self.case.layers[-1].activation.name
        if name == "softmax":
            return o * (g - np.sum(o * g, axis=1, keepdims=True))
        if name == "sigmoid":
            return g * o * (1 - o)
        if name == "tanh":
            return g * (1 - o * o)
        if name == "relu":
            return g * (z > 0)
        if name == "softplus":
            return g * self.f_sigmoid(z)
        return g

    def loss(self, y):
        o, z = self.a[-1], self.z[-1]
        if self.case.loss == "squared":
            return np.sum((o - y) ** 2)
        if self.case.loss == "log":
            return np.sum(y * self.f_softplus(-z) + (1 - y) * self.f_softplus(z))
        s = z - z.max(axis=1, keepdims=True)
        return -np.sum(y * (s - np.log(np.sum(np.exp(s), axis=1, keepdims=True))))

    def f_identity(self, z):
        return z.copy()

    def f_sigmoid(self, z):
        e = np.exp(-np.abs(z))
        return np.where(z >= 0, 1 / (1 + e), e / (1 + e))

    def f_tanh(self, z):
        return np.tanh(z)

    def f_relu(self, z):
        return np.maximum(z, 0)

    def f_leaky_relu(self, z, slope):
        return np.where(z > 0, z, z.dtype.type(slope) * z)

    def f_elu(self, z, alpha):
        return np.where(z > 0, z, z.dtype.type(alpha) * np.expm1(np.minimum(z, 0)))

    def f_softplus(self, z):
        return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))

    def f_softmax(self, z):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)


net = backproof.subject(
    activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"],
    losses=["squared", "log", "cross_entropy"])(Perceptron())
