"""Fault: the deltas that are passed back to the hidden layers are stored in float16 on the way (about 3 digits are left)."""
import numpy as np
import backproof


def half(delta):
    return delta.astype(np.float16).astype(delta.dtype)


def sigmoid(z):
    r = np.empty_like(z)
    np.exp(-np.abs(z), out=r)
    return np.where(z >= 0, 1 / (1 + r), r / (1 + r))


def functions(spec, dtype):
    p = {k: dtype.type(v) for k, v in dict(spec.parameters).items() if k != "approximate"}
    one = dtype.type(1)
    return {
        "identity": (lambda z: z, lambda z, a: np.ones_like(z)),
        "sigmoid": (sigmoid, lambda z, a: a * (one - a)),
        "tanh": (np.tanh, lambda z, a: one - a * a),
        "relu": (lambda z: np.maximum(z, 0), lambda z, a: (z > 0).astype(dtype)),
        "leaky_relu": (lambda z: np.where(z > 0, z, p["slope"] * z), lambda z, a: np.where(z > 0, one, p["slope"])),
        "elu": (lambda z: np.where(z > 0, z, p["alpha"] * np.expm1(np.minimum(z, 0))),
                lambda z, a: np.where(z > 0, one, p["alpha"] * np.exp(np.minimum(z, 0)))),
        "softplus": (lambda z: np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))), lambda z, a: sigmoid(z)),
        "softmax": (lambda z: np.exp(z - z.max(1, keepdims=True)) / np.exp(z - z.max(1, keepdims=True)).sum(1, keepdims=True),
                    None),
    }[spec.name]


class Trainer:
    def __init__(self, case):
        self.case, self.dtype = case, case.x.dtype
        self.fs = [functions(l.activation, self.dtype) for l in case.layers]
        self.weights = [np.copy(l.weights) for l in case.layers]
        self.biases = [None if l.biases is None else np.copy(l.biases) for l in case.layers]

    def __iter__(self):
        for batch in self.case.batches:
            yield self.update(self.case.x[batch], self.case.y[batch])

    def output_delta(self, z, o, y):
        if self.case.loss != "squared":
            return o - y
        g = 2 * (o - y)
        if self.fs[-1][1] is None:
            return o * (g - (g * o).sum(1, keepdims=True))
        return g * self.fs[-1][1](z, o)

    def update(self, x, y):
        a, z = [x], []
        for (f, _), w, b in zip(self.fs, self.weights, self.biases):
            s = a[-1] @ w.T
            z.append(s if b is None else s + b)
            a.append(f(z[-1]))
        deltas = [self.output_delta(z[-1], a[-1], y)]
        for l in range(len(self.weights) - 2, -1, -1):
            d = (deltas[0] @ self.weights[l + 1]) * self.fs[l][1](z[l], a[l + 1])
            deltas.insert(0, half(d))
        gw = [d.T @ v for d, v in zip(deltas, a)]
        gw = [g if l.mask is None else g * l.mask for g, l in zip(gw, self.case.layers)]
        gb = [None if b is None else d.sum(0) for d, b in zip(deltas, self.biases)]
        rate = self.dtype.type(self.case.learning_rate)
        self.weights = [w - rate * g for w, g in zip(self.weights, gw)]
        self.biases = [None if b is None else b - rate * g for b, g in zip(self.biases, gb)]
        return {"net_inputs": z, "activations": a[1:], "deltas": deltas, "weight_gradients": gw,
                "bias_gradients": gb, "weights": self.weights, "biases": self.biases}


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=[])
def net(case):
    return list(Trainer(case))
