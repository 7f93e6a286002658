"""Fault: f'(z) is taken as 1 - a^2 whatever the activation is (right for tanh only). Mean over the batch."""
import numpy as np
import backproof


def sigmoid(z):
    t = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, t) / (1 + t)


FORWARD = {
    "identity": lambda z, p: +z,
    "sigmoid": lambda z, p: sigmoid(z),
    "tanh": lambda z, p: np.tanh(z),
    "relu": lambda z, p: np.where(z > 0, z, 0),
    "leaky_relu": lambda z, p: np.where(z > 0, z, p["slope"] * z),
    "elu": lambda z, p: np.where(z > 0, z, p["alpha"] * np.expm1(np.minimum(z, 0))),
    "softplus": lambda z, p: np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))),
}


def derivative(a):
    return 1 - np.square(a)


def softmax(z):
    e = np.exp(z - np.max(z, axis=1)[:, None])
    return np.einsum("ni,n->ni", e, 1 / np.einsum("ni->n", e))


def mean_loss(loss, z, o, y):
    n = len(y)
    if loss == "squared":
        return np.einsum("ni,ni->", y - o, y - o) / n
    if loss == "log":
        soft = np.log1p(np.exp(-np.abs(z)))
        return (np.einsum("ni,ni->", y, soft - np.minimum(z, 0)) + np.einsum("ni,ni->", 1 - y, soft + np.maximum(z, 0))) / n
    shifted = z - np.max(z, axis=1)[:, None]
    logp = shifted - np.log(np.exp(shifted).sum(axis=1))[:, None]
    return -np.einsum("ni,ni->", y, logp) / n


@backproof.subject(activations=list(FORWARD) + ["softmax"], losses=["squared", "log", "cross_entropy"],
                   skips=["general-output-delta"], reduction="mean", delta_of="error")
def net(case):
    T = case.x.dtype.type
    weights = [l.weights + 0 for l in case.layers]
    biases = [None if l.biases is None else l.biases + 0 for l in case.layers]
    out = []
    for batch in case.batches:
        y = np.take(case.y, batch, axis=0)
        a = [np.take(case.x, batch, axis=0)]
        z = []
        for layer, w, b in zip(case.layers, weights, biases):
            s = np.einsum("ij,nj->ni", w, a[-1])
            z.append(s if b is None else s + b[None, :])
            act = layer.activation
            r = softmax(z[-1]) if act.name == "softmax" else FORWARD[act.name](z[-1], dict(act.parameters))
            a.append(r.astype(T))
        factor = T(2 if case.loss == "squared" else 1)
        delta = [factor * (a[-1] - y) / T(len(y))]
        for i in range(len(weights) - 1, 0, -1):
            delta = [np.einsum("nk,ki,ni->ni", delta[0], weights[i], derivative(a[i]))] + delta
        gw = [np.einsum("ni,nj->ij", d, p) for d, p in zip(delta, a)]
        gw = [g if l.mask is None else g * l.mask for g, l in zip(gw, case.layers)]
        gb = [None if b is None else np.einsum("ni->i", d) for d, b in zip(delta, biases)]
        E = T(mean_loss(case.loss, z[-1], a[-1], y))
        weights = [w - T(case.learning_rate) * g for w, g in zip(weights, gw)]
        biases = [None if b is None else b - T(case.learning_rate) * g for b, g in zip(biases, gb)]
        out.append({"net_inputs": z, "activations": a[1:], "deltas": delta, "loss": E, "weight_gradients": gw,
                    "bias_gradients": gb, "weights": weights, "biases": biases})
    return out
