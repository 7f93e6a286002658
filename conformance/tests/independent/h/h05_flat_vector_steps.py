"""Fault: the step handed to the optimiser already holds the learning rate, and the optimiser multiplies by it again."""
import numpy as np
import backproof


class Flat:
    """All parameters in one vector, with views per layer."""

    def __init__(self, case):
        self.shapes = []
        for layer in case.layers:
            self.shapes.append(layer.weights.shape)
            if layer.biases is not None:
                self.shapes.append(layer.biases.shape)
        self.size = sum(int(np.prod(s)) for s in self.shapes)
        self.has = [layer.biases is not None for layer in case.layers]
        parts = []
        for layer in case.layers:
            parts.append(layer.weights.ravel())
            if layer.biases is not None:
                parts.append(layer.biases)
        self.vector = np.concatenate(parts).astype(case.x.dtype)

    def split(self, vector):
        pieces, at = [], 0
        for shape in self.shapes:
            n = int(np.prod(shape))
            pieces.append(vector[at:at + n].reshape(shape))
            at += n
        it = iter(pieces)
        pairs = [(next(it), next(it) if h else None) for h in self.has]
        return [w for w, _ in pairs], [b for _, b in pairs]


def optimise(vector, step, rate):
    return vector - rate * step


def logistic(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


ACT = {"identity": (lambda z: z.copy(), lambda z, a: np.ones_like(z)),
       "sigmoid": (logistic, lambda z, a: a * logistic(-z)),
       "tanh": (np.tanh, lambda z, a: (1 - a) * (1 + a)),
       "relu": (lambda z: np.maximum(z, 0), lambda z, a: (z > 0).astype(z.dtype)),
       "softplus": (lambda z: np.logaddexp(0, z), lambda z, a: logistic(z))}


@backproof.subject(activations=list(ACT), losses=["squared", "log"])
def net(case):
    flat = Flat(case)
    rate = case.x.dtype.type(case.learning_rate)
    masks = [layer.mask for layer in case.layers]
    names = [layer.activation.name for layer in case.layers]
    theta = flat.vector
    out = []
    for batch in case.batches:
        W, B = flat.split(theta)
        a, z = [case.x[list(batch)]], []
        for w, b, n in zip(W, B, names):
            z.append(a[-1] @ w.T if b is None else a[-1] @ w.T + b)
            a.append(ACT[n][0](z[-1]))
        grad = np.zeros_like(theta)
        GW, GB = flat.split(grad)
        d = a[-1] - case.y[list(batch)]
        if case.loss == "squared":
            d = 2 * d * ACT[names[-1]][1](z[-1], a[-1])
        for l in reversed(range(len(W))):
            GW[l][...] = d.T @ a[l]
            if masks[l] is not None:
                GW[l][~masks[l]] = 0
            if GB[l] is not None:
                GB[l][...] = d.sum(axis=0)
            if l:
                d = (d @ W[l]) * ACT[names[l - 1]][1](z[l - 1], a[l])
        step = rate * grad
        theta = optimise(theta, step, rate)
        W, B = flat.split(theta)
        out.append({"weight_gradients": GW, "bias_gradients": GB, "weights": W, "biases": B})
    return out
