"""Fault: the inputs are read as integers."""
import numpy as np
import backproof


class Net:
    def __init__(self, case):
        self.case, self.type = case, case.x.dtype.type
        self.x = case.x.astype(int).astype(case.x.dtype)
        self.theta = []
        for l in case.layers:
            self.theta.append((l.weights.copy(), None if l.biases is None else l.biases.copy()))

    @staticmethod
    def f(name, z):
        if name == "relu":
            return np.maximum(z, 0), np.where(z > 0, 1, 0).astype(z.dtype)
        if name == "identity":
            return z, np.ones_like(z)
        if name == "tanh":
            e = np.exp(-2 * np.abs(z))
            return np.tanh(z), 4 * e / (1 + e) ** 2
        e = np.exp(-np.abs(z))
        return np.where(z >= 0, 1, e) / (1 + e), e / (1 + e) ** 2

    def step(self, batch):
        case, rate = self.case, self.type(self.case.learning_rate)
        a, stack, acts = self.x[batch], [], []
        for (w, b), l in zip(self.theta, case.layers):
            z = np.einsum("ni,oi->no", a, w)
            z = z if b is None else z + b
            o, slope = self.f(l.activation.name, z)
            stack.append((a, slope))
            acts.append(o)
            a = o
        delta = a - case.y[batch]
        if case.loss == "squared":
            delta = 2 * delta * stack[-1][1]
        new = []
        for l in reversed(range(len(stack))):
            (w, b), (prev, _) = self.theta[l], stack[l]
            g = np.einsum("no,ni->oi", delta, prev)
            if case.layers[l].mask is not None:
                g[~case.layers[l].mask] = 0
            new.insert(0, (w - rate * g, None if b is None else b - rate * delta.sum(axis=0)))
            if l:
                delta = np.einsum("no,oi->ni", delta, w) * stack[l - 1][1]
        self.theta = new
        return {"activations": acts, "weights": [w for w, _ in new], "biases": [b for _, b in new]}


@backproof.subject(activations=["relu", "identity", "tanh", "sigmoid"], losses=["squared", "log"])
def net(case):
    machine = Net(case)
    return [machine.step(list(batch)) for batch in case.batches]
