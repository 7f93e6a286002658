"""Fault: the reported loss has an L2 penalty on the weights (0.01 / 2 times the sum of their squares) and the
gradient does not know of it: what is descended is the loss without the penalty."""
import numpy as np
import backproof

WEIGHT_DECAY = 0.01


class Tape:
    """Each operation leaves a closure behind; rewinding runs the closures backwards."""

    def __init__(self):
        self.closures = []
        self.grads = {}

    def affine(self, key, a, w, b, mask):
        z = a @ w.T
        if b is not None:
            z = z + b

        def back(dz):
            gw = dz.T @ a
            self.grads[key] = (gw if mask is None else gw * mask, None if b is None else dz.sum(axis=0))
            return dz @ w
        self.closures.append(back)
        return z

    def pointwise(self, kind, z, parameters):
        if kind == "identity":
            a, back = z, lambda da: da
        elif kind == "tanh":
            a = np.tanh(z)
            back = lambda da: da * (1 - a ** 2)
        elif kind == "sigmoid":
            a = stable_sigmoid(z)
            back = lambda da: da * a * stable_sigmoid(-z)
        elif kind == "relu":
            a, back = np.where(z > 0, z, 0), lambda da: np.where(z > 0, da, 0)
        elif kind == "leaky_relu":
            k = np.where(z > 0, np.ones_like(z), parameters["slope"])
            a, back = k * z, lambda da: k * da
        elif kind == "elu":
            low = parameters["alpha"] * np.expm1(np.minimum(z, 0))
            a = np.where(z > 0, z, low)
            back = lambda da: da * np.where(z > 0, 1, low + parameters["alpha"])
        elif kind == "softplus":
            a, back = np.logaddexp(0, z), lambda da: da * stable_sigmoid(z)
        elif kind == "softmax":
            e = np.exp(z - z.max(axis=1, keepdims=True))
            a = e / e.sum(axis=1, keepdims=True)
            back = lambda da: a * (da - (a * da).sum(axis=1, keepdims=True))
        self.closures.append(back)
        return a

    def rewind(self, seed):
        while self.closures:
            seed = self.closures.pop()(seed)
        return self.grads


def stable_sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def penalty(weights):
    return WEIGHT_DECAY / 2 * sum(np.sum(w * w) for w in weights)


def criterion(kind, tape, z, o, y):
    """Data loss and the seed for the tape."""
    if kind == "squared":
        return np.sum((y - o) ** 2), 2 * (o - y)
    tape.closures.pop()                            # sigmoid or softmax goes together with its loss
    if kind == "log":
        return np.sum((1 - y) * np.logaddexp(0, z) + y * np.logaddexp(0, -z)), o - y
    s = z - z.max(axis=1, keepdims=True)
    return np.sum(y * (np.log(np.exp(s).sum(axis=1, keepdims=True)) - s)), o - y


@backproof.subject(activations=["identity", "tanh", "sigmoid", "relu", "leaky_relu", "elu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    weights = [l.weights.copy() for l in case.layers]
    biases = [None if l.biases is None else l.biases.copy() for l in case.layers]
    shown = []
    for batch in case.batches:
        tape = Tape()
        a, y = case.x[list(batch)], case.y[list(batch)]
        zs, outs = [], []
        for key, layer in enumerate(case.layers):
            z = tape.affine(key, a, weights[key], biases[key], layer.mask)
            a = tape.pointwise(layer.activation.name, z, dict(layer.activation.parameters))
            zs.append(z)
            outs.append(a)
        loss, seed = criterion(case.loss, tape, z, a, y)
        loss = loss + penalty(weights)
        grads = tape.rewind(seed)
        gw, gb = zip(*(grads[key] for key in range(len(weights))))
        weights = [w - case.learning_rate * g for w, g in zip(weights, gw)]
        biases = [None if b is None else b - case.learning_rate * g for b, g in zip(biases, gb)]
        shown.append({"activations": outs, "loss": loss, "weight_gradients": list(gw), "bias_gradients": list(gb),
                      "weights": weights, "biases": biases})
    return shown
