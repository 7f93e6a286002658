"""Fault: the leaky rectifier takes its parameter upside down, so negative net inputs are multiplied by 1/slope (enlarged), forward and backward alike."""
import numpy as np
import backproof


class Dense:
    def __init__(self, spec):
        self.W = spec.weights.copy()
        self.b = None if spec.biases is None else spec.biases.copy()
        self.mask = spec.mask

    def forward(self, a):
        self.a = a
        self.z = a @ self.W.T
        if self.b is not None:
            self.z = self.z + self.b
        return self.z

    def backward(self, delta):
        self.gW = delta.T @ self.a
        if self.mask is not None:
            self.gW = np.where(self.mask, self.gW, 0).astype(self.gW.dtype)
        self.gb = None if self.b is None else delta.sum(axis=0)
        return delta @ self.W

    def step(self, rate):
        self.W = self.W - rate * self.gW
        if self.b is not None:
            self.b = self.b - rate * self.gb


class Identity:
    def __init__(self, **_):
        pass

    def forward(self, z):
        self.z = z
        self.a = self.value(z)
        return self.a

    def backward(self, up):
        return up * self.slope_at(self.z)

    value = staticmethod(np.copy)
    slope_at = staticmethod(np.ones_like)


class Tanh(Identity):
    def value(self, z):
        return np.tanh(z)

    def slope_at(self, z):
        return (1 - self.a) * (1 + self.a)


class Sigmoid(Identity):
    def value(self, z):
        t = np.exp(-abs(z))
        return np.where(z < 0, t, 1) / (1 + t)

    def slope_at(self, z):
        return self.a * self.value(-z)


class ReLU(Identity):
    def value(self, z):
        return np.where(z > 0, z, 0).astype(z.dtype)

    def slope_at(self, z):
        return np.where(z > 0, 1, 0).astype(z.dtype)


class LeakyReLU(Identity):
    def __init__(self, slope):
        self.leak = 1.0 / slope

    def value(self, z):
        return np.where(z > 0, z, self.leak * z)

    def slope_at(self, z):
        return np.where(z > 0, 1.0, self.leak).astype(z.dtype)


class ELU(Identity):
    def __init__(self, alpha):
        self.alpha = alpha

    def value(self, z):
        return np.where(z > 0, z, self.alpha * np.expm1(np.minimum(z, 0)))

    def slope_at(self, z):
        return np.where(z > 0, 1, self.alpha * np.exp(np.minimum(z, 0))).astype(z.dtype)


class Softmax(Identity):
    def value(self, z):
        p = np.exp(z - z.max(1, keepdims=True))
        return p / p.sum(1, keepdims=True)

    def backward(self, up):
        return self.a * (up - (up * self.a).sum(1, keepdims=True))


KINDS = {"identity": Identity, "tanh": Tanh, "sigmoid": Sigmoid, "relu": ReLU,
         "leaky_relu": LeakyReLU, "elu": ELU, "softmax": Softmax}


def criterion(name, act, z, o, y):
    """The loss and the delta of the output layer."""
    if name == "log":
        return (np.logaddexp(0, z) - y * z).sum(), o - y
    if name == "cross_entropy":
        m = z.max(1, keepdims=True)
        return (y * (m + np.log(np.exp(z - m).sum(1, keepdims=True)) - z)).sum(), o - y
    return np.square(y - o).sum(), act.backward(2 * (o - y))


@backproof.subject(activations=list(KINDS), losses=["squared", "log", "cross_entropy"])
def net(case):
    stack = [(Dense(s), KINDS[s.activation.name](**dict(s.activation.parameters))) for s in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    told = []
    for batch in case.batches:
        a, y = case.x[list(batch)], case.y[list(batch)]
        for dense, act in stack:
            a = act.forward(dense.forward(a))
        dense, act = stack[-1]
        loss, delta = criterion(case.loss, act, dense.z, a, y)
        deltas = [delta]
        for (dense, _), (_, below) in zip(stack[:0:-1], stack[-2::-1]):
            delta = below.backward(dense.backward(delta))
            deltas.append(delta)
        stack[0][0].backward(delta)
        for dense, _ in stack:
            dense.step(rate)
        told.append(dict(net_inputs=[d.z for d, _ in stack], activations=[f.a for _, f in stack],
                         deltas=deltas[::-1], loss=loss,
                         weight_gradients=[d.gW for d, _ in stack], bias_gradients=[d.gb for d, _ in stack],
                         weights=[d.W for d, _ in stack], biases=[d.b for d, _ in stack]))
    return told
