"""Fault: the output error is divided by o.size, so besides the declared mean over the samples there is an
undeclared mean over the outputs."""
import numpy as np
import backproof


def squash(z):
    """Logistic function by way of tanh's cousin with a non-positive exponent."""
    q = np.exp(-np.abs(z))
    big = 1 / (1 + q)
    return np.where(z < 0, q * big, big)


def act(kind, z):
    match kind:
        case "sigmoid":
            return squash(z)
        case "tanh":
            return np.tanh(z)
        case "relu":
            return np.where(z > 0, z, 0).astype(z.dtype)
        case "softplus":
            return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
        case "softmax":
            e = np.exp(z - z.max(-1, keepdims=True))
            return e / np.einsum("nk->n", e)[:, None]
    return z.copy()


def pull(kind, z, a, g):
    """Jacobian of the activation, transposed, times g."""
    match kind:
        case "sigmoid":
            return g * squash(z) * squash(-z)
        case "tanh":
            return g * 4 * squash(2 * z) * squash(-2 * z)
        case "relu":
            return g * (z > 0)
        case "softplus":
            return g * squash(z)
        case "softmax":
            return a * (g - np.einsum("nk,nk->n", g, a)[:, None])
    return g


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], reduction="mean", delta_of="error")
def net(case):
    kinds = [layer.activation.name for layer in case.layers]
    W = [layer.weights.copy() for layer in case.layers]
    B = [layer.biases if layer.biases is None else layer.biases.copy() for layer in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    out = []
    for batch in case.batches:
        batch = list(batch)
        y = case.y[batch]
        a, z = [case.x[batch]], []
        for w, c, k in zip(W, B, kinds):
            z.append(np.einsum("ij,nj->ni", w, a[-1]))
            if c is not None:
                z[-1] += c
            a.append(act(k, z[-1]))
        o = a[-1]
        if case.loss == "squared":
            d = pull(kinds[-1], z[-1], o, 2 * (o - y) / o.size)
        else:
            d = (o - y) / o.size
        deltas = [d]
        for l in range(len(W) - 1, 0, -1):
            d = pull(kinds[l - 1], z[l - 1], a[l], np.einsum("ni,ij->nj", d, W[l]))
            deltas.append(d)
        deltas.reverse()
        gw, gb = [], []
        for l, d in enumerate(deltas):
            g = np.einsum("ni,nj->ij", d, a[l])
            if case.layers[l].mask is not None:
                g *= case.layers[l].mask
            gw.append(g)
            gb.append(None if B[l] is None else np.einsum("ni->i", d))
        W = [w - rate * g for w, g in zip(W, gw)]
        B = [None if c is None else c - rate * g for c, g in zip(B, gb)]
        out.append({"deltas": deltas, "activations": a[1:], "net_inputs": z, "weight_gradients": gw,
                    "bias_gradients": gb, "weights": W, "biases": B})
    return out
