"""No fault: the network is ONE square matrix over all its neurons (the constant 1 is neuron 0, then the inputs, then
every layer); forwards and backwards it is applied again and again until the signal has crossed the whole graph."""
import math
import numpy as np
import backproof

PHI = np.frompyfunc(lambda v: 0.5 * math.erfc(-v * math.sqrt(0.5)), 1, 1)


def logistic(z):
    return np.exp(-np.logaddexp(np.zeros_like(z), -z))


def pair(name, z, slope=None, alpha=None, approximate=None):
    """f(z) and f'(z) of one group of neurons; for softmax f' is None."""
    one, zero = np.ones_like(z), np.zeros_like(z)
    if name == "sigmoid":
        return logistic(z), logistic(z) * logistic(-z)
    if name == "tanh":
        return np.tanh(z), 4 * logistic(2 * z) * logistic(-2 * z)
    if name == "softplus":
        return np.logaddexp(z, zero), logistic(z)
    if name in ("relu", "leaky_relu"):
        k = np.where(z > 0, one, zero if slope is None else slope * one)
        return k * z, k
    if name == "elu":
        low = np.minimum(z, zero)
        return np.where(z > 0, z, alpha * np.expm1(low)), np.where(z > 0, one, alpha * np.exp(low))
    if name == "gelu" and approximate == "none":
        p = PHI(z.astype(float)).astype(z.dtype)
        return z * p, p + z * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    if name == "gelu":
        root = math.sqrt(2 / math.pi)
        u = root * (z + 0.044715 * z ** 3)
        p = logistic(2 * u)
        return z * p, p + z * p * logistic(-2 * u) * 2 * root * (1 + 0.134145 * z * z)
    if name == "softmax":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True), None
    return z.copy(), one


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "gelu",
                                "softmax"], losses=["squared", "log", "cross_entropy"])
def net(case):
    kind, depth = case.x.dtype, len(case.layers)
    edges = np.cumsum([1, case.x.shape[1]] + [len(l.weights) for l in case.layers])
    total = int(edges[-1])
    span = [slice(int(edges[k]), int(edges[k + 1])) for k in range(depth + 1)]     # span[0]: the inputs
    G, wired = np.zeros((total, total), kind), np.zeros((total, total), bool)      # G[i, j]: from j to i
    for k, l in enumerate(case.layers, start=1):
        G[span[k], span[k - 1]] = l.weights
        wired[span[k], span[k - 1]] = True if l.mask is None else l.mask
        if l.biases is not None:
            G[span[k], 0], wired[span[k], 0] = l.biases, True

    def cut(matrix):
        return ([matrix[span[k], span[k - 1]].copy() for k in range(1, depth + 1)],
                [None if l.biases is None else matrix[span[k], 0].copy() for k, l in enumerate(case.layers, start=1)])

    told = []
    for batch in case.batches:
        y, out = case.y[list(batch)], span[depth]
        a, slope = np.zeros((len(batch), total), kind), np.zeros((len(batch), total), kind)
        a[:, 0], a[:, span[0]] = 1, case.x[list(batch)]
        for wave in range(1, depth + 1):            # after wave k the layers up to k are settled
            z = a @ G.T
            for k, l in enumerate(case.layers[:wave], start=1):
                a[:, span[k]], df = pair(l.activation.name, z[:, span[k]], **dict(l.activation.parameters))
                if df is not None:
                    slope[:, span[k]] = df
        o, zo, source = a[:, out], z[:, out], np.zeros_like(a)
        if case.loss == "log":
            loss = np.sum(y * np.logaddexp(0 * zo, -zo) + (1 - y) * np.logaddexp(0 * zo, zo))
            source[:, out] = (1 - y) * logistic(zo) - y * logistic(-zo)
        elif case.loss == "cross_entropy":
            s = zo - zo.max(axis=1, keepdims=True)
            loss = np.sum(y * (np.log(np.exp(s).sum(axis=1, keepdims=True)) - s))
            source[:, out] = o - y
        else:
            loss, g = np.sum((y - o) ** 2), 2 * (o - y)
            if case.layers[-1].activation.name == "softmax":
                source[:, out] = o * (g - (g * o).sum(axis=1, keepdims=True))
            else:
                source[:, out] = g * slope[:, out]
        d = source
        for _ in range(depth):                      # d = source + f'(z) * (d G), a fixed point after `depth` rounds
            d = source + slope * (d @ G)
        grad = np.where(wired, d.T @ a, np.zeros_like(G))
        G = G - kind.type(case.learning_rate) * grad
        (gw, gb), (w, b) = cut(grad), cut(G)
        told.append({"net_inputs": [z[:, s].copy() for s in span[1:]], "activations": [a[:, s].copy() for s in span[1:]],
                     "deltas": [d[:, s].copy() for s in span[1:]], "loss": loss,
                     "weight_gradients": gw, "bias_gradients": gb, "weights": w, "biases": b})
    return told
