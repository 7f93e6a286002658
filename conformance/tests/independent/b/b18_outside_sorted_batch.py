"""Style: stack machine, forward pushes and backward pops; fault: own invention, the batch is sorted by its first feature for the backward pass, the labels are not."""

import numpy as np

import backproof


def logi(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def value_of(name, z):
    match name:
        case "identity":
            return z.copy()
        case "sigmoid":
            return logi(z)
        case "tanh":
            return np.tanh(z)
        case "softplus":
            return np.logaddexp(np.zeros_like(z), z)
        case "softmax":
            e = np.exp(z - z.max(axis=1, keepdims=True))
            return e / e.sum(axis=1, keepdims=True)
    raise ValueError(name)


def slope_of(name, z):
    match name:
        case "identity":
            return np.ones_like(z)
        case "sigmoid":
            return logi(z) * logi(-z)
        case "tanh":
            return 4 * logi(2 * z) * logi(-2 * z)
        case "softplus":
            return logi(z)
    raise ValueError(name)


def error_of(kind, z, o, y):
    match kind:
        case "squared":
            return ((o - y) ** 2).sum()
        case "log":
            return (y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)).sum()
        case "cross_entropy":
            s = z - z.max(axis=1, keepdims=True)
            return (y * (np.log(np.exp(s).sum(axis=1, keepdims=True)) - s)).sum()
    raise ValueError(kind)


def first_delta(kind, name, z, o, y):
    match kind, name:
        case "log", _:
            return (1 - y) * o - y * logi(-z)
        case "cross_entropy", _:
            return o * y.sum(axis=1, keepdims=True) - y
        case "squared", "softmax":
            g = 2 * (o - y)
            return o * (g - (g * o).sum(axis=1, keepdims=True))
    return 2 * (o - y) * slope_of(name, z)


@backproof.subject(
    activations=["identity", "sigmoid", "tanh", "softplus", "softmax"],
    losses=["squared", "log", "cross_entropy"],
)
def net(case):
    parameters = [(layer.weights, layer.biases) for layer in case.layers]
    rate = float(case.learning_rate)
    shown = []
    for batch in case.batches:
        x, y = case.x[list(batch)], case.y[list(batch)]
        stack, seen_z, seen_a = [], [], []
        a = x
        for layer, (w, b) in zip(case.layers, parameters):
            z = a @ w.T + (0 if b is None else b)
            stack.append((a, z, w, b, layer))
            a = value_of(layer.activation.name, z)
            seen_z.append(z)
            seen_a.append(a)
        loss = error_of(case.loss, seen_z[-1], a, y)

        order = np.argsort(x[:, 0], kind="stable")
        stack = [(a_in[order], z[order], w, b, layer) for a_in, z, w, b, layer in stack]
        last = case.layers[-1].activation.name
        delta = first_delta(case.loss, last, seen_z[-1][order], a[order], y)

        deltas, gws, gbs, new = [], [], [], []
        while stack:
            a_in, z, w, b, layer = stack.pop()
            deltas.insert(0, delta)
            gw = delta.T @ a_in
            if layer.mask is not None:
                gw = gw * layer.mask
            gb = None if b is None else delta.sum(axis=0)
            gws.insert(0, gw)
            gbs.insert(0, gb)
            new.insert(0, (w - rate * gw, None if b is None else b - rate * gb))
            if stack:
                delta = (delta @ w) * slope_of(stack[-1][4].activation.name, stack[-1][1])
        parameters = new
        back = np.argsort(order, kind="stable")  # the rows as they came
        shown.append(
            {
                "net_inputs": seen_z,
                "activations": seen_a,
                "loss": loss,
                "deltas": [d[back] for d in deltas],
                "weight_gradients": gws,
                "bias_gradients": gbs,
                "weights": [w for w, _ in parameters],
                "biases": [b for _, b in parameters],
            }
        )
    return shown
