"""No fault: all neurons of all layers, inputs included, are numbered through, and the whole network is one square
matrix M with M[i, j] the weight of the edge from j to i; forward goes up the numbering, backward down, with M and its
transpose. The loss is half the squared error where it is squared, and a mean over the batch."""
import numpy as np
import backproof


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def fire(kind, z, opt):
    """f(z), and a function that multiplies by the (transposed) derivative."""
    if kind == "softmax":
        e = np.exp(z - z.max(axis=0))
        o = e / e.sum(axis=0)
        return o, lambda g: o * (g - (o * g).sum(axis=0))
    if kind == "sigmoid":
        return sigmoid(z), lambda g: g * sigmoid(z) * sigmoid(-z)
    if kind == "tanh":
        t = np.tanh(z)
        return t, lambda g: g * (1 - t) * (1 + t)
    if kind == "elu":
        low = np.minimum(z, 0)
        a = np.where(z > 0, z, opt["alpha"] * np.expm1(low))
        return a, lambda g: np.where(z > 0, g, opt["alpha"] * np.exp(low) * g)
    if kind == "softplus":
        return np.logaddexp(0, z), lambda g: g * sigmoid(z)
    slope = {"identity": 1, "relu": 0}.get(kind, opt.get("slope"))
    return np.where(z > 0, z, slope * z), lambda g: np.where(z > 0, g, slope * g)


@backproof.subject(activations=["identity", "relu", "leaky_relu", "sigmoid", "tanh", "elu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], loss_factor=0.5, reduction="mean")
def net(case):
    dtype = case.x.dtype
    sizes = [case.x.shape[1]] + [l.weights.shape[0] for l in case.layers]
    ends = np.cumsum(sizes)
    group = [slice(end - size, end) for size, end in zip(sizes, ends)]
    N = int(ends[-1])
    M, allowed = np.zeros((N, N), dtype), np.zeros((N, N), bool)
    c, biased = np.zeros((N, 1), dtype), np.zeros((N, 1), bool)
    for l, layer in enumerate(case.layers):
        M[group[l + 1], group[l]] = layer.weights
        allowed[group[l + 1], group[l]] = True if layer.mask is None else layer.mask
        if layer.biases is not None:
            c[group[l + 1], 0] = layer.biases
            biased[group[l + 1]] = True
    up = group[1:]

    def matrices(m):
        return [m[g, h].copy() for g, h in zip(up, group)]

    def vectors(v):
        return [None if l.biases is None else v[g, 0].copy() for g, l in zip(up, case.layers)]

    told = []
    for batch in case.batches:
        n = len(batch)
        y = case.y[list(batch)].T
        z, a, d = (np.zeros((N, n), dtype) for _ in range(3))
        a[group[0]] = case.x[list(batch)].T
        pull = []
        for g, layer in zip(up, case.layers):
            z[g] = M[g] @ a + c[g]
            a[g], back = fire(layer.activation.name, z[g].copy(), dict(layer.activation.parameters))
            pull.append(back)
        top = up[-1]
        t, o = z[top], a[top]
        if case.loss == "squared":
            loss = ((y - o) ** 2).sum() / 2
            d[top] = pull[-1](o - y)
        elif case.loss == "log":
            loss = (y * np.logaddexp(0, -t) + (1 - y) * np.logaddexp(0, t)).sum()
            d[top] = o - y
        else:
            shifted = t - t.max(axis=0)
            loss = (y * (np.log(np.exp(shifted).sum(axis=0)) - shifted)).sum()
            d[top] = o - y
        d[top] /= n
        for g, back in zip(up[-2::-1], pull[-2::-1]):
            d[g] = back(M[:, g].T @ d)
        grad = np.where(allowed, d @ a.T, 0)
        slant = np.where(biased, d.sum(axis=1, keepdims=True), 0)
        M = M - case.learning_rate * grad
        c = c - case.learning_rate * slant
        told.append({"net_inputs": [z[g].T for g in up], "activations": [a[g].T for g in up],
                     "deltas": [d[g].T for g in up], "loss": loss / n,
                     "weight_gradients": matrices(grad), "bias_gradients": vectors(slant),
                     "weights": matrices(M), "biases": vectors(c)})
    return told
