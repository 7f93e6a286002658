"""No fault. All neurons are numbered 0 (the constant 1), inputs, layer 1, ..., outputs; one square matrix C holds every
weight and bias (C[i, j]: edge from j to i), one boolean matrix says which edges there are. One sweep up the numbers
finds all z and a, one sweep down all deltas, and one outer product per update the gradient of everything."""
import math

import numpy as np

import backproof

erfc = np.vectorize(math.erfc, otypes=[float])


def logistic(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def curve(activation, z):
    """f(z) and f'(z) of one neuron for all samples; in float64, rounded once by the caller."""
    z, p = z.astype(float), dict(activation.parameters)
    match activation.name:
        case "sigmoid":
            return logistic(z), logistic(z) * logistic(-z)
        case "tanh":
            return np.tanh(z), 4 * logistic(2 * z) * logistic(-2 * z)
        case "relu":
            return np.maximum(z, 0), np.where(z > 0, 1.0, 0.0)
        case "leaky_relu":
            k = np.where(z > 0, 1.0, p["slope"])
            return k * z, k
        case "elu":
            low = np.minimum(z, 0)
            return np.where(z > 0, z, p["alpha"] * np.expm1(low)), np.where(z > 0, 1.0, p["alpha"] * np.exp(low))
        case "softplus":
            return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))), logistic(z)
        case "gelu" if p["approximate"] == "none":
            gate = erfc(-z / math.sqrt(2)) / 2
            return z * gate, gate + z * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
        case "gelu":
            c = 2 * math.sqrt(2 / math.pi)
            u, du = c * (z + 0.044715 * z ** 3), c * (1 + 3 * 0.044715 * z ** 2)
            return z * logistic(u), logistic(u) + z * du * logistic(u) * logistic(-u)
    return z, np.ones_like(z)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "gelu",
                                "softmax"], losses=["squared", "log", "cross_entropy"])
def net(case):
    dtype, n0 = case.x.dtype, case.x.shape[1]
    ends = np.cumsum([1 + n0] + [len(l.weights) for l in case.layers])
    spans = [slice(1, ends[0])] + [slice(a, b) for a, b in zip(ends[:-1], ends[1:])]
    size, outputs = int(ends[-1]), spans[-1]
    softmax = case.layers[-1].activation.name == "softmax"
    C, edges = np.zeros((size, size), dtype), np.zeros((size, size), bool)
    owner = {}
    for l, layer in enumerate(case.layers):
        C[spans[l + 1], spans[l]] = layer.weights
        edges[spans[l + 1], spans[l]] = True if layer.mask is None else layer.mask
        if layer.biases is not None:
            C[spans[l + 1], 0] = layer.biases
            edges[spans[l + 1], 0] = True
        owner.update(dict.fromkeys(range(spans[l + 1].start, spans[l + 1].stop), layer.activation))
    pages = []
    for batch in case.batches:
        y = case.y[list(batch)].T
        z, a, slope, delta = (np.zeros((size, len(batch)), dtype) for _ in range(4))
        a[0], a[spans[0]] = 1, case.x[list(batch)].T
        for i in range(n0 + 1, size):
            sources = np.flatnonzero(edges[i])
            z[i] = C[i, sources] @ a[sources]
            a[i], slope[i] = curve(owner[i], z[i])
        top = z[outputs]
        if softmax:
            e = np.exp(top - top.max(axis=0))
            a[outputs] = e / e.sum(axis=0)
        o = a[outputs]
        if case.loss == "squared":
            loss, g = np.sum((y - o) ** 2), 2 * (o - y)
            delta[outputs] = o * (g - np.sum(g * o, axis=0)) if softmax else g * slope[outputs]
        elif case.loss == "log":
            tail = np.log1p(np.exp(-np.abs(top)))
            loss = np.sum(y * (np.maximum(-top, 0) + tail) + (1 - y) * (np.maximum(top, 0) + tail))
            delta[outputs] = (1 - y) * logistic(top) - y * logistic(-top)
        else:
            s = top - top.max(axis=0)
            loss = np.sum(y * (np.log(np.exp(s).sum(axis=0)) - s))
            delta[outputs] = o * y.sum(axis=0) - y
        for i in range(outputs.start - 1, n0, -1):
            targets = np.flatnonzero(edges[:, i])
            delta[i] = slope[i] * (C[targets, i] @ delta[targets])
        G = np.where(edges, delta @ a.T, dtype.type(0))
        C = C - dtype.type(case.learning_rate) * G
        matrices = lambda M: [M[up, low].copy() for low, up in zip(spans, spans[1:])]
        columns = lambda M: [None if l.biases is None else M[up, 0].copy() for l, up in zip(case.layers, spans[1:])]
        rows = lambda M: [M[up].T.copy() for up in spans[1:]]
        pages.append({"net_inputs": rows(z), "activations": rows(a), "deltas": rows(delta), "loss": dtype.type(loss),
                      "weight_gradients": matrices(G), "bias_gradients": columns(G), "weights": matrices(C),
                      "biases": columns(C)})
    return pages
