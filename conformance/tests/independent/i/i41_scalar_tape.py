"""No fault: reverse mode on single numbers. Every net input, activation and loss is one node of a tape; a node knows
its parents and the local derivatives towards them, and the tape is run backwards once per batch."""
import math
import numpy as np
import backproof


class Node:
    __slots__ = ("value", "grad", "parents", "partials")

    def __init__(self, value, parents=(), partials=(), tape=None):
        self.value, self.parents, self.partials = value, parents, partials
        self.grad = type(value)(0)
        if tape is not None:
            tape.append(self)


def logistic(v):
    e = np.exp(-abs(v))
    return 1 / (1 + e) if v >= 0 else e / (1 + e)


def pointwise(kind, v, slope=None, alpha=None, approximate=None):
    """Value and derivative of one activation at one number."""
    T = type(v)
    if kind == "identity":
        return v, T(1)
    if kind == "sigmoid":
        return logistic(v), logistic(v) * logistic(-v)
    if kind == "tanh":
        t = np.tanh(v)
        return t, (1 - t) * (1 + t)
    if kind == "relu":
        return (v, T(1)) if v > 0 else (T(0), T(0))
    if kind == "leaky_relu":
        return (v, T(1)) if v > 0 else (slope * v, T(slope))
    if kind == "elu":
        return (v, T(1)) if v > 0 else (alpha * np.expm1(v), alpha * np.exp(v))
    if kind == "softplus":
        return max(v, T(0)) + np.log1p(np.exp(-abs(v))), logistic(v)
    x = float(v)
    if approximate == "none":
        cdf = math.erfc(-x / math.sqrt(2)) / 2
        return T(x * cdf), T(cdf + x * math.exp(-x * x / 2) / math.sqrt(2 * math.pi))
    c = 2 * math.sqrt(2 / math.pi)
    up, down = (float(logistic(s * np.float64(c * (x + 0.044715 * x ** 3)))) for s in (1, -1))
    return T(x * up), T(up + x * up * down * c * (1 + 3 * 0.044715 * x * x))


def softmax_nodes(zs, tape):
    top = max(z.value for z in zs)
    e = [np.exp(z.value - top) for z in zs]
    o = [v / sum(e) for v in e]
    return [Node(o[i], zs, [o[i] * ((i == j) - o[j]) for j in range(len(o))], tape) for i in range(len(o))]


def loss_node(kind, zs, os, y, tape):
    T = type(zs[0].value)
    if kind == "squared":
        return Node(sum(((t - o.value) ** 2 for o, t in zip(os, y)), T(0)), os,
                    [2 * (o.value - t) for o, t in zip(os, y)], tape)
    partials = [o.value - t for o, t in zip(os, y)]     # of a loss that is written in the net inputs
    if kind == "log":
        v = sum((t * pointwise("softplus", -z.value)[0] + (1 - t) * pointwise("softplus", z.value)[0]
                 for z, t in zip(zs, y)), T(0))
        return Node(v, zs, partials, tape)
    k = max(range(len(zs)), key=lambda i: zs[i].value)
    rest = np.log1p(sum((np.exp(z.value - zs[k].value) for i, z in enumerate(zs) if i != k), T(0)))
    v = sum((t * (rest - (z.value - zs[k].value)) for z, t in zip(zs, y)), T(0))
    return Node(v, zs, partials, tape)


def forward(case, leaves, x, tape):
    a = [Node(v) for v in x]
    zs, outs = [], []
    for layer, (W, B) in zip(case.layers, leaves):
        kind, par = layer.activation.name, dict(layer.activation.parameters)
        z = []
        for i, row in enumerate(W):
            pairs = [(w, u) for w, u in zip(row, a) if w is not None]
            total = sum((w.value * u.value for w, u in pairs), type(x[0])(0))
            parents = [w for w, _ in pairs] + [u for _, u in pairs]
            partials = [u.value for _, u in pairs] + [w.value for w, _ in pairs]
            if B is not None:
                total, parents, partials = total + B[i].value, parents + [B[i]], partials + [type(x[0])(1)]
            z.append(Node(total, parents, partials, tape))
        if kind == "softmax":
            a = softmax_nodes(z, tape)
        else:
            a = []
            for node in z:
                v, d = pointwise(kind, node.value, **par)
                a.append(Node(v, (node,), (d,), tape))
        zs.append(z)
        outs.append(a)
    return zs, outs


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "gelu",
                                "softmax"], losses=["squared", "log", "cross_entropy"])
def net(case):
    T = case.x.dtype.type
    weights = [l.weights.copy() for l in case.layers]
    biases = [None if l.biases is None else l.biases.copy() for l in case.layers]
    out = []
    for batch in case.batches:
        leaves = []
        for W, b, layer in zip(weights, biases, case.layers):
            keep = np.ones(W.shape, bool) if layer.mask is None else layer.mask
            leaves.append(([[Node(W[i, j]) if keep[i, j] else None for j in range(W.shape[1])]
                            for i in range(W.shape[0])], None if b is None else [Node(v) for v in b]))
        tape, losses, seen = [], [], []
        for s in batch:
            zs, outs = forward(case, leaves, case.x[s], tape)
            losses.append(loss_node(case.loss, zs[-1], outs[-1], case.y[s], tape))
            losses[-1].grad = T(1)
            seen.append((zs, outs))
        for node in reversed(tape):
            for parent, partial in zip(node.parents, node.partials):
                parent.grad = parent.grad + node.grad * partial
        read = lambda which, l, what: np.array([[getattr(n, what) for n in one[which][l]] for one in seen], T)
        gw = [np.array([[T(0) if n is None else n.grad for n in row] for row in W], T) for W, _ in leaves]
        gb = [None if B is None else np.array([n.grad for n in B], T) for _, B in leaves]
        weights = [w - T(case.learning_rate) * g for w, g in zip(weights, gw)]
        biases = [None if b is None else b - T(case.learning_rate) * g for b, g in zip(biases, gb)]
        L = range(len(weights))
        out.append({"net_inputs": [read(0, l, "value") for l in L], "activations": [read(1, l, "value") for l in L],
                    "deltas": [read(0, l, "grad") for l in L], "loss": sum((n.value for n in losses), T(0)),
                    "weight_gradients": gw, "bias_gradients": gb, "weights": weights, "biases": biases})
    return out
