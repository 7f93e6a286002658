"""Correct: samples as columns, weights (n_in, n_out), mean over the samples, half the squared loss."""
import numpy as np
import backproof


class Activation:
    def value(self, z):
        return z

    def pull(self, z, a, g):
        return g


class Sigmoid(Activation):
    def value(self, z):
        return np.exp(np.minimum(z, 0)) / (1 + np.exp(-np.abs(z)))

    def pull(self, z, a, g):
        return g * self.value(z) * self.value(-z)


class Tanh(Activation):
    def value(self, z):
        return np.tanh(z)

    def pull(self, z, a, g):
        return g - g * a * a


class Relu(Activation):
    def value(self, z):
        return (z + np.abs(z)) / 2

    def pull(self, z, a, g):
        return np.where(z > 0, g, np.zeros_like(g))


class Softplus(Activation):
    def value(self, z):
        return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))

    def pull(self, z, a, g):
        return g * Sigmoid().value(z)


class Softmax(Activation):
    def value(self, z):
        e = np.exp(z - z.max(axis=0, keepdims=True))
        return e / e.sum(axis=0, keepdims=True)

    def pull(self, z, a, g):
        return a * (g - (a * g).sum(axis=0, keepdims=True))


CLASSES = {"identity": Activation, "sigmoid": Sigmoid, "tanh": Tanh, "relu": Relu, "softplus": Softplus,
           "softmax": Softmax}


@backproof.subject(activations=list(CLASSES), losses=["squared", "log", "cross_entropy"], batch_axis=1,
                   weight_layout="in_out", reduction="mean", loss_factor=0.5)
def net(case):
    f = [CLASSES[l.activation.name]() for l in case.layers]
    V, c = [l.weights for l in case.layers], [l.biases for l in case.layers]
    T = case.x.dtype.type
    shown = []
    for batch in case.batches:
        pick = list(batch)
        n = T(len(pick))
        a, z = [case.x[:, pick]], []
        for v, k, g in zip(V, c, f):
            z.append(v.T @ a[-1])
            if k is not None:
                z[-1] = z[-1] + k[:, None]
            a.append(g.value(z[-1]))
        miss = (a[-1] - case.y[:, pick]) / n
        d = [f[-1].pull(z[-1], a[-1], miss) if case.loss == "squared" else miss]
        for l in range(len(V) - 1, 0, -1):
            d.insert(0, f[l - 1].pull(z[l - 1], a[l], V[l] @ d[0]))
        gv = [p @ q.T for p, q in zip(a, d)]
        gv = [g if l.mask is None else g * l.mask for g, l in zip(gv, case.layers)]
        gc = [None if k is None else q.sum(axis=1) for k, q in zip(c, d)]
        V = [v - T(case.learning_rate) * g for v, g in zip(V, gv)]
        c = [None if k is None else k - T(case.learning_rate) * g for k, g in zip(c, gc)]
        shown.append({"net_inputs": z, "activations": a[1:], "deltas": d, "weight_gradients": gv,
                      "bias_gradients": gc, "weights": V, "biases": c})
    return shown
