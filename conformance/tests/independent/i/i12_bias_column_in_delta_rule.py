"""Fault: the biases are column 0 of the weight matrix (a constant input 1), and going back the deltas are multiplied
by that whole matrix and the first entries are kept: the bias column has taken the first neuron's place and all
weights are one column off."""
import numpy as np
import backproof


def with_one(a):
    return np.concatenate([np.ones((len(a), 1), a.dtype), a], axis=1)


def logistic(z):
    p = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + p), p / (1 + p))


def transfer(name, z):
    """f(z) and, for the element-wise ones, f'(z)."""
    if name == "identity":
        return z, np.ones_like(z)
    if name == "sigmoid":
        a = logistic(z)
        return a, a * logistic(-z)
    if name == "tanh":
        a = np.tanh(z)
        return a, 1 - a * a
    if name == "relu":
        return np.maximum(z, 0), 1 * (z > 0).astype(z.dtype)
    if name == "softplus":
        return np.logaddexp(0, z), logistic(z)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True), None


def evaluate(loss, z, o, y):
    if loss == "squared":
        return ((y - o) ** 2).sum()
    if loss == "log":
        return (y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)).sum()
    z = z - z.max(axis=1, keepdims=True)
    return -(y * (z - np.log(np.exp(z).sum(axis=1, keepdims=True)))).sum()


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    # w[i, 0] is the bias of neuron i; a layer without biases has zeros there that never learn
    w, free = [], []
    for layer in case.layers:
        n_out = layer.weights.shape[0]
        bias = np.zeros(n_out, case.x.dtype) if layer.biases is None else layer.biases
        w.append(np.column_stack([bias, layer.weights]))
        learns = np.ones(w[-1].shape, bool)
        learns[:, 0] = layer.biases is not None
        if layer.mask is not None:
            learns[:, 1:] = layer.mask
        free.append(learns)
    names = [layer.activation.name for layer in case.layers]
    has_bias = [layer.biases is not None for layer in case.layers]

    def split(matrices):
        return ([m[:, 1:].copy() for m in matrices],
                [m[:, 0].copy() if yes else None for m, yes in zip(matrices, has_bias)])

    updates = []
    for batch in case.batches:
        batch = list(batch)
        a, z, df = [case.x[batch]], [], []
        for wl, name in zip(w, names):
            z.append(np.einsum("ij,nj->ni", wl, with_one(a[-1])))
            f, d = transfer(name, z[-1])
            a.append(f)
            df.append(d)
        o, y = a[-1], case.y[batch]
        if case.loss != "squared":
            delta = [o - y]
        elif df[-1] is None:
            delta = [o * (2 * (o - y) - (2 * (o - y) * o).sum(axis=1, keepdims=True))]
        else:
            delta = [2 * (o - y) * df[-1]]
        for l in range(len(w) - 2, -1, -1):
            back = delta[0] @ w[l + 1]
            delta.insert(0, df[l] * back[:, :df[l].shape[1]])
        g = [np.einsum("ni,nj->ij", d, with_one(x)) * fr for d, x, fr in zip(delta, a, free)]
        w = [wl - case.learning_rate * gl for wl, gl in zip(w, g)]
        gw, gb = split(g)
        ww, bb = split(w)
        updates.append(dict(net_inputs=z, activations=a[1:], deltas=delta, loss=evaluate(case.loss, z[-1], o, y),
                            weight_gradients=gw, bias_gradients=gb, weights=ww, biases=bb))
    return updates
