"""No fault. All neurons of the network, inputs and a constant one included, are nodes of one graph with one square
adjacency matrix; signals and deltas are the fixed points of one sweep over all nodes (the graph is nilpotent, so that
as many sweeps as there are layers settle them)."""
import math
import numpy as np
import backproof

ELEMENTWISE = ["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "gelu"]
upper_tail = np.vectorize(math.erfc, otypes=[np.float64])


def sig(z):
    return np.exp(np.minimum(z, 0)) / (1 + np.exp(-np.abs(z)))


def pair(act, z):
    p = {k: z.dtype.type(v) for k, v in dict(act.parameters).items() if not isinstance(v, str)}
    one = np.ones_like(z)
    if act.name == "sigmoid":
        return sig(z), sig(z) * sig(-z)
    if act.name == "tanh":
        e = np.exp(-2 * np.abs(z))
        return np.tanh(z), 4 * e / (1 + e) ** 2
    if act.name == "relu":
        return np.maximum(z, 0), one * (z > 0)
    if act.name == "leaky_relu":
        return np.where(z > 0, z, p["slope"] * z), np.where(z > 0, one, p["slope"])
    if act.name == "elu":
        n = np.minimum(z, 0)
        return np.where(z > 0, z, p["alpha"] * np.expm1(n)), np.where(z > 0, one, p["alpha"] * np.exp(n))
    if act.name == "softplus":
        return np.logaddexp(0, z), sig(z)
    if act.name == "gelu":
        v = z.astype(np.float64)
        if dict(act.parameters)["approximate"] == "none":
            cdf = upper_tail(-v / math.sqrt(2)) / 2
            f, g = v * cdf, cdf + v * np.exp(-v * v / 2) / math.sqrt(2 * math.pi)
        else:
            c = math.sqrt(2 / math.pi)
            s = sig(2 * c * (v + 0.044715 * v**3))  # (1 + tanh u) / 2 = sigmoid(2 u)
            f, g = v * s, s + v * s * sig(-2 * c * (v + 0.044715 * v**3)) * 2 * c * (1 + 3 * 0.044715 * v * v)
        return f.astype(z.dtype), g.astype(z.dtype)
    return z, one


@backproof.subject(activations=ELEMENTWISE + ["softmax"], losses=["squared", "log", "cross_entropy"])
def net(case):
    T, L, n0 = case.x.dtype, len(case.layers), case.x.shape[1]
    starts = np.cumsum([1, n0] + [len(l.weights) for l in case.layers])  # node 0 is the constant one
    spans = [slice(int(p), int(q)) for p, q in zip(starts[:-1], starts[1:])]
    N, out = int(starts[-1]), spans[-1]
    Adj, edge = np.zeros((N, N), T), np.zeros((N, N), bool)
    for l, layer in enumerate(case.layers):
        Adj[spans[l + 1], spans[l]] = layer.weights
        edge[spans[l + 1], spans[l]] = True if layer.mask is None else layer.mask
        if layer.biases is not None:
            Adj[spans[l + 1], 0] = layer.biases
            edge[spans[l + 1], 0] = True
    rate = T.type(case.learning_rate)
    told = []
    for batch in case.batches:
        n, y = len(batch), case.y[batch]
        S, Z, slope = np.zeros((n, N), T), np.zeros((n, N), T), np.zeros((n, N), T)
        S[:, 0] = 1
        S[:, spans[0]] = case.x[batch]
        for _ in range(L):
            Z = S @ Adj.T
            for layer, sp in zip(case.layers, spans[1:]):
                if layer.activation.name == "softmax":
                    e = np.exp(Z[:, sp] - Z[:, sp].max(axis=1, keepdims=True))
                    S[:, sp] = e / e.sum(axis=1, keepdims=True)
                else:
                    S[:, sp], slope[:, sp] = pair(layer.activation, Z[:, sp])
        o, z = S[:, out], Z[:, out]
        source = np.zeros((n, N), T)
        if case.loss == "squared":
            E, g = np.sum((y - o) ** 2), 2 * (o - y)
            soft = case.layers[-1].activation.name == "softmax"
            source[:, out] = o * (g - np.sum(o * g, axis=1, keepdims=True)) if soft else g * slope[:, out]
        elif case.loss == "log":
            E, source[:, out] = np.sum(np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))), o - y
        else:
            s = z - z.max(axis=1, keepdims=True)
            E, source[:, out] = np.sum(y * (np.log(np.exp(s).sum(axis=1, keepdims=True)) - s)), o - y
        Delta = source
        for _ in range(L - 1):
            Delta = source + slope * (Delta @ Adj)
        Grad = np.where(edge, Delta.T @ S, 0)
        Adj = Adj - rate * Grad
        rows = lambda X: [X[:, sp].copy() for sp in spans[1:]]
        blocks = lambda X: [X[q, p].copy() for p, q in zip(spans[:-1], spans[1:])]
        firsts = lambda X: [None if l.biases is None else X[sp, 0].copy() for l, sp in zip(case.layers, spans[1:])]
        told.append({"net_inputs": rows(Z), "activations": rows(S), "deltas": rows(Delta), "loss": E,
                     "weight_gradients": blocks(Grad), "bias_gradients": firsts(Grad), "weights": blocks(Adj),
                     "biases": firsts(Adj)})
    return told
