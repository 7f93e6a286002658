"""Fault: hidden deltas are divided by f' instead of multiplied."""
import numpy as np
import backproof


def sig(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def forward(act, z):
    p = dict(act.parameters)
    if act.name == "leaky_relu":
        return np.where(z > 0, z, float(p["slope"]) * z)
    if act.name == "softplus":
        return np.logaddexp(0, z)
    if act.name == "softmax":
        e = np.exp(z - z.max(1, keepdims=True))
        return e / e.sum(1, keepdims=True)
    return {"sigmoid": sig, "tanh": np.tanh, "identity": np.copy}[act.name](z)


def prime(act, z):
    if act.name == "leaky_relu":
        return np.where(z > 0, 1, float(dict(act.parameters)["slope"])).astype(z.dtype)
    return {"sigmoid": lambda t: sig(t) * sig(-t), "tanh": lambda t: 4 * sig(2 * t) * sig(-2 * t),
            "softplus": sig, "identity": np.ones_like}[act.name](z)


@backproof.subject(activations=["sigmoid", "tanh", "leaky_relu", "softplus", "identity", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"])
def net(case):
    weights, biases = [l.weights for l in case.layers], [l.biases for l in case.layers]
    rate, out = case.x.dtype.type(case.learning_rate), []
    for batch in case.batches:
        x = case.x[list(batch)]
        z, a = [], [x]
        for w, b, l in zip(weights, biases, case.layers):
            z.append(a[-1] @ w.T + (0 if b is None else b))
            a.append(forward(l.activation, z[-1]))
        d = (1 + (case.loss == "squared")) * (a.pop() - case.y[list(batch)])
        gw, gb = [], []
        for l in range(len(weights) - 1, -1, -1):
            mask = case.layers[l].mask
            gw.insert(0, d.T @ a[l] if mask is None else np.where(mask, d.T @ a[l], 0))
            gb.insert(0, None if biases[l] is None else d.sum(0))
            if l > 0:
                with np.errstate(all="ignore"):
                    d = (d @ weights[l]) / prime(case.layers[l - 1].activation, z[l - 1])
        weights = [w - rate * g for w, g in zip(weights, gw)]
        biases = [None if b is None else b - rate * g for b, g in zip(biases, gb)]
        out.append({"weight_gradients": gw, "bias_gradients": gb, "weights": weights, "biases": biases})
    return out
