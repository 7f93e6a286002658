"""Fault: a layer's bias goes into the net input two times, z = W a + 2 b; all that follows is right for that z."""
import numpy as np
import backproof


class Linear:
    def __init__(self, weights, biases, mask):
        self.w = weights.copy()
        self.b = None if biases is None else biases.copy()
        self.mask = mask

    def affine(self, a):
        z = a @ self.w.T
        if self.b is not None:
            z += self.b
        return z

    def forward(self, a):
        self.input = a
        z = self.affine(a)
        if self.b is not None:
            z = z + self.b
        self.z = z
        return z

    def backward(self, delta):
        self.delta = delta
        self.gw = delta.T @ self.input
        if self.mask is not None:
            self.gw[~self.mask] = 0
        self.gb = None if self.b is None else delta.sum(axis=0)
        return delta @ self.w

    def step(self, rate):
        self.w = self.w - rate * self.gw
        if self.b is not None:
            self.b = self.b - rate * self.gb


class Identity:
    def forward(self, z):
        self.a = z.copy()
        return self.a

    def backward(self, g):
        return g


class Sigmoid:
    def forward(self, z):
        e = np.exp(-np.abs(z))
        self.a = np.where(z >= 0, 1, e) / (1 + e)
        self.slope = e / (1 + e) ** 2
        return self.a

    def backward(self, g):
        return g * self.slope


class Tanh:
    def forward(self, z):
        self.a = np.tanh(z)
        return self.a

    def backward(self, g):
        return g * (1 - self.a) * (1 + self.a)


class Relu:
    def forward(self, z):
        self.on = z > 0
        self.a = z * self.on
        return self.a

    def backward(self, g):
        return g * self.on


class Softmax:
    def forward(self, z):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        self.a = e / e.sum(axis=1, keepdims=True)
        return self.a

    def backward(self, g):
        return self.a * (g - (g * self.a).sum(axis=1, keepdims=True))


KINDS = {"identity": Identity, "sigmoid": Sigmoid, "tanh": Tanh, "relu": Relu, "softmax": Softmax}


@backproof.subject(activations=list(KINDS), losses=["squared", "log", "cross_entropy"])
def net(case):
    linear = [Linear(layer.weights, layer.biases, layer.mask) for layer in case.layers]
    active = [KINDS[layer.activation.name]() for layer in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    records = []
    for batch in case.batches:
        h, y = case.x[list(batch)], case.y[list(batch)]
        for lin, act in zip(linear, active):
            h = act.forward(lin.forward(h))
        z = linear[-1].z
        if case.loss == "squared":
            loss = ((h - y) ** 2).sum()
            g = active[-1].backward(2 * (h - y))
        elif case.loss == "log":
            loss = (y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)).sum()
            g = h - y
        else:
            s = z - z.max(axis=1, keepdims=True)
            loss = (y * (np.log(np.exp(s).sum(axis=1, keepdims=True)) - s)).sum()
            g = h - y
        for l in range(len(linear) - 1, -1, -1):
            g = linear[l].backward(g)
            if l > 0:
                g = active[l - 1].backward(g)
        for lin in linear:
            lin.step(rate)
        records.append({"net_inputs": [k.z for k in linear], "activations": [k.a for k in active],
                        "deltas": [k.delta for k in linear], "loss": loss, "weight_gradients": [k.gw for k in linear],
                        "bias_gradients": [k.gb for k in linear], "weights": [k.w for k in linear],
                        "biases": [k.b for k in linear]})
    return records
