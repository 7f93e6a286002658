"""Fault: the deltas are propagated back through the weights after these were updated."""
import numpy as np
import backproof


def act(name, z):
    match name:
        case "sigmoid":
            e = np.exp(-abs(z))
            return np.where(z >= 0, 1 / (1 + e), e / (1 + e))
        case "tanh":
            return np.tanh(z)
        case "relu":
            return z * (z > 0)
        case "softplus":
            return np.maximum(z, 0) + np.log1p(np.exp(-abs(z)))
    return z


def grad(name, z):
    match name:
        case "sigmoid":
            s = act("sigmoid", z)
            return s * (1 - s)
        case "tanh":
            return 1 - np.tanh(z) ** 2
        case "relu":
            return (z > 0).astype(z.dtype)
        case "softplus":
            return act("sigmoid", z)
    return np.ones_like(z)


@backproof.subject(activations=["sigmoid", "tanh", "relu", "softplus", "identity"], losses=["squared", "log"],
                   skips=["no-biases"])
def net(case):
    params = [[p.weights.copy(), p.biases.copy()] for p in case.layers]
    eta = case.x.dtype.type(case.learning_rate)

    def descend(l, a, y):
        """Run layer l and everything above it; return dE/da of its input, updating on the way back."""
        if l == len(params):
            return None
        p, name = case.layers[l], case.layers[l].activation.name
        z = a @ params[l][0].T + params[l][1]
        o = act(name, z)
        upper = descend(l + 1, o, y)
        if upper is None:
            delta = o - y if case.loss == "log" else 2 * (o - y) * grad(name, z)
        else:
            delta = upper * grad(name, z)
        step = delta.T @ a
        if p.mask is not None:
            step[np.logical_not(p.mask)] = 0
        params[l][0] -= eta * step
        params[l][1] -= eta * delta.sum(axis=0)
        return delta @ params[l][0]

    history = []
    for batch in case.batches:
        rows = list(batch)
        descend(0, case.x[rows], case.y[rows])
        history.append({"weights": [w.copy() for w, _ in params], "biases": [b.copy() for _, b in params]})
    return history
