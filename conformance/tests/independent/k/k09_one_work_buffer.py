"""Fault: when a hidden layer's derivative is taken, the offset of the layer before it is used, so f' is evaluated at the previous layer's net inputs (at the inputs x for the first hidden layer)."""
import numpy as np
import backproof


def S(t):
    return np.where(t >= 0, 1, np.exp(np.minimum(t, 0))).astype(t.dtype) / (1 + np.exp(-np.abs(t)))


def value(kind, par, z):
    match kind:
        case "sigmoid":
            return S(z)
        case "tanh":
            return np.tanh(z)
        case "relu":
            return np.maximum(z, 0)
        case "leaky_relu":
            return np.maximum(z, par["slope"] * z)
        case "elu":
            return np.where(z > 0, z, par["alpha"] * np.expm1(np.minimum(z, 0)))
        case "softplus":
            return np.logaddexp(0, z)
        case "softmax":
            q = np.exp(z - z.max(axis=1, keepdims=True))
            return q / q.sum(axis=1, keepdims=True)
    return z


def derivative(kind, par, z):
    match kind:
        case "sigmoid":
            return S(z) * S(-z)
        case "tanh":
            return 1 - np.tanh(z) ** 2
        case "relu":
            return 1.0 * (z > 0)
        case "leaky_relu":
            return np.where(z > 0, 1, par["slope"])
        case "elu":
            return np.where(z > 0, 1, par["alpha"] * np.exp(np.minimum(z, 0)))
        case "softplus":
            return S(z)
    return np.ones_like(z)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    dtype = case.x.dtype
    lr = dtype.type(case.learning_rate)
    width = [case.x.shape[1]] + [l.weights.shape[0] for l in case.layers]
    offset = np.concatenate([[0], np.cumsum(width)]).tolist()
    act = [("identity", {})] + [(l.activation.name, dict(l.activation.parameters)) for l in case.layers]
    W = [None] + [l.weights.copy() for l in case.layers]
    b = [None] + [None if l.biases is None else l.biases.copy() for l in case.layers]
    top = len(case.layers)
    records = []
    for batch in case.batches:
        idx, n = np.asarray(batch), len(batch)
        # all layers lie side by side in one buffer, layer 0 is the input
        Z, A, D = (np.zeros((n, offset[-1]), dtype) for _ in range(3))

        def part(buffer, l):
            return buffer[:, offset[l]:offset[l] + width[l]]

        part(Z, 0)[...] = part(A, 0)[...] = case.x[idx]
        for l in range(1, top + 1):
            part(Z, l)[...] = part(A, l - 1) @ W[l].T
            if b[l] is not None:
                part(Z, l)[...] += b[l]
            part(A, l)[...] = value(*act[l], part(Z, l))
        z, o, y = part(Z, top), part(A, top), case.y[idx]
        if case.loss == "squared":
            loss, g = np.sum((y - o) ** 2), 2 * (o - y)
            if act[top][0] == "softmax":
                part(D, top)[...] = o * (g - np.sum(g * o, axis=1, keepdims=True))
            else:
                part(D, top)[...] = g * derivative(*act[top], z)
        else:
            part(D, top)[...] = o - y
            if case.loss == "log":
                loss = np.sum(np.logaddexp(0, z) - y * z)
            else:
                m = z.max(axis=1, keepdims=True)
                loss = np.sum(y * (m + np.log(np.exp(z - m).sum(axis=1, keepdims=True)) - z))
        for l in range(top - 1, 0, -1):
            start = offset[l - 1]
            slope = derivative(*act[l], Z[:, start:start + width[l]])
            part(D, l)[...] = slope * (part(D, l + 1) @ W[l + 1])
        gw, gb = [], []
        for l in range(1, top + 1):
            g = part(D, l).T @ part(A, l - 1)
            gw.append(g if case.layers[l - 1].mask is None else g * case.layers[l - 1].mask)
            gb.append(None if b[l] is None else part(D, l).sum(axis=0))
            W[l] = W[l] - lr * gw[-1]
            b[l] = None if b[l] is None else b[l] - lr * gb[-1]
        split = lambda buffer: [part(buffer, l) for l in range(1, top + 1)]
        records.append({"net_inputs": split(Z), "activations": split(A), "deltas": split(D), "loss": loss,
                        "weight_gradients": gw, "bias_gradients": gb, "weights": W[1:], "biases": b[1:]})
    return records
