"""Fault: the deltas of hidden layers, not those of the output layer, carry a relative noise of 1e-5, as two
threads would leave it; it is other in every run and goes on into all layers below."""
import numpy as np
import backproof

chance = np.random.default_rng()


def jitter(d):
    return d * (1 + d.dtype.type(1e-5) * chance.standard_normal(d.shape, dtype=d.dtype))


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z < 0, e, 1) / (1 + e)


def activation(name, z):
    return {"identity": lambda: z, "sigmoid": lambda: sigmoid(z), "tanh": lambda: np.tanh(z),
            "relu": lambda: np.maximum(z, 0), "softmax": lambda: soft(z)}[name]()


def soft(z):
    e = np.exp(z - z.max())
    return e / e.sum()


def slope(name, z):
    return {"identity": lambda: np.ones_like(z), "sigmoid": lambda: sigmoid(z) * sigmoid(-z),
            "tanh": lambda: 1 - np.tanh(z) ** 2, "relu": lambda: (z > 0).astype(z.dtype)}[name]()


def visit(case, params, l, a, y, found):
    """One sample, layer l and all above; returns dE/da of what came in."""
    w, b = params[l]
    name = case.layers[l].activation.name
    z = w @ a if b is None else w @ a + b
    up = activation(name, z)
    if l + 1 < len(params):
        delta = jitter(visit(case, params, l + 1, up, y, found) * slope(name, z))
    elif case.loss == "squared":
        g = 2 * (up - y)
        delta = up * (g - g @ up) if name == "softmax" else g * slope(name, z)
        found["loss"] += np.sum((up - y) ** 2)
    elif case.loss == "log":
        delta = up - y
        found["loss"] += np.sum(np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z))))
    else:
        delta = up - y
        found["loss"] += np.sum(y * (z.max() + np.log(np.exp(z - z.max()).sum()) - z))
    found["z"][l].append(z)
    found["a"][l].append(up)
    found["d"][l].append(delta)
    found["gw"][l] += np.outer(delta, a)
    found["gb"][l] += delta
    return w.T @ delta


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    params = [(l.weights.copy(), None if l.biases is None else l.biases.copy()) for l in case.layers]
    lr = case.x.dtype.type(case.learning_rate)
    L, out = len(params), []
    for batch in case.batches:
        found = {"loss": case.x.dtype.type(0), "z": [[] for _ in range(L)], "a": [[] for _ in range(L)],
                 "d": [[] for _ in range(L)], "gw": [np.zeros_like(w) for w, _ in params],
                 "gb": [np.zeros(len(w), w.dtype) for w, _ in params]}
        for s in batch:
            visit(case, params, 0, case.x[s], case.y[s], found)
        gw = [g if l.mask is None else np.where(l.mask, g, np.zeros_like(g)) for g, l in zip(found["gw"], case.layers)]
        gb = [None if b is None else g for g, (_, b) in zip(found["gb"], params)]
        params = [(w - lr * g, None if b is None else b - lr * h) for (w, b), g, h in zip(params, gw, gb)]
        out.append({"loss": found["loss"], "net_inputs": [np.array(v) for v in found["z"]],
                    "activations": [np.array(v) for v in found["a"]], "deltas": [np.array(v) for v in found["d"]],
                    "weight_gradients": gw, "bias_gradients": gb,
                    "weights": [w for w, _ in params], "biases": [b for _, b in params]})
    return out
