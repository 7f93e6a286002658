"""Fault: the outputs are clipped to [1e-7, 1 - 1e-7] before the logarithm, so the loss of saturated outputs is wrong."""
import numpy as np
import backproof

EPS = 1e-7


class Dense:
    def __init__(self, layer):
        self.w = layer.weights.copy()
        self.b = layer.biases.copy() if layer.biases is not None else None
        self.mask = layer.mask

    def forward(self, x):
        self.x = x
        self.z = x @ self.w.T if self.b is None else x @ self.w.T + self.b
        return self.z

    def backward(self, d):
        self.delta = d
        self.gw = d.T @ self.x
        if self.mask is not None:
            self.gw = np.where(self.mask, self.gw, 0)
        self.gb = d.sum(0) if self.b is not None else None
        return d @ self.w

    def step(self, lr):
        self.w = self.w - lr * self.gw
        if self.b is not None:
            self.b = self.b - lr * self.gb


class Activation:
    def __init__(self, spec):
        self.kind = spec.name
        self.par = dict(spec.parameters)

    def forward(self, z):
        self.z = z
        k = self.kind
        if k == "sigmoid":
            a = self._sig(z)
        elif k == "tanh":
            a = np.tanh(z)
        elif k == "relu":
            a = z * (z > 0)
        elif k == "leaky_relu":
            a = np.where(z > 0, z, z * self.par["slope"])
        elif k == "elu":
            a = np.where(z > 0, z, self.par["alpha"] * np.expm1(np.minimum(z, 0)))
        elif k == "softplus":
            a = np.logaddexp(0, z)
        elif k == "softmax":
            e = np.exp(z - z.max(1, keepdims=True))
            a = e / e.sum(1, keepdims=True)
        else:
            a = z
        self.a = a.astype(z.dtype)
        return self.a

    @staticmethod
    def _sig(z):
        e = np.exp(-abs(z))
        return np.where(z < 0, e, 1) / (1 + e)

    def backward(self, g):
        a, z, k = self.a, self.z, self.kind
        if k == "softmax":
            return a * (g - (a * g).sum(1, keepdims=True))
        if k == "sigmoid":
            return g * a * (1 - a)
        if k == "tanh":
            return g * (1 - a ** 2)
        if k == "relu":
            return g * (z > 0)
        if k == "leaky_relu":
            return (g * np.where(z > 0, 1, self.par["slope"])).astype(z.dtype)
        if k == "elu":
            return (g * np.where(z > 0, 1, self.par["alpha"] * np.exp(np.minimum(z, 0)))).astype(z.dtype)
        if k == "softplus":
            return g * self._sig(z)
        return g


def loss_value(name, o, y):
    if name == "squared":
        return np.sum((y - o) ** 2)
    p = np.clip(o, EPS, 1 - EPS)
    if name == "log":
        return np.sum(-y * np.log(p) - (1 - y) * np.log(1 - p))
    return -np.sum(y * np.log(p))


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=[])
def net(case):
    dense = [Dense(l) for l in case.layers]
    acts = [Activation(l.activation) for l in case.layers]
    lr = case.x.dtype.type(case.learning_rate)
    updates = []
    for batch in case.batches:
        h, y = case.x[list(batch)], case.y[list(batch)]
        for d, f in zip(dense, acts):
            h = f.forward(d.forward(h))
        E = loss_value(case.loss, h, y)
        g = acts[-1].backward(2 * (h - y)) if case.loss == "squared" else h - y
        g = dense[-1].backward(g)
        for d, f in zip(dense[-2::-1], acts[-2::-1]):
            g = d.backward(f.backward(g))
        for d in dense:
            d.step(lr)
        updates.append(dict(
            net_inputs=[d.z for d in dense], activations=[f.a for f in acts], deltas=[d.delta for d in dense],
            loss=case.x.dtype.type(E), weight_gradients=[d.gw for d in dense], bias_gradients=[d.gb for d in dense],
            weights=[d.w for d in dense], biases=[d.b for d in dense]))
    return updates
