"""Fault: the block of input columns that indexing yields lies in memory in Fortran order, but its memory is walked
through as if it were in C order, so features and samples of the batch get mixed."""
import math

import numpy as np

import backproof


def squash(name, z):
    if name == "identity":
        return z
    if name == "relu":
        return z if z > 0 else 0.0
    if name == "tanh":
        return math.tanh(z)
    if z >= 0:
        return 1.0 / (1.0 + math.exp(-z))
    return math.exp(z) / (1.0 + math.exp(z))


def slope(name, z, a):
    if name == "identity":
        return 1.0
    if name == "relu":
        return 1.0 if z > 0 else 0.0
    if name == "tanh":
        return 1.0 - a * a
    return a * (1.0 - a)


def softplus(t):
    return max(t, 0.0) + math.log1p(math.exp(-abs(t)))


def load(table, batch):
    """The columns of a batch as lists [row][sample], read straight from the memory of the block."""
    block = table[:, list(batch)]
    rows, count = block.shape
    memory = block.ravel(order="K").tolist()
    return [[memory[j * count + s] for s in range(count)] for j in range(rows)]


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu"], losses=["squared", "log"],
                   skips=["general-output-delta"], batch_axis=1)
def net(case):
    dtype = case.x.dtype
    W = [layer.weights.tolist() for layer in case.layers]
    B = [None if layer.biases is None else layer.biases.tolist() for layer in case.layers]
    names = [layer.activation.name for layer in case.layers]
    result = []
    for batch in case.batches:
        x = load(case.x, batch)
        count = len(batch)
        y = [[float(case.y[i, s]) for s in batch] for i in range(case.y.shape[0])]
        Z, A = [], [x]
        for w, b, name in zip(W, B, names):
            z = [[sum(w[i][j] * A[-1][j][s] for j in range(len(w[i]))) + (b[i] if b is not None else 0.0)
                  for s in range(count)] for i in range(len(w))]
            Z.append(z)
            A.append([[squash(name, v) for v in row] for row in z])
        out = A[-1]
        loss = 0.0
        for i in range(len(out)):
            for s in range(count):
                if case.loss == "squared":
                    loss += (y[i][s] - out[i][s]) ** 2
                else:
                    loss += y[i][s] * softplus(-Z[-1][i][s]) + (1.0 - y[i][s]) * softplus(Z[-1][i][s])
        factor = 2.0 if case.loss == "squared" else 1.0
        D = [[[factor * (out[i][s] - y[i][s]) for s in range(count)] for i in range(len(out))]]
        for l in range(len(W) - 2, -1, -1):
            above = D[0]
            D.insert(0, [[slope(names[l], Z[l][i][s], A[l + 1][i][s])
                          * sum(W[l + 1][k][i] * above[k][s] for k in range(len(above)))
                          for s in range(count)] for i in range(len(W[l]))])
        GW, GB = [], []
        for l, layer in enumerate(case.layers):
            g = [[sum(D[l][i][s] * A[l][j][s] for s in range(count)) for j in range(len(W[l][0]))]
                 for i in range(len(W[l]))]
            if layer.mask is not None:
                g = [[v if layer.mask[i, j] else 0.0 for j, v in enumerate(row)] for i, row in enumerate(g)]
            GW.append(g)
            GB.append(None if B[l] is None else [sum(row) for row in D[l]])
        rate = case.learning_rate
        for l in range(len(W)):
            W[l] = [[w - rate * g for w, g in zip(ws, gs)] for ws, gs in zip(W[l], GW[l])]
            if B[l] is not None:
                B[l] = [b - rate * g for b, g in zip(B[l], GB[l])]

        def arrays(lists):
            return [None if v is None else np.array(v, dtype=dtype) for v in lists]

        result.append({"net_inputs": arrays(Z), "activations": arrays(A[1:]), "deltas": arrays(D),
                       "loss": dtype.type(loss), "weight_gradients": arrays(GW), "bias_gradients": arrays(GB),
                       "weights": arrays(W), "biases": arrays(B)})
    return result
