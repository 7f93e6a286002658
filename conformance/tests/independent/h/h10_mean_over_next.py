"""Fault: a hidden delta takes the mean of w_ji delta_j over the next layer's neurons where the rule has their sum."""
import numpy as np
import backproof

STEP = {}


def activation(name):
    def register(pair):
        STEP[name] = pair
        return pair
    return register


@activation("identity")
def _(z):
    return z * 1, np.ones_like(z)


@activation("sigmoid")
def _(z):
    e = np.exp(-np.abs(z))
    small = e / (1 + e)
    return np.where(z >= 0, 1 - small, small), small / (1 + e)


@activation("tanh")
def _(z):
    t = np.tanh(z)
    return t, (1 + t) * (1 - t)


@activation("relu")
def _(z):
    on = (z > 0).astype(z.dtype)
    return z * on, on


@activation("softplus")
def _(z):
    e = np.exp(-np.abs(z))
    return np.maximum(z, 0) + np.log1p(e), np.where(z >= 0, 1 / (1 + e), e / (1 + e))


@activation("softmax")
def _(z):
    e = np.exp(z - z.max(1)[:, None])
    return e / e.sum(1)[:, None], None


@backproof.subject(activations=list(STEP), losses=["squared", "log", "cross_entropy"])
def net(case):
    p = {}
    for l, layer in enumerate(case.layers, 1):
        p["W", l] = layer.weights.copy()
        if layer.biases is not None:
            p["b", l] = layer.biases.copy()
    L = len(case.layers)
    eta = case.x.dtype.type(case.learning_rate)
    history = []
    for batch in case.batches:
        v = {("a", 0): case.x[list(batch)]}
        y = case.y[list(batch)]
        for l in range(1, L + 1):
            z = np.einsum("ij,nj->ni", p["W", l], v["a", l - 1]) + p.get(("b", l), case.x.dtype.type(0))
            v["z", l] = z
            v["a", l], v["s", l] = STEP[case.layers[l - 1].activation.name](z)
        o = v["a", L]
        z = v["z", L]
        if case.loss == "squared":
            loss = np.sum(np.square(y - o))
            g = 2 * (o - y)
            v["d", L] = o * (g - np.einsum("nk,nk->n", g, o)[:, None]) if v["s", L] is None else g * v["s", L]
        else:
            v["d", L] = o - y
            if case.loss == "log":
                loss = np.sum(y * STEP["softplus"](-z)[0] + (1 - y) * STEP["softplus"](z)[0])
            else:
                s = z - z.max(1)[:, None]
                loss = np.sum(y * (np.log(np.exp(s).sum(1))[:, None] - s))
        for l in range(L - 1, 0, -1):
            terms = v["d", l + 1][:, :, None] * p["W", l + 1][None, :, :]
            v["d", l] = v["s", l] * terms.mean(axis=1)
        g = {}
        for l in range(1, L + 1):
            g["W", l] = np.einsum("ni,nj->ij", v["d", l], v["a", l - 1])
            if case.layers[l - 1].mask is not None:
                g["W", l] *= case.layers[l - 1].mask
            if ("b", l) in p:
                g["b", l] = v["d", l].sum(axis=0)
        p = {k: p[k] - eta * g[k] for k in p}
        up = range(1, L + 1)
        history.append({"net_inputs": [v["z", l] for l in up], "activations": [v["a", l] for l in up],
                        "deltas": [v["d", l] for l in up], "loss": loss,
                        "weight_gradients": [g["W", l] for l in up], "bias_gradients": [g.get(("b", l)) for l in up],
                        "weights": [p["W", l] for l in up], "biases": [p.get(("b", l)) for l in up]})
    return history
