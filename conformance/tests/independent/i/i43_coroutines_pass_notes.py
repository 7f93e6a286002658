"""No fault. Every layer is a coroutine that is resumed three times an update: with the activations from below, with the
pull from above, and with the learning rate. Samples are columns, E is the mean, deltas are those of a single sample."""
from math import erfc, pi, sqrt

import numpy as np

import backproof


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def normal_cdf(z):
    return np.array([erfc(-v / sqrt(2)) / 2 for v in z.ravel().tolist()], z.dtype).reshape(z.shape)


def softmax(z):
    e = np.exp(z - z.max(axis=0))
    return e / e.sum(axis=0)


def rule(activation):
    """f and, for a given z and dJ/da, dJ/dz."""
    name, p = activation.name, dict(activation.parameters)
    if name == "identity":
        return (lambda z: z), (lambda z, g: g)
    if name == "sigmoid":
        return sigmoid, (lambda z, g: g * sigmoid(z) * sigmoid(-z))
    if name == "tanh":
        return np.tanh, (lambda z, g: g * (4 * sigmoid(2 * z) * sigmoid(-2 * z)))
    if name == "relu":
        return (lambda z: np.maximum(z, 0)), (lambda z, g: np.where(z > 0, g, 0))
    if name == "leaky_relu":
        return (lambda z: np.where(z > 0, z, p["slope"] * z)), (lambda z, g: np.where(z > 0, g, p["slope"] * g))
    if name == "elu":
        low = lambda z: np.minimum(z, 0)
        return ((lambda z: np.where(z > 0, z, p["alpha"] * np.expm1(low(z)))),
                (lambda z, g: np.where(z > 0, g, g * p["alpha"] * np.exp(low(z)))))
    if name == "softplus":
        return (lambda z: np.logaddexp(0, z)), (lambda z, g: g * sigmoid(z))
    if name == "gelu" and p["approximate"] == "tanh":
        c = sqrt(2 / pi)
        u = lambda z: c * (z + 0.044715 * z ** 3)
        # (1 + tanh u) / 2 = sigmoid(2 u)
        return ((lambda z: z * sigmoid(2 * u(z))),
                (lambda z, g: g * (sigmoid(2 * u(z)) + z * 2 * sigmoid(2 * u(z)) * sigmoid(-2 * u(z))
                                   * c * (1 + 3 * 0.044715 * z ** 2))))
    if name == "gelu":
        return ((lambda z: z * normal_cdf(z)),
                (lambda z, g: g * (normal_cdf(z) + z * np.exp(-z * z / 2) / sqrt(2 * pi))))
    return softmax, (lambda z, g: softmax(z) * (g - (g * softmax(z)).sum(axis=0)))


def layer(spec):
    w, b, mask = spec.weights.copy(), None if spec.biases is None else spec.biases.copy(), spec.mask
    f, pull = rule(spec.activation)
    below = yield
    while True:
        z = w @ below
        if b is not None:
            z = z + b[:, None]
        a = f(z)
        above, is_delta = yield z, a
        delta = above if is_delta else pull(z, above)
        rate = yield delta, w.T @ delta
        n = below.shape[1]
        gw = delta @ below.T / n
        if mask is not None:
            gw = np.where(mask, gw, 0).astype(gw.dtype)
        gb = None if b is None else delta.mean(axis=1)
        w = w - rate * gw
        b = None if b is None else b - rate * gb
        below = yield gw, gb, w, b


def loss_and_pull(loss, z, o, y):
    n = y.shape[1]
    if loss == "squared":
        return np.sum((o - y) ** 2) / n, (2 * (o - y), False)
    if loss == "log":
        return np.sum(y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)) / n, (o - y, True)
    return np.sum(y * (np.logaddexp.reduce(z, axis=0) - z)) / n, (o - y, True)


@backproof.subject(reduction="mean", delta_of="sample", batch_axis=1, losses=["squared", "log", "cross_entropy"])
def net(case):
    crew = [layer(spec) for spec in case.layers]
    for member in crew:
        next(member)
    diary = []
    for batch in case.batches:
        note, y = case.x[:, list(batch)], case.y[:, list(batch)]
        nets, acts, deltas = [], [], []
        for member in crew:
            z, note = member.send(note)
            nets.append(z), acts.append(note)
        loss, message = loss_and_pull(case.loss, nets[-1], acts[-1], y)
        for member in reversed(crew):
            delta, down = member.send(message)
            deltas.insert(0, delta)
            message = down, False
        gw, gb, w, b = zip(*[member.send(case.x.dtype.type(case.learning_rate)) for member in crew])
        diary.append({"net_inputs": nets, "activations": acts, "deltas": deltas, "loss": loss,
                      "weight_gradients": list(gw), "bias_gradients": list(gb), "weights": list(w), "biases": list(b)})
    return diary
