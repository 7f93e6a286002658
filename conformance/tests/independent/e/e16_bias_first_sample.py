"""Fault: the bias gradient takes the first sample only."""
import numpy as np
import backproof


def sigmoid(t):
    e = np.exp(-abs(t))
    return 1 / (1 + e) if t >= 0 else e / (1 + e)


def value(name, t):
    if name == "sigmoid":
        return sigmoid(t)
    if name == "relu":
        return t if t > 0 else 0 * t
    return np.tanh(t) if name == "tanh" else t


def slope(name, t):
    if name == "sigmoid":
        return sigmoid(t) * sigmoid(-t)
    if name == "relu":
        return 1 if t > 0 else 0
    return 4 * sigmoid(2 * t) * sigmoid(-2 * t) if name == "tanh" else 1


@backproof.subject(activations=["sigmoid", "relu", "tanh", "identity"], losses=["squared", "log"])
def net(case):
    kinds = [l.activation.name for l in case.layers]
    w = [np.array(l.weights) for l in case.layers]
    b = [None if l.biases is None else np.array(l.biases) for l in case.layers]
    rate, out = case.x.dtype.type(case.learning_rate), []
    for batch in case.batches:
        gw = [np.zeros_like(m) for m in w]
        gb = [None if v is None else np.zeros_like(v) for v in b]
        for position, sample in enumerate(batch):
            a, z = [case.x[sample]], []
            for l, kind in enumerate(kinds):
                n_out = len(w[l])
                z.append(np.array([np.sum(w[l][i] * a[l]) + (0 if b[l] is None else b[l][i]) for i in range(n_out)], a[l].dtype))
                a.append(np.array([value(kind, t) for t in z[l]], a[l].dtype))
            d = a[-1] - case.y[sample]
            if case.loss == "squared":
                d = 2 * d * np.array([slope(kinds[-1], t) for t in z[-1]], d.dtype)
            for l in range(len(w) - 1, -1, -1):
                for i in range(len(d)):
                    gw[l][i] += d[i] * a[l]
                    if b[l] is not None and position == 0:
                        gb[l][i] = d[i]
                if l > 0:
                    d = np.array([slope(kinds[l - 1], z[l - 1][j]) * np.sum(w[l][:, j] * d) for j in range(w[l].shape[1])], d.dtype)
        for l, layer in enumerate(case.layers):
            if layer.mask is not None:
                gw[l][~layer.mask] = 0
            w[l] = w[l] - rate * gw[l]
            if b[l] is not None:
                b[l] = b[l] - rate * gb[l]
        out.append({"weight_gradients": gw, "bias_gradients": gb, "weights": list(w), "biases": list(b)})
    return out
