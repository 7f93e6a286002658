"""Fault: softplus is taken for a smooth ReLU in the backward pass too: its derivative is 1 for z > 0 and 0 below,
instead of sigmoid(z)."""
import numpy as np

import backproof

# E2 is taken at its word: the bias is weight number 0, and every layer's input starts with a 1.


def with_one(a):
    return np.hstack([np.ones((a.shape[0], 1), a.dtype), a])


def stable_sigmoid(z):
    s = np.empty(z.shape, z.dtype)
    np.exp(-np.abs(z), out=s)
    return np.where(z >= 0, 1 / (1 + s), s / (1 + s))


def step(z):
    return (z > 0).astype(z.dtype)


table = {
    "identity": dict(f=lambda z: z, df=lambda z, a: np.ones_like(z)),
    "sigmoid": dict(f=stable_sigmoid, df=lambda z, a: a * (1 - a)),
    "tanh": dict(f=np.tanh, df=lambda z, a: 1 - a * a),
    "relu": dict(f=lambda z: z * step(z), df=lambda z, a: step(z)),
    "softplus": dict(f=lambda z: np.logaddexp(np.zeros_like(z), z), df=lambda z, a: step(z)),
    "softmax": dict(f=lambda z: (lambda e: e / e.sum(1, keepdims=True))(np.exp(z - z.max(1, keepdims=True))), df=None),
}


def error_and_delta(loss, name, z, o, y):
    if loss == "squared":
        g, df = 2 * (o - y), table[name]["df"]
        return np.vdot(o - y, o - y), g * df(z, o) if df else o * (g - (o * g).sum(1, keepdims=True))
    if loss == "log":
        return np.sum(np.logaddexp(np.zeros_like(z), z) - y * z), o - y
    m = z - z.max(1, keepdims=True)
    return np.sum(y * (np.log(np.exp(m).sum(1, keepdims=True)) - m)), o - y


@backproof.subject(activations=list(table), losses=["squared", "log", "cross_entropy"])
def net(case):
    names, has_bias, V, edges = [], [], [], []
    for layer in case.layers:
        n_out, n_in = layer.weights.shape
        v, e = np.zeros((n_out, n_in + 1), case.x.dtype), np.ones((n_out, n_in + 1), bool)
        v[:, 1:] = layer.weights
        has_bias.append(layer.biases is not None)
        e[:, 0] = has_bias[-1]
        if has_bias[-1]:
            v[:, 0] = layer.biases
        if layer.mask is not None:
            e[:, 1:] = layer.mask
        names.append(layer.activation.name)
        V.append(v)
        edges.append(e)
    reports = []
    for rows in case.batches:
        fed, zs, acts = [], [], [case.x[rows]]
        for name, v in zip(names, V):
            fed.append(with_one(acts[-1]))
            zs.append(fed[-1] @ v.T)
            acts.append(table[name]["f"](zs[-1]))
        loss, d = error_and_delta(case.loss, names[-1], zs[-1], acts[-1], case.y[rows])
        deltas = [d]
        for l in range(len(V) - 2, -1, -1):
            deltas.insert(0, (deltas[0] @ V[l + 1][:, 1:]) * table[names[l]]["df"](zs[l], acts[l + 1]))
        grads = [np.where(e, d.T @ a, np.zeros_like(v)) for d, a, e, v in zip(deltas, fed, edges, V)]
        for v, g in zip(V, grads):
            v -= case.x.dtype.type(case.learning_rate) * g
        first = lambda ms: [m[:, 0].copy() if has else None for m, has in zip(ms, has_bias)]
        rest = lambda ms: [m[:, 1:].copy() for m in ms]
        reports.append({"net_inputs": zs, "activations": acts[1:], "deltas": deltas, "loss": loss,
                        "weight_gradients": rest(grads), "bias_gradients": first(grads),
                        "weights": rest(V), "biases": first(V)})
    return reports[0] if len(reports) == 1 else reports
