"""Fault: sample i is taught with the label of the sample before it, y[i - 1] (the first one gets the
last one's label)."""
import numpy as np
import backproof


def sigmoid(t):
    e = np.exp(-np.abs(t))
    return np.where(t >= 0, np.ones_like(e), e) / (1 + e)


class Net:
    def __init__(self, case):
        self.layers = case.layers
        self.loss = case.loss
        self.w = [layer.weights.copy() for layer in case.layers]
        self.b = [None if layer.biases is None else layer.biases.copy() for layer in case.layers]

    def f(self, l, z):
        act = self.layers[l].activation
        par = dict(act.parameters)
        if act.name == "sigmoid":
            return sigmoid(z)
        if act.name == "tanh":
            return np.tanh(z)
        if act.name == "relu":
            return np.maximum(z, 0)
        if act.name == "elu":
            return np.where(z > 0, z, par["alpha"] * np.expm1(np.minimum(z, 0)))
        if act.name == "softmax":
            e = np.exp(z - z.max())
            return e / e.sum()
        return z.copy()

    def df(self, l, z, a):
        act = self.layers[l].activation
        par = dict(act.parameters)
        if act.name == "sigmoid":
            return a * (1 - a)
        if act.name == "tanh":
            return 1 - a * a
        if act.name == "relu":
            return np.sign(a)
        if act.name == "elu":
            return np.where(z > 0, np.ones_like(z), a + par["alpha"])
        return np.ones_like(z)

    def one(self, x, y):
        """Loss, net inputs, activations and deltas of one sample."""
        z, a = [], [x]
        for l in range(len(self.w)):
            v = self.w[l] @ a[-1]
            if self.b[l] is not None:
                v = v + self.b[l]
            z.append(v)
            a.append(self.f(l, v))
        if self.loss == "squared":
            loss = np.sum((y - a[-1]) ** 2)
            d = 2 * (a[-1] - y) * self.df(len(z) - 1, z[-1], a[-1])
        elif self.loss == "log":
            nil = x.dtype.type(0)
            loss = np.sum(y * np.logaddexp(nil, -z[-1]) + (1 - y) * np.logaddexp(nil, z[-1]))
            d = a[-1] - y
        else:
            s = z[-1] - z[-1].max()
            loss = np.sum(y * (np.log(np.sum(np.exp(s))) - s))
            d = a[-1] - y
        deltas = [d]
        for l in range(len(z) - 2, -1, -1):
            d = (self.w[l + 1].T @ d) * self.df(l, z[l], a[l + 1])
            deltas = [d] + deltas
        return loss, z, a, deltas

    def batch(self, X, Y, indices, lr):
        L = range(len(self.w))
        gw = [np.zeros_like(w) for w in self.w]
        gb = [None if b is None else np.zeros_like(b) for b in self.b]
        total, Z, A, D = X.dtype.type(0), [[] for _ in L], [[] for _ in L], [[] for _ in L]
        for i in indices:
            loss, z, a, deltas = self.one(X[i], Y[i - 1])
            total += loss
            for l in L:
                gw[l] += np.outer(deltas[l], a[l])
                if gb[l] is not None:
                    gb[l] += deltas[l]
                Z[l].append(z[l])
                A[l].append(a[l + 1])
                D[l].append(deltas[l])
        for l in L:
            if self.layers[l].mask is not None:
                gw[l] *= self.layers[l].mask
            self.w[l] = self.w[l] - lr * gw[l]
            if gb[l] is not None:
                self.b[l] = self.b[l] - lr * gb[l]
        return {"net_inputs": [np.array(v) for v in Z], "activations": [np.array(v) for v in A],
                "deltas": [np.array(v) for v in D], "loss": total,
                "weight_gradients": gw, "bias_gradients": gb,
                "weights": list(self.w), "biases": list(self.b)}


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "elu", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"])
def net(case):
    n = Net(case)
    lr = case.x.dtype.type(case.learning_rate)
    return [n.batch(case.x, case.y, indices, lr) for indices in case.batches]
