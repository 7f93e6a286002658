"""Fault: the network is thought to have one activation: that of the output layer. Its derivative is used in all
hidden layers too (at their own net inputs), whatever activation they really have."""
import numpy as np
import backproof


class Act:
    def __init__(self, spec):
        self.name = spec.name
        self.par = dict(spec.parameters)

    @staticmethod
    def _s(z):
        e = np.exp(-np.abs(z))
        return np.where(z >= 0, 1, e) / (1 + e)

    def __call__(self, z):
        return getattr(self, "f_" + self.name)(z)

    def prime(self, z):
        return getattr(self, "d_" + self.name)(z)

    def f_identity(self, z): return z
    def d_identity(self, z): return np.ones_like(z)
    def f_sigmoid(self, z): return self._s(z)
    def d_sigmoid(self, z): return self._s(z) * self._s(-z)
    def f_tanh(self, z): return np.tanh(z)
    def d_tanh(self, z): return 1 - np.tanh(z) ** 2
    def f_relu(self, z): return np.maximum(z, 0)
    def d_relu(self, z): return (z > 0).astype(z.dtype)
    def f_softplus(self, z): return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
    def d_softplus(self, z): return self._s(z)
    def f_leaky_relu(self, z): return np.where(z > 0, z, self.par["slope"] * z)
    def d_leaky_relu(self, z): return np.where(z > 0, np.ones_like(z), self.par["slope"])
    def f_elu(self, z): return np.where(z > 0, z, self.par["alpha"] * np.expm1(np.minimum(z, 0)))
    def d_elu(self, z): return np.where(z > 0, np.ones_like(z), self.par["alpha"] * np.exp(np.minimum(z, 0)))


class MLP:
    def __init__(self, case):
        self.acts = [Act(l.activation) for l in case.layers]
        self.dact = self.acts[-1].prime
        self.w = [l.weights.copy() for l in case.layers]
        self.b = [None if l.biases is None else l.biases.copy() for l in case.layers]
        self.mask = [l.mask for l in case.layers]
        self.loss = case.loss

    def predict(self, x):
        self.z, self.a = [], [x]
        for act, w, b in zip(self.acts, self.w, self.b):
            z = self.a[-1] @ w.T
            z = z if b is None else z + b
            self.z.append(z)
            self.a.append(act(z))
        return self.a[-1]

    def error(self, y):
        z, o = self.z[-1], self.a[-1]
        if self.loss == "squared":
            return ((o - y) ** 2).sum() / 2
        return (np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))).sum()

    def backprop(self, y):
        d = self.a[-1] - y
        if self.loss == "squared":
            d = d * self.dact(self.z[-1])
        self.d = [d]
        for w, z in zip(self.w[:0:-1], self.z[-2::-1]):
            d = self.dact(z) * (d @ w)
            self.d.append(d)
        self.d.reverse()
        self.gw = [d.T @ a if m is None else (d.T @ a) * m for d, a, m in zip(self.d, self.a, self.mask)]
        self.gb = [None if b is None else d.sum(axis=0) for d, b in zip(self.d, self.b)]

    def step(self, lr):
        self.w = [w - lr * g for w, g in zip(self.w, self.gw)]
        self.b = [None if b is None else b - lr * g for b, g in zip(self.b, self.gb)]


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "leaky_relu", "elu"],
                   losses=["squared", "log"], loss_factor=0.5)
def net(case):
    mlp, pages = MLP(case), []
    for batch in case.batches:
        x, y = case.x[list(batch)], case.y[list(batch)]
        mlp.predict(x)
        mlp.backprop(y)
        page = {"net_inputs": mlp.z, "activations": mlp.a[1:], "deltas": mlp.d, "loss": mlp.error(y),
                "weight_gradients": mlp.gw, "bias_gradients": mlp.gb}
        mlp.step(case.x.dtype.type(case.learning_rate))
        pages.append({**page, "weights": mlp.w, "biases": mlp.b})
    return pages
