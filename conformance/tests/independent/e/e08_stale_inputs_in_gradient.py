"""Fault: the weight gradient uses the activations of the update before (from the second update on)."""
import numpy as np
import backproof


def sg(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def act(layer, z):
    name = layer.activation.name
    if name == "leaky_relu":
        k = float(dict(layer.activation.parameters)["slope"])
        return np.where(z > 0, z, k * z), np.where(z > 0, 1, k).astype(z.dtype)
    if name == "sigmoid":
        return sg(z), sg(z) * sg(-z)
    if name == "tanh":
        return np.tanh(z), 4 * sg(2 * z) * sg(-2 * z)
    return z, np.ones_like(z)


@backproof.subject(activations=["leaky_relu", "sigmoid", "tanh", "identity"], losses=["squared", "log"])
def net(case):
    L = len(case.layers)
    weights = [l.weights.copy() for l in case.layers]
    biases = [None if l.biases is None else l.biases.copy() for l in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    before = None
    results = []
    for batch in case.batches:
        a, zs, slopes = [case.x[list(batch)]], [], []
        for l in range(L):
            z = a[l] @ weights[l].T
            if biases[l] is not None:
                z = z + biases[l]
            value, slope = act(case.layers[l], z)
            zs.append(z), a.append(value), slopes.append(slope)
        y, d = case.y[list(batch)], [None] * L
        d[-1] = a[-1] - y if case.loss == "log" else 2 * (a[-1] - y) * slopes[-1]
        for l in range(L - 2, -1, -1):
            d[l] = (d[l + 1] @ weights[l + 1]) * slopes[l]
        cache = [t.copy() for t in a]
        if before is not None:
            for now, old in zip(cache, before):
                m = min(len(now), len(old))
                now[:m] = old[:m]
        before = a
        gw = [d[l].T @ cache[l] for l in range(L)]
        for l in range(L):
            if case.layers[l].mask is not None:
                gw[l] = gw[l] * case.layers[l].mask
        gb = [None if biases[l] is None else d[l].sum(axis=0) for l in range(L)]
        weights = [w - rate * g for w, g in zip(weights, gw)]
        biases = [None if b is None else b - rate * g for b, g in zip(biases, gb)]
        results.append({"net_inputs": zs, "activations": a[1:], "deltas": d, "weight_gradients": gw,
                        "bias_gradients": gb, "weights": weights, "biases": biases})
    return results
