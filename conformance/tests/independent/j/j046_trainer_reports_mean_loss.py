"""Fault: the loss that is reported is the mean over the samples of the batch, but the gradients (and what is
declared) are those of the sum: the number shown is not the function that is differentiated."""
import numpy as np

import backproof


def expit(z):
    return np.where(z < 0, np.exp(np.minimum(z, 0)), 1) / (1 + np.exp(-np.abs(z)))


def log_softmax(z):
    r = z - z.max(axis=1, keepdims=True)
    return r - np.log(np.exp(r).sum(axis=1, keepdims=True))


class Trainer:
    losses = ["squared", "log", "cross_entropy"]
    curves = {
        "identity": (lambda z, p: z + 0, lambda z, a, p: np.ones_like(z)),
        "sigmoid": (lambda z, p: expit(z), lambda z, a, p: a * expit(-z)),
        "tanh": (lambda z, p: np.tanh(z), lambda z, a, p: 1 - a * a),
        "relu": (lambda z, p: np.maximum(z, 0), lambda z, a, p: (z > 0).astype(z.dtype)),
        "leaky_relu": (lambda z, p: np.where(z > 0, z, p["slope"] * z),
                       lambda z, a, p: np.where(z > 0, 1, p["slope"]).astype(z.dtype)),
        "elu": (lambda z, p: np.where(z > 0, z, p["alpha"] * np.expm1(np.minimum(z, 0))),
                lambda z, a, p: np.where(z > 0, 1, p["alpha"] * np.exp(np.minimum(z, 0)))),
        "softplus": (lambda z, p: np.logaddexp(0, z), lambda z, a, p: expit(z)),
        "softmax": (lambda z, p: np.exp(log_softmax(z)), None),
    }

    def __init__(self, case):
        self.case, self.layers = case, case.layers
        self.W = [l.weights.copy() for l in self.layers]
        self.B = [None if l.biases is None else l.biases.copy() for l in self.layers]
        self.lr = case.x.dtype.type(case.learning_rate)

    def predict(self, x):
        self.A, self.Z = [x], []
        for l, w, b in zip(self.layers, self.W, self.B):
            z = self.A[-1] @ w.T
            self.Z.append(z if b is None else z + b)
            self.A.append(self.curves[l.activation.name][0](self.Z[-1], dict(l.activation.parameters)))
        return self.A[-1]

    def score(self, y):
        z, o = self.Z[-1], self.A[-1]
        if self.case.loss == "squared":
            per_sample = np.sum((y - o) ** 2, axis=1)
        elif self.case.loss == "log":
            per_sample = np.sum(np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z))), axis=1)
        else:
            per_sample = -np.sum(y * log_softmax(z), axis=1)
        return per_sample.mean()

    def slope(self, i):
        act = self.layers[i].activation
        return self.curves[act.name][1](self.Z[i], self.A[i + 1], dict(act.parameters))

    def blame(self, y):
        o = self.A[-1]
        g = o - y
        if self.case.loss == "squared":
            g = 2 * g
            if self.layers[-1].activation.name == "softmax":
                g = o * (g - np.sum(g * o, axis=1, keepdims=True))
            else:
                g = g * self.slope(len(self.W) - 1)
        self.D = [g]
        for i in range(len(self.W) - 2, -1, -1):
            self.D.insert(0, (self.D[0] @ self.W[i + 1]) * self.slope(i))

    def fit_batch(self, x, y):
        self.predict(x)
        loss = self.score(y)
        self.blame(y)
        gw = [d.T @ a for d, a in zip(self.D, self.A)]
        gw = [g if l.mask is None else g * l.mask for g, l in zip(gw, self.layers)]
        gb = [None if b is None else d.sum(axis=0) for d, b in zip(self.D, self.B)]
        self.W = [w - self.lr * g for w, g in zip(self.W, gw)]
        self.B = [None if b is None else b - self.lr * g for b, g in zip(self.B, gb)]
        return {"net_inputs": self.Z, "activations": self.A[1:], "deltas": self.D, "loss": loss,
                "weight_gradients": gw, "bias_gradients": gb, "weights": self.W, "biases": self.B}


@backproof.subject(activations=list(Trainer.curves), losses=Trainer.losses)
def net(case):
    trainer = Trainer(case)
    return [trainer.fit_batch(case.x[batch], case.y[batch]) for batch in case.batches]
