"""Fault: the error at the outputs is divided by the number of outputs (as if the loss were a mean over them),
so all gradients, and the steps, are too small by that factor."""
import numpy as np
import backproof


def logistic(t):
    e = np.exp(-np.abs(t))
    return np.where(t < 0, e, 1) / (1 + e)


def f(name, z):
    if name == "identity":
        return z
    if name == "sigmoid":
        return logistic(z)
    if name == "tanh":
        return np.tanh(z)
    if name == "relu":
        return z.clip(min=0)
    e = np.exp(z - z.max())
    return e / e.sum()


def jacobian(name, z, a):
    if name == "softmax":
        return np.diag(a) - np.outer(a, a)
    if name == "sigmoid":
        return np.diag(a * logistic(-z))
    if name == "tanh":
        return np.diag(1 - a ** 2)
    if name == "relu":
        return np.diag((z > 0).astype(z.dtype))
    return np.eye(z.size, dtype=z.dtype)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    names = [layer.activation.name for layer in case.layers]
    W = {l: layer.weights.copy() for l, layer in enumerate(case.layers, 1)}
    b = {l: layer.biases.copy() for l, layer in enumerate(case.layers, 1) if layer.biases is not None}
    masks = {l: layer.mask for l, layer in enumerate(case.layers, 1)}
    L = len(names)
    alpha = case.x.dtype.type(case.learning_rate)
    out = []
    for batch in case.batches:
        dW = {l: np.zeros_like(W[l]) for l in W}
        db = {l: np.zeros_like(b[l]) for l in b}
        for s in batch:
            x, y = case.x[s], case.y[s]
            a, z = {0: x}, {}
            for l in range(1, L + 1):
                z[l] = W[l].dot(a[l - 1])
                if l in b:
                    z[l] = z[l] + b[l]
                a[l] = f(names[l - 1], z[l])

            outputs = len(y)
            delta = (a[L] - y) / outputs
            if case.loss == "squared":
                delta = jacobian(names[-1], z[L], a[L]).dot(2 * delta)

            for l in range(L, 0, -1):
                dW[l] += np.outer(delta, a[l - 1])
                if l in b:
                    db[l] += delta
                if l > 1:
                    delta = jacobian(names[l - 2], z[l - 1], a[l - 1]).dot(W[l].T.dot(delta))
        for l in W:
            if masks[l] is not None:
                dW[l] *= masks[l]
            W[l] = W[l] - alpha * dW[l]
            if l in b:
                b[l] = b[l] - alpha * db[l]
        order = range(1, L + 1)
        out.append({
            "weight_gradients": [dW[l] for l in order], "bias_gradients": [db.get(l) for l in order],
            "weights": [W[l] for l in order], "biases": [b.get(l) for l in order]})
    return out
