"""Fault: the gradients are formed from row 0 of the deltas and activations alone; the other samples of the batch are
counted in the loss, but teach nothing."""
import numpy as np
import backproof


def sigma(z):
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-z))


def sm(z):
    e = np.exp((z.T - z.max(axis=1)).T)
    return (e.T / e.sum(axis=1)).T


def log_of_sum(z):
    return np.log(np.exp(z).sum(axis=1, keepdims=True)) - z


f = dict(identity=lambda z: z, sigmoid=sigma, tanh=np.tanh, relu=lambda z: np.maximum(z, 0), softmax=sm)
df = dict(identity=lambda a: np.ones_like(a), sigmoid=lambda a: a * (1 - a), tanh=lambda a: 1 - a * a,
          relu=lambda a: np.sign(a))
loss_of = dict(
    squared=lambda z, o, y: ((y - o) ** 2).sum(),
    log=lambda z, o, y: (np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))).sum(),
    cross_entropy=lambda z, o, y: (y * log_of_sum(z - z.max(axis=1, keepdims=True))).sum())


@backproof.subject(activations=list(f), losses=list(loss_of), skips=["general-output-delta"])
def net(case):
    p = {}
    for l, layer in enumerate(case.layers, 1):
        p[f"W{l}"] = layer.weights.copy()
        if layer.biases is not None:
            p[f"b{l}"] = layer.biases.copy()
    L = len(case.layers)
    kind = {l: layer.activation.name for l, layer in enumerate(case.layers, 1)}
    reports = []
    for batch in case.batches:
        s = {"a0": case.x[list(batch)]}
        y = case.y[list(batch)]
        for l in range(1, L + 1):
            s[f"z{l}"] = s[f"a{l-1}"] @ p[f"W{l}"].T + p.get(f"b{l}", 0)
            s[f"a{l}"] = f[kind[l]](s[f"z{l}"])
        loss = loss_of[case.loss](s[f"z{L}"], s[f"a{L}"], y)
        s[f"d{L}"] = s[f"a{L}"] - y
        if case.loss == "squared":
            s[f"d{L}"] *= 2
        for l in range(L - 1, 0, -1):
            s[f"d{l}"] = s[f"d{l+1}"] @ p[f"W{l+1}"] * df[kind[l]](s[f"a{l}"])
        g = {}
        for l in range(1, L + 1):
            g[f"W{l}"] = np.outer(s[f"d{l}"][0], s[f"a{l-1}"][0])
            if case.layers[l - 1].mask is not None:
                g[f"W{l}"] *= case.layers[l - 1].mask
            if f"b{l}" in p:
                g[f"b{l}"] = s[f"d{l}"][0].copy()
        p = {name: value - case.learning_rate * g[name] for name, value in p.items()}
        series = lambda where, letter: [where.get(f"{letter}{l}") for l in range(1, L + 1)]
        reports.append({"deltas": series(s, "d"), "loss": loss,
                        "weight_gradients": series(g, "W"), "bias_gradients": series(g, "b"),
                        "weights": series(p, "W"), "biases": series(p, "b")})
    return reports
