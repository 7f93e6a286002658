"""Fault: all layers are padded to one width and stacked; the slope of a hidden layer is taken at Z[l + 1], the net
inputs of the layer above, instead of Z[l] (where the layer above is narrower, the padding's zeros are met)."""
import numpy as np
import backproof


def sg(z):
    e = np.exp(-np.abs(z))
    return np.where(z < 0, e, 1) / (1 + e)


def value(act, z):
    p = dict(act.parameters)
    if act.name == "sigmoid":
        return sg(z)
    if act.name == "tanh":
        return np.tanh(z)
    if act.name == "relu":
        return np.maximum(z, 0)
    if act.name == "leaky_relu":
        return np.where(z > 0, z, z * p["slope"])
    if act.name == "elu":
        return np.where(z > 0, z, p["alpha"] * np.expm1(np.minimum(z, 0)))
    if act.name == "softplus":
        return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
    if act.name == "softmax":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)
    return z


def slope(act, z):
    p = dict(act.parameters)
    if act.name == "sigmoid":
        return sg(z) * sg(-z)
    if act.name == "tanh":
        return 1 - np.tanh(z) ** 2
    if act.name == "relu":
        return (z > 0).astype(z.dtype)
    if act.name == "leaky_relu":
        return np.where(z > 0, np.ones_like(z), p["slope"])
    if act.name == "elu":
        return np.where(z > 0, np.ones_like(z), p["alpha"] * np.exp(np.minimum(z, 0)))
    if act.name == "softplus":
        return sg(z)
    return np.ones_like(z)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    dt, L = case.x.dtype, len(case.layers)
    width = [case.x.shape[1]] + [l.weights.shape[0] for l in case.layers]
    P = max(width)
    W, B = np.zeros((L + 1, P, P), dt), np.zeros((L + 1, P), dt)
    edge = np.zeros((L + 1, P, P), bool)
    acts = [None] + [l.activation for l in case.layers]
    has_b = [False] + [l.biases is not None for l in case.layers]
    for l, layer in enumerate(case.layers, 1):
        m, k = width[l], width[l - 1]
        W[l, :m, :k] = layer.weights
        edge[l, :m, :k] = True if layer.mask is None else layer.mask
        if has_b[l]:
            B[l, :m] = layer.biases
    lr = dt.type(case.learning_rate)

    def cut(T, weights=False):
        if weights:
            return [T[l, :width[l], :width[l - 1]].copy() for l in range(1, L + 1)]
        return [T[l, :, :width[l]].copy() for l in range(1, L + 1)]

    def cut_b(T):
        return [T[l, :width[l]].copy() if has_b[l] else None for l in range(1, L + 1)]

    out = []
    for batch in case.batches:
        n = len(batch)
        Z, A, D = (np.zeros((L + 1, n, P), dt) for _ in range(3))
        A[0, :, :width[0]] = case.x[list(batch)]
        y = case.y[list(batch)]
        for l in range(1, L + 1):
            Z[l] = A[l - 1] @ W[l].T + B[l]
            A[l, :, :width[l]] = value(acts[l], Z[l, :, :width[l]])
        o, z = A[L, :, :width[L]], Z[L, :, :width[L]]
        top = o - y
        if case.loss == "squared":
            loss, top = (top ** 2).sum(), 2 * top
            if acts[L].name == "softmax":
                top = o * (top - (o * top).sum(axis=1, keepdims=True))
            else:
                top = top * slope(acts[L], z)
        elif case.loss == "log":
            loss = (np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))).sum()
        else:
            u = z - z.max(axis=1, keepdims=True)
            loss = (y * (np.log(np.exp(u).sum(axis=1, keepdims=True)) - u)).sum()
        D[L, :, :width[L]] = top
        for l in range(L - 1, 0, -1):
            D[l] = slope(acts[l], Z[l + 1]) * (D[l + 1] @ W[l + 1])
        GW, GB = np.zeros_like(W), np.zeros_like(B)
        for l in range(1, L + 1):
            GW[l] = np.where(edge[l], D[l].T @ A[l - 1], 0)
            if has_b[l]:
                GB[l] = D[l].sum(axis=0)
        W = W - lr * GW
        B = B - lr * GB
        out.append({"net_inputs": cut(Z), "activations": cut(A), "deltas": cut(D), "loss": loss,
                    "weight_gradients": cut(GW, True), "bias_gradients": cut_b(GB),
                    "weights": cut(W, True), "biases": cut_b(B)})
    return out
