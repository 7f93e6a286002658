"""Fault: after each update the new weights are stored through bfloat16, so that steps below its spacing vanish (biases
keep the full precision)."""
import numpy as np
import backproof


def through_bf16(a):
    u = a.astype(np.float32).view(np.uint32).astype(np.uint64)
    u = (u + 0x7FFF + ((u >> 16) & 1)) >> 16 << 16
    return u.astype(np.uint32).view(np.float32).astype(a.dtype)


class Net:
    def __init__(self, case):
        self.w = [l.weights.copy(order="C") for l in case.layers]
        self.b = [None if l.biases is None else l.biases.copy() for l in case.layers]
        self.m = [l.mask for l in case.layers]
        self.f = [l.activation.name for l in case.layers]
        self.loss_name = case.loss
        self.rate = case.x.dtype.type(case.learning_rate)

    def act(self, name, z):
        if name == "sigmoid":
            return np.exp(-np.logaddexp(0, -z))
        if name == "tanh":
            return np.tanh(z)
        if name == "relu":
            return z.clip(min=0)
        if name == "softmax":
            z = z - z.max(1)[:, None]
            return np.exp(z) / np.exp(z).sum(1)[:, None]
        return z

    def forward(self, x):
        self.a = [x]
        self.z = []
        for w, b, f in zip(self.w, self.b, self.f):
            z = self.a[-1] @ w.T
            if b is not None:
                z += b
            self.z.append(z)
            self.a.append(self.act(f, z))

    def loss(self, y):
        z, o = self.z[-1], self.a[-1]
        if self.loss_name == "squared":
            return ((y - o) ** 2).sum()
        if self.loss_name == "log":
            return (np.logaddexp(0, z) - y * z).sum()
        s = z - z.max(1)[:, None]
        return (y * (np.log(np.exp(s).sum(1))[:, None] - s)).sum()

    def backward(self, y):
        d = self.a[-1] - y
        if self.loss_name == "squared":
            d = d + d
        self.gw, self.gb = [None] * len(self.w), [None] * len(self.w)
        for l in reversed(range(len(self.w))):
            self.gw[l] = d.T @ self.a[l]
            if self.m[l] is not None:
                self.gw[l] *= self.m[l]
            if self.b[l] is not None:
                self.gb[l] = d.sum(0)
            if l:
                a = self.a[l]
                d = d @ self.w[l]
                if self.f[l - 1] == "sigmoid":
                    d *= a * (1 - a)
                elif self.f[l - 1] == "tanh":
                    d *= 1 - a * a
                elif self.f[l - 1] == "relu":
                    d[a <= 0] = 0

    def update(self):
        for l in range(len(self.w)):
            self.w[l] = through_bf16(self.w[l] - self.rate * self.gw[l])
            if self.b[l] is not None:
                self.b[l] = self.b[l] - self.rate * self.gb[l]


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"])
def net(case):
    m, out = Net(case), []
    for batch in case.batches:
        m.forward(case.x[batch])
        e = m.loss(case.y[batch])
        m.backward(case.y[batch])
        m.update()
        out.append(dict(loss=e, weight_gradients=m.gw, bias_gradients=m.gb, weights=m.w[:], biases=m.b[:]))
    return out
