"""Fault: the inputs lie in a flat memory with strides, and the loop that reads a row of the input goes along the
columns only; the stride of the rows is ignored, so each sample of a batch is read as the batch's first row."""
import numpy as np
import backproof


class Grid:
    """A small matrix of our own: flat memory, number of rows and columns, steps along both."""

    def __init__(self, rows, cols, dtype):
        self.rows, self.cols = rows, cols
        self.strides = (cols, 1)
        self.memory = np.zeros(rows * cols, dtype)

    @classmethod
    def of(cls, array):
        g = cls(*array.shape, array.dtype)
        g.memory[:] = np.asarray(array).ravel()
        return g

    def __getitem__(self, rc):
        return self.memory[rc[0] * self.strides[0] + rc[1] * self.strides[1]]

    def __setitem__(self, rc, value):
        self.memory[rc[0] * self.strides[0] + rc[1] * self.strides[1]] = value

    def array(self):
        return self.memory.reshape(self.rows, self.cols).copy()


def logistic(v):
    if v >= 0:
        return 1 / (1 + np.exp(-v))
    return np.exp(v) / (1 + np.exp(v))


F = {"identity": lambda v: v, "tanh": np.tanh, "sigmoid": logistic, "relu": lambda v: max(v, v * 0)}
DF = {"identity": lambda v: 1, "tanh": lambda v: 1 - np.tanh(v) ** 2,
      "sigmoid": lambda v: logistic(v) * logistic(-v), "relu": lambda v: 1 if v > 0 else 0}


def load(x):
    """The batch's inputs, row by row."""
    source = np.ascontiguousarray(x).ravel()
    step = 1
    a = Grid(*x.shape, x.dtype)
    for s in range(a.rows):
        at = 0
        for j in range(a.cols):
            a[s, j] = source[at]
            at += step
    return a


@backproof.subject(activations=list(F) + ["softmax"], losses=["squared", "log", "cross_entropy"], loss_at="none",
                   skips=["general-output-delta"])
def net(case):
    T = case.x.dtype.type
    W = [Grid.of(l.weights) for l in case.layers]
    B = [None if l.biases is None else l.biases.copy() for l in case.layers]
    names = [l.activation.name for l in case.layers]
    out = []
    for batch in case.batches:
        idx = list(batch)
        n, y = len(idx), case.y[idx]
        A, Z = [load(case.x[idx])], []
        for w, b, name in zip(W, B, names):
            z, a = Grid(n, w.rows, T), Grid(n, w.rows, T)
            for s in range(n):
                for i in range(w.rows):
                    total = T(0) if b is None else b[i]
                    for j in range(w.cols):
                        total = total + w[i, j] * A[-1][s, j]
                    z[s, i] = total
                    if name != "softmax":
                        a[s, i] = F[name](total)
                if name == "softmax":
                    row = [z[s, i] for i in range(w.rows)]
                    e = [np.exp(v - max(row)) for v in row]
                    for i in range(w.rows):
                        a[s, i] = e[i] / sum(e)
            Z.append(z)
            A.append(a)
        factor = 2 if case.loss == "squared" else 1
        d = Grid.of(factor * (A[-1].array() - y))
        D, GW, GB = [d], [], []
        for l in range(len(W) - 1, 0, -1):
            below = Grid(n, W[l].cols, T)
            for s in range(n):
                for i in range(W[l].cols):
                    back = T(0)
                    for j in range(W[l].rows):
                        back = back + W[l][j, i] * D[0][s, j]
                    below[s, i] = DF[names[l - 1]](Z[l - 1][s, i]) * back
            D.insert(0, below)
        for l, layer in enumerate(case.layers):
            g = Grid(W[l].rows, W[l].cols, T)
            for i in range(g.rows):
                for j in range(g.cols):
                    if layer.mask is None or layer.mask[i, j]:
                        for s in range(n):
                            g[i, j] = g[i, j] + D[l][s, i] * A[l][s, j]
            GW.append(g.array())
            GB.append(None if B[l] is None else D[l].array().sum(axis=0))
        for l in range(len(W)):
            W[l] = Grid.of(W[l].array() - case.learning_rate * GW[l])
            B[l] = None if B[l] is None else B[l] - case.learning_rate * GB[l]
        show = lambda grids: [g.array() for g in grids]
        out.append({"net_inputs": show(Z), "activations": show(A[1:]), "deltas": show(D), "weight_gradients": GW,
                    "bias_gradients": GB, "weights": show(W), "biases": list(B)})
    return out
