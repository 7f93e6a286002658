"""Style: tables of lambdas over row batches; fault: squared loss, but f'(z) is missing in the output delta."""

import numpy as np

import backproof


def logistic(t):
    e = np.exp(-np.abs(t))
    return np.where(t >= 0, 1 / (1 + e), e / (1 + e))


def sech_squared(t):
    e = np.exp(-2 * np.abs(t))
    return 4 * e / (1 + e) ** 2


VALUE = {
    "identity": lambda t: t.copy(),
    "sigmoid": logistic,
    "tanh": np.tanh,
}
SLOPE = {
    "identity": lambda t: np.ones_like(t),
    "sigmoid": lambda t: logistic(t) * logistic(-t),
    "tanh": sech_squared,
}


def one_update(ws, bs, masks, names, x, y, rate):
    zs, acts = [], [x]
    for w, b, name in zip(ws, bs, names):
        z = acts[-1] @ w.T
        if b is not None:
            z = z + b
        zs.append(z)
        acts.append(VALUE[name](z))
    residual = acts[-1] - y
    loss = np.sum(residual * residual)

    deltas = [2 * residual]
    for w, z, name in zip(ws[:0:-1], zs[-2::-1], names[-2::-1]):
        deltas.append((deltas[-1] @ w) * SLOPE[name](z))
    deltas.reverse()

    gws = [d.T @ a for d, a in zip(deltas, acts)]
    gws = [g if m is None else g * m for g, m in zip(gws, masks)]
    gbs = [None if b is None else d.sum(axis=0) for b, d in zip(bs, deltas)]
    new_ws = [w - rate * g for w, g in zip(ws, gws)]
    new_bs = [None if b is None else b - rate * g for b, g in zip(bs, gbs)]
    shown = dict(
        net_inputs=zs,
        activations=acts[1:],
        loss=loss,
        deltas=deltas,
        weight_gradients=gws,
        bias_gradients=gbs,
        weights=new_ws,
        biases=new_bs,
    )
    return shown, new_ws, new_bs


@backproof.subject(activations=["identity", "sigmoid", "tanh"], losses=["squared"])
def net(case):
    ws = [layer.weights for layer in case.layers]
    bs = [layer.biases for layer in case.layers]
    masks = [layer.mask for layer in case.layers]
    names = [layer.activation.name for layer in case.layers]
    history = []
    for batch in case.batches:
        rows = list(batch)
        shown, ws, bs = one_update(ws, bs, masks, names, case.x[rows], case.y[rows], float(case.learning_rate))
        history.append(shown)
    return history
