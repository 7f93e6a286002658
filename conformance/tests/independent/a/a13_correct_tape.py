"""Style: a tiny tape-based reverse-mode autodiff on arrays. Fault: none."""

import numpy as np

import backproof


class Tape:
    def __init__(self):
        self.nodes = []

    def var(self, value, parents=()):
        node = Var(self, value, parents)
        self.nodes.append(node)
        return node

    def sweep(self, end):
        for node in self.nodes:
            node.grad = np.zeros_like(node.value)
        end.grad = np.ones_like(end.value)
        for node in reversed(self.nodes):
            for parent, vjp in node.parents:
                parent.grad = parent.grad + vjp(node.grad)


class Var:
    """One value on the tape; parents: pairs (node, how dE/d(this) becomes dE/d(that))."""

    def __init__(self, tape, value, parents):
        self.tape, self.value, self.parents = tape, value, parents

    def new(self, value, *parents):
        return self.tape.var(value, parents)

    def times_transposed(self, w):
        a = self
        return a.new(a.value @ w.value.T, (a, lambda g: g @ w.value), (w, lambda g: g.T @ a.value))

    def plus_row(self, b):
        return self.new(self.value + b.value, (self, lambda g: g), (b, lambda g: g.sum(axis=0)))

    def masked(self, mask):
        return self.new(np.where(mask, self.value, np.zeros_like(self.value)), (self, lambda g: g * mask))

    def minus(self, constant):
        return self.new(self.value - constant, (self, lambda g: g))

    def square(self):
        return self.new(self.value**2, (self, lambda g: 2 * g * self.value))

    def total(self):
        return self.new(np.sum(self.value), (self, lambda g: np.full_like(self.value, g)))

    def identity(self):
        return self.new(self.value.copy(), (self, lambda g: g))

    def sigmoid(self):
        s, r = _logistic(self.value), _logistic(-self.value)
        return self.new(s, (self, lambda g: g * s * r))

    def tanh(self):
        t = np.tanh(self.value)
        return self.new(t, (self, lambda g: g * (1 - t) * (1 + t)))

    def relu(self):
        on = self.value > 0
        return self.new(self.value * on, (self, lambda g: g * on))

    def softmax(self):
        e = np.exp(self.value - self.value.max(axis=1, keepdims=True))
        p = e / e.sum(axis=1, keepdims=True)
        return self.new(p, (self, lambda g: p * (g - (g * p).sum(axis=1, keepdims=True))))

    # losses as functions of the net input, so that saturated outputs stay exact

    def log_loss(self, y):
        z = self.value
        v = np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))
        return self.new(v, (self, lambda g: g * (_logistic(z) - y)))

    def cross_entropy(self, y):
        t = self.value - self.value.max(axis=1, keepdims=True)
        e = np.exp(t)
        s = e.sum(axis=1, keepdims=True)
        v = y * (np.log(s) - t)
        # every element of v is weighted alike by total(): dE/dz = g * (p * sum(y) - y)
        return self.new(v.sum(axis=1, keepdims=True), (self, lambda g: g * (e / s * y.sum(axis=1, keepdims=True) - y)))


def _logistic(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


@backproof.subject(
    activations=["identity", "sigmoid", "tanh", "relu", "softmax"], losses=["squared", "log", "cross_entropy"]
)
def net(case):
    weights = [c.weights.copy() for c in case.layers]
    biases = [None if c.biases is None else c.biases.copy() for c in case.layers]
    alpha = float(case.learning_rate)
    history = []
    for batch in case.batches:
        rows = list(batch)
        tape, y = Tape(), case.y[rows]
        w = [tape.var(v) for v in weights]
        b = [None if v is None else tape.var(v) for v in biases]
        a, zs, outs = tape.var(case.x[rows]), [], []
        for c, wl, bl in zip(case.layers, w, b):
            z = a.times_transposed(wl if c.mask is None else wl.masked(c.mask))
            if bl is not None:
                z = z.plus_row(bl)
            a = getattr(z, c.activation.name)()
            zs.append(z)
            outs.append(a)
        if case.loss == "squared":
            terms = a.minus(y).square()
        elif case.loss == "log":
            terms = z.log_loss(y)
        else:
            terms = z.cross_entropy(y)
        E = terms.total()
        tape.sweep(E)
        gW = [v.grad for v in w]
        gb = [None if v is None else v.grad for v in b]
        weights = [v - alpha * g for v, g in zip(weights, gW)]
        biases = [None if v is None else v - alpha * g for v, g in zip(biases, gb)]
        history.append(
            {
                "net_inputs": [z.value for z in zs],
                "activations": [o.value for o in outs],
                "loss": E.value,
                "deltas": [z.grad for z in zs],
                "weight_gradients": gW,
                "bias_gradients": gb,
                "weights": weights,
                "biases": biases,
            }
        )
    return history
