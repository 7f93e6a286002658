"""Fault: samples and labels are read through a bare pointer as if they lay row after row without gaps; the arrays' strides are never looked at, so memory that belongs to nobody here may be read as samples."""
import ctypes
import math
import numpy as np
import backproof

CTYPE = {"float32": ctypes.c_float, "float64": ctypes.c_double}


def raw(array):
    """The array's memory as a flat C array (no copy)."""
    kind = CTYPE[array.dtype.name] * array.size
    return kind.from_address(array.ctypes.data)


def act(kind, z, p):
    if kind == "sigmoid":
        return 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))
    if kind == "tanh":
        return math.tanh(z)
    if kind == "relu":
        return max(z, 0.0)
    if kind == "leaky_relu":
        return z if z > 0 else p["slope"] * z
    return z


def act_d(kind, z, a, p):
    if kind == "sigmoid":
        return a * act("sigmoid", -z, p)
    if kind == "tanh":
        return 1 - a * a
    if kind == "relu":
        return 1.0 if z > 0 else 0.0
    if kind == "leaky_relu":
        return 1.0 if z > 0 else p["slope"]
    return 1.0


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    dt = case.x.dtype
    L = len(case.layers)
    n0, k = case.x.shape[1], case.y.shape[1]
    px, py = raw(case.x), raw(case.y)
    sizes = [n0] + [layer.weights.shape[0] for layer in case.layers]
    W = [layer.weights.ravel().tolist() for layer in case.layers]
    M = [[1] * len(w) if layer.mask is None else layer.mask.ravel().tolist() for w, layer in zip(W, case.layers)]
    B = [None if layer.biases is None else layer.biases.tolist() for layer in case.layers]
    kinds = [layer.activation.name for layer in case.layers]
    pars = [dict(layer.activation.parameters) for layer in case.layers]
    results = []
    for batch in case.batches:
        GW = [[0.0] * len(w) for w in W]
        GB = [None if v is None else [0.0] * len(v) for v in B]
        loss = 0.0
        for s in batch:
            A, Z = [[px[s * n0 + j] for j in range(n0)]], []
            y = [py[s * k + j] for j in range(k)]
            for l in range(L):
                m, c = sizes[l + 1], sizes[l]
                z = [sum(W[l][i * c + j] * A[l][j] for j in range(c)) + (B[l][i] if B[l] else 0.0) for i in range(m)]
                if kinds[l] == "softmax":
                    e = [math.exp(v - max(z)) for v in z]
                    A.append([v / sum(e) for v in e])
                else:
                    A.append([act(kinds[l], v, pars[l]) for v in z])
                Z.append(z)
            o, z = A[L], Z[L - 1]
            if case.loss == "squared":
                g = [2 * (o[i] - y[i]) for i in range(k)]
                loss += sum((o[i] - y[i]) ** 2 for i in range(k))
                if kinds[-1] == "softmax":
                    dot = sum(g[i] * o[i] for i in range(k))
                    d = [o[i] * (g[i] - dot) for i in range(k)]
                else:
                    d = [g[i] * act_d(kinds[-1], z[i], o[i], pars[-1]) for i in range(k)]
            else:
                d = [o[i] - y[i] for i in range(k)]
                if case.loss == "log":
                    loss += sum(max(v, 0) + math.log1p(math.exp(-abs(v))) - t * v for v, t in zip(z, y))
                else:
                    lse = max(z) + math.log(sum(math.exp(v - max(z)) for v in z))
                    loss += sum(t * (lse - v) for v, t in zip(z, y))
            for l in range(L - 1, -1, -1):
                m, c = sizes[l + 1], sizes[l]
                for i in range(m):
                    for j in range(c):
                        if M[l][i * c + j]:
                            GW[l][i * c + j] += d[i] * A[l][j]
                    if GB[l]:
                        GB[l][i] += d[i]
                if l:
                    d = [sum(W[l][i * c + j] * d[i] for i in range(m))
                         * act_d(kinds[l - 1], Z[l - 1][j], A[l][j], pars[l - 1]) for j in range(c)]
        for l in range(L):
            W[l] = [w - case.learning_rate * g for w, g in zip(W[l], GW[l])]
            B[l] = B[l] and [w - case.learning_rate * g for w, g in zip(B[l], GB[l])]
        mats = lambda vs: [np.array(v, dt).reshape(sizes[l + 1], sizes[l]) for l, v in enumerate(vs)]
        vecs = lambda vs: [None if v is None else np.array(v, dt) for v in vs]
        results.append({"loss": dt.type(loss), "weight_gradients": mats(GW), "bias_gradients": vecs(GB),
                        "weights": mats(W), "biases": vecs(B)})
    return results
