"""Fault: gradient ascent on the biases only."""
import numpy as np
import backproof


def half_angle(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


@backproof.subject(activations=["leaky_relu", "sigmoid", "tanh", "relu", "identity"], losses=["squared", "log"],
                   reduction="mean", delta_of="sample")
def net(case):
    state = [(l.weights, l.biases) for l in case.layers]
    dt = case.x.dtype

    def act(l, z):
        name = l.activation.name
        if name == "leaky_relu":
            k = dt.type([v for _, v in l.activation.parameters][0])
            return np.where(z > 0, z, k * z), np.where(z > 0, dt.type(1), k)
        if name == "relu":
            return np.maximum(z, 0), (z > 0).astype(dt)
        if name == "sigmoid":
            a = half_angle(z)
            return a, a * (1 - a)
        if name == "tanh":
            a = np.tanh(z)
            return a, 1 - a ** 2
        return z, np.ones_like(z)

    def walk(k, a, y):
        """Returns (deltas, gradients) of the layers from k on."""
        w, b = state[k]
        z = a @ w.T
        if b is not None:
            z = z + b
        o, slope = act(case.layers[k], z)
        if k + 1 == len(state):
            d = o - y if case.loss == "log" else 2 * (o - y) * slope
            rest = []
        else:
            rest = walk(k + 1, o, y)
            d = slope * (rest[0][0] @ state[k + 1][0])
        gw = d.T @ a / dt.type(len(a))
        if case.layers[k].mask is not None:
            gw = gw * case.layers[k].mask
        return [(d, gw, d.mean(axis=0))] + rest

    out = []
    lr = dt.type(case.learning_rate)
    for batch in case.batches:
        found = walk(0, case.x[list(batch)], case.y[list(batch)])
        state = [(w - lr * gw, None if b is None else b + lr * gb) for (w, b), (_, gw, gb) in zip(state, found)]
        out.append({"deltas": [d for d, _, _ in found], "weight_gradients": [g for _, g, _ in found],
                    "bias_gradients": [None if b is None else g for (_, _, g), (_, b) in zip(found, state)],
                    "weights": [w for w, _ in state], "biases": [b for _, b in state]})
    return out
