"""No fault: the equations are written down as memoised recursive functions of (sample, layer, neuron), and the gradients are simply asked for, one scalar at a time."""
import math
from functools import cache
import numpy as np
import backproof


def sig(t):
    return 1 / (1 + math.exp(-t)) if t >= 0 else math.exp(t) / (1 + math.exp(t))


def softplus(t):
    return max(t, 0.0) + math.log1p(math.exp(-abs(t)))


def function(name, p):
    return {"identity": lambda t: t, "sigmoid": sig, "tanh": math.tanh, "relu": lambda t: t if t > 0 else 0.0,
            "leaky_relu": lambda t: t if t > 0 else p["slope"] * t, "softplus": softplus,
            "elu": lambda t: t if t > 0 else p["alpha"] * math.expm1(t)}[name]


def prime(name, p):
    return {"identity": lambda t: 1.0, "sigmoid": lambda t: sig(t) * sig(-t),
            "tanh": lambda t: 4 * sig(2 * t) * sig(-2 * t), "relu": lambda t: float(t > 0),
            "leaky_relu": lambda t: 1.0 if t > 0 else p["slope"], "softplus": sig,
            "elu": lambda t: 1.0 if t > 0 else p["alpha"] * math.exp(t)}[name]


class Equations:
    def __init__(self, case, w, b):
        L = len(w)
        size = [case.x.shape[1]] + [len(m) for m in w]
        acts = [None] + [(l.activation.name, dict(l.activation.parameters)) for l in case.layers]
        x, y = case.x.tolist(), case.y.tolist()

        @cache
        def z(s, l, i):
            terms = [w[l - 1][i][j] * a(s, l - 1, j) for j in range(size[l - 1])]
            return math.fsum(terms if b[l - 1] is None else terms + [b[l - 1][i]])

        @cache
        def top(s):
            zs = [z(s, L, k) for k in range(size[L])]
            return max(zs), math.fsum(math.exp(v - max(zs)) for v in zs)

        @cache
        def a(s, l, i):
            if l == 0:
                return x[s][i]
            if acts[l][0] == "softmax":
                return math.exp(z(s, l, i) - top(s)[0]) / top(s)[1]
            return function(*acts[l])(z(s, l, i))

        @cache
        def delta(s, l, i):
            if l < L:
                return prime(*acts[l])(z(s, l, i)) * math.fsum(
                    w[l][j][i] * delta(s, l + 1, j) for j in range(size[l + 1]))
            if case.loss != "squared":
                return a(s, L, i) - y[s][i]
            if acts[L][0] != "softmax":
                return 2 * (a(s, L, i) - y[s][i]) * prime(*acts[L])(z(s, L, i))
            return math.fsum(2 * (a(s, L, k) - y[s][k]) * a(s, L, k) * ((k == i) - a(s, L, i)) for k in range(size[L]))

        def J(s):
            if case.loss == "squared":
                return math.fsum((y[s][k] - a(s, L, k)) ** 2 for k in range(size[L]))
            if case.loss == "log":
                return math.fsum(y[s][k] * softplus(-z(s, L, k)) + (1 - y[s][k]) * softplus(z(s, L, k))
                                 for k in range(size[L]))
            return math.fsum(y[s][k] * (top(s)[0] + math.log(top(s)[1]) - z(s, L, k)) for k in range(size[L]))

        self.z, self.a, self.delta, self.J, self.size = z, a, delta, J, size


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "softplus", "elu", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    dtype = case.x.dtype
    masks = [np.ones(l.weights.shape, bool) if l.mask is None else l.mask for l in case.layers]
    W = [l.weights.copy() for l in case.layers]
    B = [None if l.biases is None else l.biases.copy() for l in case.layers]
    alpha = dtype.type(case.learning_rate)
    layers = range(1, len(W) + 1)
    answers = []
    for batch in case.batches:
        eq = Equations(case, [w.tolist() for w in W], [None if v is None else v.tolist() for v in B])
        n = eq.size
        table = lambda q: [np.array([[q(s, l, i) for i in range(n[l])] for s in batch], dtype) for l in layers]
        gW = [np.array([[math.fsum(eq.delta(s, l, i) * eq.a(s, l - 1, j) for s in batch) if masks[l - 1][i, j] else 0.0
                         for j in range(n[l - 1])] for i in range(n[l])], dtype) for l in layers]
        gB = [None if B[l - 1] is None else
              np.array([math.fsum(eq.delta(s, l, i) for s in batch) for i in range(n[l])], dtype) for l in layers]
        W = [w - alpha * g for w, g in zip(W, gW)]
        B = [None if v is None else v - alpha * g for v, g in zip(B, gB)]
        answers.append({"net_inputs": table(eq.z), "activations": table(eq.a), "deltas": table(eq.delta),
                        "loss": dtype.type(math.fsum(eq.J(s) for s in batch)),
                        "weight_gradients": gW, "bias_gradients": gB, "weights": W, "biases": B})
    return answers
