"""Fault: the loop of the updates runs over range(1, L), as if layer 0 were the input; with lists that begin at 0
the first layer's weights and biases keep their first values forever. The gradients are right."""
import numpy as np
import backproof


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z < 0, e / (1 + e), 1 / (1 + e))


def activate(act, z):
    k = dict(act.parameters)
    return {
        "identity": lambda: z,
        "sigmoid": lambda: sigmoid(z),
        "tanh": lambda: np.tanh(z),
        "relu": lambda: np.maximum(z, 0),
        "leaky_relu": lambda: np.maximum(z, 0) + k["slope"] * np.minimum(z, 0),
        "softmax": lambda: np.exp(log_softmax(z)),
    }[act.name]()


def derive(act, z):
    k = dict(act.parameters)
    return {
        "identity": lambda: np.ones_like(z),
        "sigmoid": lambda: sigmoid(z) * sigmoid(-z),
        "tanh": lambda: 1 - np.tanh(z) ** 2,
        "relu": lambda: (z > 0).astype(z.dtype),
        "leaky_relu": lambda: (z > 0) + k["slope"] * (z <= 0).astype(z.dtype),
    }[act.name]()


def log_softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def loss_and_delta(case, z, o, y):
    act = case.layers[-1].activation
    if case.loss == "log":
        return (np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))).sum(), o - y
    if case.loss == "cross_entropy":
        return -(y * log_softmax(z)).sum(), o - y
    g = 2 * (o - y)
    if act.name == "softmax":
        return ((o - y) ** 2).sum(), o * (g - (g * o).sum(axis=1, keepdims=True))
    return ((o - y) ** 2).sum(), g * derive(act, z)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    L = len(case.layers)
    w = [layer.weights.copy() for layer in case.layers]
    b = [None if layer.biases is None else layer.biases.copy() for layer in case.layers]
    lr = case.x.dtype.type(case.learning_rate)
    results = []
    for batch in case.batches:
        x, y = case.x[list(batch)], case.y[list(batch)]
        z, a = [], []
        for l in range(L):
            z.append((a[l - 1] if l else x) @ w[l].T + (0 if b[l] is None else b[l]))
            a.append(activate(case.layers[l].activation, z[l]))
        loss, top = loss_and_delta(case, z[-1], a[-1], y)
        delta = [top]
        for l in range(L - 2, -1, -1):
            delta.insert(0, derive(case.layers[l].activation, z[l]) * (delta[0] @ w[l + 1]))
        dw = [d.T @ p for d, p in zip(delta, [x] + a[:-1])]
        dw = [g if layer.mask is None else g * layer.mask for g, layer in zip(dw, case.layers)]
        db = [None if v is None else d.sum(axis=0) for d, v in zip(delta, b)]
        for l in range(1, L):
            w[l] = w[l] - lr * dw[l]
            if b[l] is not None:
                b[l] = b[l] - lr * db[l]
        results.append({"net_inputs": z, "activations": a, "deltas": delta, "loss": loss, "weight_gradients": dw,
                        "bias_gradients": db, "weights": list(w), "biases": list(b)})
    return results
