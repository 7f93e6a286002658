"""Fault (my own): work buffers are allocated once, for the largest batch. In a smaller batch only the
first rows are filled, but the gradients are taken over the whole buffers, so the rows that an earlier,
larger batch left behind are counted again. Right as long as no batch is smaller than one before it."""
import numpy as np
import backproof


def sigmoid_into(z, out):
    np.negative(np.abs(z), out=out)
    np.exp(out, out=out)
    out[...] = np.where(z >= 0, 1, out) / (1 + out)


def activate_into(name, z, out):
    if name == "sigmoid":
        sigmoid_into(z, out)
    elif name == "tanh":
        np.tanh(z, out=out)
    elif name == "relu":
        np.maximum(z, 0, out=out)
    elif name == "softmax":
        np.subtract(z, z.max(axis=1, keepdims=True), out=out)
        np.exp(out, out=out)
        out /= out.sum(axis=1, keepdims=True)
    else:
        out[...] = z


def scale_by_slope(name, z, a, d):
    if name == "sigmoid":
        d *= a
        d *= 1 - a
    elif name == "tanh":
        d *= 1 - a * a
    elif name == "relu":
        d *= z > 0


class Workspace:
    def __init__(self, case):
        n, dt = max(map(len, case.batches)), case.x.dtype
        sizes = [len(layer.weights) for layer in case.layers]
        self.a0 = np.zeros((n, case.x.shape[1]), dt)
        self.z = [np.zeros((n, k), dt) for k in sizes]
        self.a = [np.zeros((n, k), dt) for k in sizes]
        self.d = [np.zeros((n, k), dt) for k in sizes]
        self.gw = [np.zeros_like(layer.weights) for layer in case.layers]
        self.gb = [None if layer.biases is None else np.zeros_like(layer.biases) for layer in case.layers]


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"])
def net(case):
    ws = Workspace(case)
    W = [layer.weights.copy() for layer in case.layers]
    B = [None if layer.biases is None else layer.biases.copy() for layer in case.layers]
    names = [layer.activation.name for layer in case.layers]
    L = len(W)
    rate = case.x.dtype.type(case.learning_rate)
    snapshots = []
    for batch in case.batches:
        m = len(batch)
        ws.a0[:m] = case.x[list(batch)]
        below = [ws.a0] + ws.a
        for l in range(L):
            np.matmul(below[l][:m], W[l].T, out=ws.z[l][:m])
            if B[l] is not None:
                ws.z[l][:m] += B[l]
            activate_into(names[l], ws.z[l][:m], ws.a[l][:m])
        np.subtract(ws.a[-1][:m], case.y[list(batch)], out=ws.d[-1][:m])
        if case.loss == "squared":
            ws.d[-1][:m] *= 2
        for l in range(L - 1, 0, -1):
            np.matmul(ws.d[l][:m], W[l], out=ws.d[l - 1][:m])
            scale_by_slope(names[l - 1], ws.z[l - 1][:m], ws.a[l - 1][:m], ws.d[l - 1][:m])
        for l in range(L):
            np.matmul(ws.d[l].T, below[l], out=ws.gw[l])
            if case.layers[l].mask is not None:
                ws.gw[l] *= case.layers[l].mask
            W[l] -= rate * ws.gw[l]
            if B[l] is not None:
                np.sum(ws.d[l], axis=0, out=ws.gb[l])
                B[l] -= rate * ws.gb[l]
        copies = lambda things: [None if t is None else t.copy() for t in things]
        snapshots.append({"net_inputs": [t[:m].copy() for t in ws.z],
                          "activations": [t[:m].copy() for t in ws.a],
                          "deltas": [t[:m].copy() for t in ws.d],
                          "weight_gradients": copies(ws.gw), "bias_gradients": copies(ws.gb),
                          "weights": copies(W), "biases": copies(B)})
    return snapshots
