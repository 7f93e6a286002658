"""Fault: the last column of each weight matrix gets no gradient."""
import numpy as np
import backproof


class Layer:
    def __init__(self, spec, below=None):
        self.spec, self.below = spec, below
        self.w, self.b = spec.weights, spec.biases
        self.name = spec.activation.name

    def output(self, x):
        self.inp = x if self.below is None else self.below.output(x)
        self.z = np.einsum("sj,ij->si", self.inp, self.w)
        if self.b is not None:
            self.z += self.b
        self.a = self.squash()
        return self.a

    def squash(self):
        z = self.z
        if self.name == "relu":
            return np.where(z > 0, z, 0 * z)
        if self.name == "tanh":
            return np.tanh(z)
        if self.name == "sigmoid":
            t = np.exp(-np.abs(z))
            return np.where(z >= 0, 1 / (1 + t), t / (1 + t))
        if self.name == "softmax":
            t = np.exp(z - z.max(axis=1, keepdims=True))
            return t / t.sum(axis=1, keepdims=True)
        return z

    def pull(self, g):
        """dE/dz from dE/da."""
        if self.name == "relu":
            return g * (self.z > 0)
        if self.name == "tanh":
            return g * (1 - self.a ** 2)
        if self.name == "sigmoid":
            return g * self.a * (1 - self.a)
        if self.name == "softmax":
            return self.a * (g - np.einsum("si,si->s", self.a, g)[:, None])
        return g

    def learn(self, delta, rate):
        grad = np.zeros_like(self.w)
        for j in range(self.w.shape[1] - 1):
            grad[:, j] = self.inp[:, j] @ delta
        if self.below is not None:
            self.below.learn(self.below.pull(delta @ self.w), rate)
        if self.spec.mask is not None:
            grad[~self.spec.mask] = 0
        self.w = self.w - rate * grad
        if self.b is not None:
            self.b = self.b - rate * delta.sum(axis=0)

    def chain(self):
        return ([] if self.below is None else self.below.chain()) + [self]


@backproof.subject(activations=["relu", "tanh", "sigmoid", "softmax", "identity"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    head = None
    for spec in case.layers:
        head = Layer(spec, head)
    seen = []
    for batch in case.batches:
        i = list(batch)
        miss = head.output(case.x[i]) - case.y[i]
        head.learn(head.pull(2 * miss) if case.loss == "squared" else miss, case.x.dtype.type(case.learning_rate))
        seen.append({"weights": [l.w for l in head.chain()], "biases": [l.b for l in head.chain()]})
    return seen
