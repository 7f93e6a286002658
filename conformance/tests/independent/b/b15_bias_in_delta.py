"""Style: homogeneous coordinates (bias as weight w_i0); fault: off-by-one column slice, the bias weight takes part in the delta propagation."""

import numpy as np

import backproof


def with_one(a):
    return np.concatenate([np.ones((a.shape[0], 1), a.dtype), a], axis=1)


def g(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def f(name, z):
    if name == "sigmoid":
        return g(z)
    if name == "tanh":
        return np.tanh(z)
    if name == "softmax":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)
    return z.copy()


def df(name, z):
    if name == "sigmoid":
        return g(z) * g(-z)
    if name == "tanh":
        return 4 * g(2 * z) * g(-2 * z)
    return np.ones_like(z)


def criterion(kind, name, z, o, y):
    if kind == "squared":
        r = o - y
        return (r * r).sum(), 2 * r * df(name, z)
    if kind == "log":
        return (y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)).sum(), (1 - y) * o - y * g(-z)
    s = z - z.max(axis=1, keepdims=True)
    return (y * (np.log(np.exp(s).sum(axis=1, keepdims=True)) - s)).sum(), o * y.sum(axis=1, keepdims=True) - y


@backproof.subject(
    activations=["identity", "sigmoid", "tanh", "softmax"],
    losses=["squared", "log", "cross_entropy"],
    skips=["no-biases", "masked", "general-output-delta"],
)
def net(case):
    homogeneous = [np.column_stack([layer.biases, layer.weights]) for layer in case.layers]
    names = [layer.activation.name for layer in case.layers]
    rate = float(case.learning_rate)
    out = []
    for batch in case.batches:
        rows = list(batch)
        ones_and_a, zs, acts = [with_one(case.x[rows])], [], []
        for h, name in zip(homogeneous, names):
            zs.append(ones_and_a[-1] @ h.T)
            acts.append(f(name, zs[-1]))
            ones_and_a.append(with_one(acts[-1]))
        loss, delta = criterion(case.loss, names[-1], zs[-1], acts[-1], case.y[rows])
        deltas = [delta]
        for l in range(len(homogeneous) - 1, 0, -1):
            back = deltas[0] @ homogeneous[l]
            deltas.insert(0, back[:, :-1] * df(names[l - 1], zs[l - 1]))
        grads = [d.T @ a for d, a in zip(deltas, ones_and_a)]
        homogeneous = [h - rate * gr for h, gr in zip(homogeneous, grads)]
        out.append(
            {
                "net_inputs": zs,
                "activations": acts,
                "loss": loss,
                "deltas": deltas,
                "weight_gradients": [gr[:, 1:] for gr in grads],
                "bias_gradients": [gr[:, 0] for gr in grads],
                "weights": [h[:, 1:].copy() for h in homogeneous],
                "biases": [h[:, 0].copy() for h in homogeneous],
            }
        )
    return out
