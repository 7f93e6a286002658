"""Fault: each delta, output and hidden, is stored as float32 before it is used, so only 7 digits survive."""
import numpy as np
import backproof


class DeltaStore(dict):
    """Deltas by layer, kept small."""

    def __init__(self, dtype):
        super().__init__()
        self.dtype = dtype

    def __setitem__(self, layer, delta):
        super().__setitem__(layer, np.asarray(delta, dtype=np.float32))

    def __getitem__(self, layer):
        return super().__getitem__(layer).astype(self.dtype)


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def run(name, z):
    if name == "softmax":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)
    if name == "sigmoid":
        return sigmoid(z)
    if name == "tanh":
        return np.tanh(z)
    if name == "relu":
        return np.maximum(z, 0)
    if name == "softplus":
        return np.logaddexp(0, z)
    return z.copy()


def pull(name, z, a, up):
    if name == "softmax":
        return a * (up - np.einsum("nk,nk->n", up, a)[:, None])
    if name == "sigmoid":
        return up * a * sigmoid(-z)
    if name == "tanh":
        return up * (1 - a * a)
    if name == "relu":
        return up * (z > 0)
    if name == "softplus":
        return up * sigmoid(z)
    return up


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], weight_layout="in_out")
def net(case):
    W = {l: layer.weights.copy() for l, layer in enumerate(case.layers, 1)}
    B = {l: layer.biases.copy() for l, layer in enumerate(case.layers, 1) if layer.biases is not None}
    kind = {l: layer.activation.name for l, layer in enumerate(case.layers, 1)}
    top = len(W)
    rate = case.x.dtype.type(case.learning_rate)
    series = []
    for batch in case.batches:
        a, z, d = {0: case.x[list(batch)]}, {}, DeltaStore(case.x.dtype)
        for l in W:
            z[l] = a[l - 1] @ W[l]
            if l in B:
                z[l] = z[l] + B[l]
            a[l] = run(kind[l], z[l])
        error = a[top] - case.y[list(batch)]
        d[top] = pull(kind[top], z[top], a[top], 2 * error) if case.loss == "squared" else error
        for l in range(top - 1, 0, -1):
            d[l] = pull(kind[l], z[l], a[l], d[l + 1] @ W[l + 1].T)
        gW = {l: a[l - 1].T @ d[l] for l in W}
        for l, layer in enumerate(case.layers, 1):
            if layer.mask is not None:
                gW[l] = gW[l] * layer.mask
        gB = {l: d[l].sum(axis=0) for l in B}
        W = {l: W[l] - rate * gW[l] for l in W}
        B = {l: B[l] - rate * gB[l] for l in B}
        series.append({"net_inputs": list(z.values()), "activations": [a[l] for l in W],
                       "deltas": [d[l] for l in W], "weight_gradients": [gW[l] for l in W],
                       "bias_gradients": [gB.get(l) for l in W], "weights": [W[l] for l in W],
                       "biases": [B.get(l) for l in W]})
    return series
