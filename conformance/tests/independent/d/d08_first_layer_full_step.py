"""The first layer is updated without the learning rate."""

import numpy as np

import backproof


class Flat:
    """All parameters in one vector; weights and biases are views of it."""

    def __init__(self, layers):
        parts, self.places, at = [], [], 0
        for l in layers:
            w = slice(at, at + l.weights.size)
            b = slice(w.stop, w.stop + len(l.biases))
            self.places.append((w, l.weights.shape, b))
            parts += [l.weights.ravel(), l.biases]
            at = b.stop
        self.theta = np.concatenate(parts)

    def views(self, vector):
        return [(vector[w].reshape(shape), vector[b]) for w, shape, b in self.places]


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


F = {"sigmoid": sigmoid, "tanh": np.tanh, "relu": lambda z: z * (z > 0), "identity": lambda z: z, "softmax": softmax}
G = {"sigmoid": lambda a: a * (1 - a), "tanh": lambda a: 1 - a**2, "relu": lambda a: (a > 0).astype(a.dtype), "identity": lambda a: 1}


@backproof.subject(
    activations=list(F), losses=["squared", "log", "cross_entropy"], skips=["no-biases", "masked", "general-output-delta"]
)
def net(case):
    flat, names = Flat(case.layers), [l.activation.name for l in case.layers]
    lr = case.x.dtype.type(case.learning_rate)
    steps = []
    for batch in case.batches:
        gradient = np.zeros_like(flat.theta)
        params, slots = flat.views(flat.theta), flat.views(gradient)
        a = [case.x[list(batch)]]
        for (w, b), name in zip(params, names):
            a.append(F[name](a[-1] @ w.T + b))
        delta = a[-1] - case.y[list(batch)]
        if case.loss == "squared":
            delta = delta * 2
        for l in reversed(range(len(params))):
            slots[l][0][...] = delta.T @ a[l]
            slots[l][1][...] = delta.sum(axis=0)
            if l:
                delta = (delta @ params[l][0]) * G[names[l - 1]](a[l])
        first = flat.places[0][2].stop
        flat.theta = flat.theta.copy()
        flat.theta[:first] -= gradient[:first]
        flat.theta[first:] -= lr * gradient[first:]
        steps.append({
            "weight_gradients": [w for w, _ in slots], "bias_gradients": [b for _, b in slots],
            "weights": [w for w, _ in flat.views(flat.theta)], "biases": [b for _, b in flat.views(flat.theta)],
        })
    return steps
