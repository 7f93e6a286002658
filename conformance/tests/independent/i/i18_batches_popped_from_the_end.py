"""Fault: the batches are put on a list and taken off with pop(), which takes the last one first: the updates see the
batches in the reverse of their order."""
import numpy as np
import backproof


def sig(z):
    return np.exp(np.where(z < 0, z, 0)) / (1 + np.exp(-np.abs(z)))


def fwd(kind, z):
    match kind:
        case "sigmoid":
            return sig(z)
        case "tanh":
            return np.tanh(z)
        case "relu":
            return np.where(z > 0, z, 0)
        case "softmax":
            e = np.exp(z - z.max(-1, keepdims=True))
            return e / e.sum(-1, keepdims=True)
        case _:
            return z


def bwd(kind, a, g):
    match kind:
        case "sigmoid":
            return g * a * (1 - a)
        case "tanh":
            return g * (1 - a * a)
        case "relu":
            return g * (a > 0)
        case "softmax":
            return a * (g - (a * g).sum(-1, keepdims=True))
        case _:
            return g


def measure(loss, z, o, y):
    match loss:
        case "squared":
            return ((o - y) ** 2).sum()
        case "log":
            return (y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)).sum()
        case _:
            z = z - z.max(-1, keepdims=True)
            return (y * (np.log(np.exp(z).sum(-1, keepdims=True)) - z)).sum()


class Net:
    def __init__(self, case):
        self.case = case
        self.kinds = [l.activation.name for l in case.layers]
        self.w = [l.weights.copy() for l in case.layers]
        self.b = [None if l.biases is None else l.biases.copy() for l in case.layers]
        self.queue = [list(b) for b in case.batches]

    def update(self):
        rows = self.queue.pop()
        y = self.case.y[rows]
        a = [self.case.x[rows]]
        for w, b, kind in zip(self.w, self.b, self.kinds):
            z = a[-1] @ w.T
            z = z if b is None else z + b
            a.append(fwd(kind, z))
        loss = measure(self.case.loss, z, a[-1], y)
        d = a[-1] - y
        if self.case.loss == "squared":
            d = bwd(self.kinds[-1], a[-1], 2 * d)
        gw, gb = [], []
        for i in range(len(self.w) - 1, -1, -1):
            g = d.T @ a[i]
            mask = self.case.layers[i].mask
            gw.insert(0, g if mask is None else g * mask)
            gb.insert(0, None if self.b[i] is None else d.sum(0))
            if i > 0:
                d = bwd(self.kinds[i - 1], a[i], d @ self.w[i])
        for i in range(len(self.w)):
            self.w[i] = self.w[i] - self.case.learning_rate * gw[i]
            if self.b[i] is not None:
                self.b[i] = self.b[i] - self.case.learning_rate * gb[i]
        return {"loss": loss, "weight_gradients": gw, "bias_gradients": gb, "weights": list(self.w),
                "biases": list(self.b)}


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    model = Net(case)
    history = []
    while model.queue:
        history.append(model.update())
    return history
