"""The backward pass multiplies by (z > 0) in every hidden layer, whatever its activation is: the derivative of ReLU
also for sigmoid, tanh, softplus, ELU, leaky ReLU and identity."""
import numpy as np

import backproof


def f(z, activation):
    p = dict(activation.parameters)
    match activation.name:
        case "sigmoid":
            return np.exp(-np.logaddexp(0, -z))
        case "tanh":
            return np.tanh(z)
        case "relu":
            return np.maximum(z, 0)
        case "leaky_relu":
            return np.where(z > 0, z, p["slope"] * z)
        case "elu":
            return np.where(z > 0, z, p["alpha"] * np.expm1(np.minimum(z, 0)))
        case "softplus":
            return np.logaddexp(0, z)
        case "softmax":
            e = np.exp(z - z.max(axis=1)[:, None])
            return np.einsum("nk,n->nk", e, 1 / e.sum(axis=1))
        case _:
            return z


def mean_loss(kind, z, o, y):
    n = len(y)
    if kind == "squared":
        return np.einsum("nk,nk->", o - y, o - y) / n
    if kind == "log":
        return (np.einsum("nk,nk->", y, np.logaddexp(0, -z)) + np.einsum("nk,nk->", 1 - y, np.logaddexp(0, z))) / n
    z = z - z.max(axis=1)[:, None]
    return np.einsum("nk,nk->", y, np.log(np.exp(z).sum(axis=1))[:, None] - z) / n


@backproof.subject(activations=["sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "identity", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"], reduction="mean")
def net(case):
    real = case.x.dtype.type
    weights = {l: np.array(layer.weights) for l, layer in enumerate(case.layers, 1)}
    biases = {l: np.array(layer.biases) for l, layer in enumerate(case.layers, 1) if layer.biases is not None}
    edges = {l: layer.mask for l, layer in enumerate(case.layers, 1)}
    L = len(weights)
    out = []
    for batch in case.batches:
        a, z, delta, gw, gb = {0: np.take(case.x, batch, axis=0)}, {}, {}, {}, {}
        y = np.take(case.y, batch, axis=0)
        for l in range(1, L + 1):
            z[l] = np.einsum("nj,ij->ni", a[l - 1], weights[l])
            if l in biases:
                z[l] = z[l] + biases[l]
            a[l] = f(z[l], case.layers[l - 1].activation).astype(z[l].dtype)
        delta[L] = (a[L] - y) * real(2 if case.loss == "squared" else 1) / real(len(batch))
        for l in range(L - 1, 0, -1):
            delta[l] = np.einsum("nj,ji,ni->ni", delta[l + 1], weights[l + 1], z[l] > 0)
        for l in range(1, L + 1):
            gw[l] = np.einsum("ni,nj->ij", delta[l], a[l - 1])
            if edges[l] is not None:
                gw[l] = np.einsum("ij,ij->ij", gw[l], edges[l])
            weights[l] = weights[l] - real(case.learning_rate) * gw[l]
            if l in biases:
                gb[l] = np.einsum("ni->i", delta[l])
                biases[l] = biases[l] - real(case.learning_rate) * gb[l]
        order = range(1, L + 1)
        out.append({"net_inputs": [z[l] for l in order], "activations": [a[l] for l in order],
                    "deltas": [delta[l] for l in order], "loss": real(mean_loss(case.loss, z[L], a[L], y)),
                    "weight_gradients": [gw[l] for l in order], "bias_gradients": [gb.get(l) for l in order],
                    "weights": [weights[l] for l in order], "biases": [biases.get(l) for l in order]})
    return out
