"""No fault. The network is one numbered set of neurons and a list of edges (from, to, weight) that is
swept layer by layer with scatter-adds; an edge that does not exist is not in the list."""
import numpy as np
import backproof


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, np.ones_like(e), e) / (1 + e)


def squash(kind, p, z):
    """Values and derivatives (None for softmax), neurons in rows."""
    one = np.ones_like(z)
    if kind == "sigmoid":
        return sigmoid(z), sigmoid(z) * sigmoid(-z)
    if kind == "tanh":
        t = np.tanh(z)
        return t, (1 - t) * (1 + t)
    if kind == "relu":
        return np.maximum(z, 0), one * (z > 0)
    if kind == "leaky_relu":
        d = np.where(z > 0, one, p["slope"] * one)
        return d * z, d
    if kind == "elu":
        e = p["alpha"] * np.expm1(np.minimum(z, 0))
        return np.where(z > 0, z, e), np.where(z > 0, one, p["alpha"] * np.exp(np.minimum(z, 0)))
    if kind == "softplus":
        return np.logaddexp(0 * z, z), sigmoid(z)
    if kind == "softmax":
        e = np.exp(z - z.max(axis=0))
        return e / e.sum(axis=0), None
    return z.copy(), one


@backproof.subject(
    activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"],
    losses=["squared", "log", "cross_entropy"])
def net(case):
    dt = case.x.dtype
    sizes = [case.x.shape[1]] + [len(layer.weights) for layer in case.layers]
    first = np.concatenate([[0], np.cumsum(sizes)])
    total = first[-1]
    span = [slice(first[l], first[l + 1]) for l in range(len(sizes))]
    src, dst, wgt, block = [], [], [], []
    bias, biased = np.zeros(total, dt), np.zeros(total, bool)
    for l, layer in enumerate(case.layers):
        exists = np.ones(layer.weights.shape, bool) if layer.mask is None else layer.mask
        i, j = np.nonzero(exists)
        start = sum(len(s) for s in src)
        src.append(first[l] + j)
        dst.append(first[l + 1] + i)
        wgt.append(layer.weights[i, j])
        block.append((slice(start, start + len(i)), i, j, layer.weights.shape))
        if layer.biases is not None:
            bias[span[l + 1]] = layer.biases
            biased[span[l + 1]] = True
    src, dst, wgt = np.concatenate(src), np.concatenate(dst), np.concatenate(wgt)
    rate = dt.type(case.learning_rate)

    def matrices(values):
        out = []
        for cut, i, j, shape in block:
            m = np.zeros(shape, dt)
            m[i, j] = values[cut]
            out.append(m)
        return out

    def vectors(values):
        return [values[s].copy() if biased[s].all() else None for s in span[1:]]

    def rows(values):
        return [values[s].T.copy() for s in span[1:]]

    answers = []
    for batch in case.batches:
        n = len(batch)
        z, a, prime, delta = (np.zeros((total, n), dt) for _ in range(4))
        a[span[0]] = case.x[list(batch)].T
        y = case.y[list(batch)].T
        for l, layer in enumerate(case.layers):
            cut, here = block[l][0], span[l + 1]
            z[here] = bias[here, None]
            np.add.at(z, dst[cut], wgt[cut, None] * a[src[cut]])
            a[here], d = squash(layer.activation.name, dict(layer.activation.parameters), z[here])
            prime[here] = 1 if d is None else d
        end = span[-1]
        o, zo = a[end], z[end]
        if case.loss == "squared":
            loss = np.sum((o - y) ** 2)
            g = 2 * (o - y)
            softmax = case.layers[-1].activation.name == "softmax"
            delta[end] = o * (g - (g * o).sum(axis=0)) if softmax else g * prime[end]
        else:
            delta[end] = o - y
            if case.loss == "log":
                loss = np.sum(y * np.logaddexp(0 * zo, -zo) + (1 - y) * np.logaddexp(0 * zo, zo))
            else:
                c = zo - zo.max(axis=0)
                loss = np.sum(y * (np.log(np.exp(c).sum(axis=0)) - c))
        for l in range(len(case.layers) - 1, 0, -1):
            cut = block[l][0]
            np.add.at(delta, src[cut], wgt[cut, None] * delta[dst[cut]])
            delta[span[l]] *= prime[span[l]]
        edge_gradient = (delta[dst] * a[src]).sum(axis=1)
        bias_gradient = np.where(biased, delta.sum(axis=1), dt.type(0))
        wgt = wgt - rate * edge_gradient
        bias = bias - rate * bias_gradient
        answers.append({"net_inputs": rows(z), "activations": rows(a), "deltas": rows(delta), "loss": loss,
                        "weight_gradients": matrices(edge_gradient), "bias_gradients": vectors(bias_gradient),
                        "weights": matrices(wgt), "biases": vectors(bias)})
    return answers
