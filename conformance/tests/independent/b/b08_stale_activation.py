"""Style: functional, closures over cells; fault: from the second update on, gradients use the previous update's activations."""

import numpy as np

import backproof


def make_activation(name):
    def half(z):
        e = np.exp(-np.abs(z))
        return np.where(z >= 0, 1 / (1 + e), e / (1 + e))

    table = {
        "identity": (lambda z: z + 0, lambda z: np.ones_like(z)),
        "sigmoid": (half, lambda z: half(z) * half(-z)),
        "tanh": (np.tanh, lambda z: 4 * half(2 * z) * half(-2 * z)),
        "softplus": (lambda z: np.logaddexp(0, z), half),
    }
    return table[name]


def make_layer(weights, biases, mask, name):
    f, fprime = make_activation(name)
    cell = {"w": weights, "b": biases, "kept": None}

    def forward(a):
        cell["a"] = a
        cell["z"] = a @ cell["w"].T + (0 if cell["b"] is None else cell["b"])
        return f(cell["z"])

    def slope():
        return fprime(cell["z"])

    def backward(delta):
        kept = cell["a"] if cell["kept"] is None else cell["kept"]
        kept = kept[np.arange(len(delta)) % len(kept)]  # batches of different size: reuse rows
        cell["kept"] = cell["a"]
        cell["delta"] = delta
        cell["gw"] = delta.T @ kept if mask is None else (delta.T @ kept) * mask
        cell["gb"] = None if cell["b"] is None else delta.sum(axis=0)
        return delta @ cell["w"]

    def step(rate):
        cell["w"] = cell["w"] - rate * cell["gw"]
        if cell["b"] is not None:
            cell["b"] = cell["b"] - rate * cell["gb"]

    def peek(key):
        return cell[key]

    return forward, slope, backward, step, peek


def make_head(kind):
    soft = make_activation("softplus")
    logistic = make_activation("sigmoid")[0]

    def squared(z, o, y, slope):
        return np.sum((o - y) ** 2), 2 * (o - y) * slope()

    def log(z, o, y, slope):
        value = np.sum(y * soft[0](-z) + (1 - y) * soft[0](z))
        return value, (1 - y) * logistic(z) - y * logistic(-z)

    return {"squared": squared, "log": log}[kind]


@backproof.subject(activations=["identity", "sigmoid", "tanh", "softplus"], losses=["squared", "log"])
def net(case):
    layers = [make_layer(l.weights, l.biases, l.mask, l.activation.name) for l in case.layers]
    head = make_head(case.loss)
    rate = float(case.learning_rate)

    def all_of(key):
        return [peek(key) for *_, peek in layers]

    def update(rows):
        a, seen = case.x[rows], []
        for forward, *_ in layers:
            a = forward(a)
            seen.append(a)
        loss, back = head(layers[-1][4]("z"), a, case.y[rows], layers[-1][1])
        for depth, (_, slope, backward, _, _) in enumerate(reversed(layers)):
            back = backward(back if depth == 0 else back * slope())
        for _, _, _, step, _ in layers:
            step(rate)
        return {
            "net_inputs": all_of("z"),
            "activations": seen,
            "loss": loss,
            "deltas": all_of("delta"),
            "weight_gradients": all_of("gw"),
            "bias_gradients": all_of("gb"),
            "weights": all_of("w"),
            "biases": all_of("b"),
        }

    return [update(list(batch)) for batch in case.batches]
