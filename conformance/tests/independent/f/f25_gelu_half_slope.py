"""Fault: GELU's derivative is Phi(z) alone, the term z phi(z) of the product rule is missing (in both GELUs)."""
import math
import numpy as np
import backproof

big_phi = np.vectorize(lambda t: 0.5 * math.erfc(-t / math.sqrt(2.0)), otypes=[np.float64])


class Node:
    """A value on the tape; `grad` is filled when the tape is played backwards."""
    def __init__(self, value):
        self.value, self.grad = value, None

    def add(self, g):
        self.grad = g if self.grad is None else self.grad + g


def affine(tape, x, w, b, mask):
    z = Node(x.value @ w.value.T if b is None else x.value @ w.value.T + b.value)

    def play():
        gw = z.grad.T @ x.value
        w.add(gw if mask is None else np.where(mask, gw, gw.dtype.type(0)))
        if b is not None:
            b.add(z.grad.sum(axis=0))
        x.add(z.grad @ w.value)
    tape.append(play)
    return z


def values_and_slopes(name, extra, z):
    if name == "gelu":
        if extra["approximate"] == "tanh":
            cdf = 0.5 * (1 + np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z ** 3)))
        else:
            cdf = big_phi(z).astype(z.dtype)
        return z * cdf, cdf
    if name == "tanh":
        return np.tanh(z), 1 - np.tanh(z) ** 2
    if name == "sigmoid":
        s = np.exp(-np.logaddexp(0, -z))
        return s, s * np.exp(-np.logaddexp(0, z))
    if name == "relu":
        return np.maximum(z, 0), np.sign(np.maximum(z, 0))
    if name == "leaky_relu":
        k = np.where(z > 0, 1, extra["slope"]).astype(z.dtype)
        return k * z, k
    if name == "elu":
        low = extra["alpha"] * np.exp(np.minimum(z, 0))
        return (np.where(z > 0, z, extra["alpha"] * np.expm1(np.minimum(z, 0))).astype(z.dtype),
                np.where(z > 0, 1, low).astype(z.dtype))
    return z.copy(), np.ones_like(z)


def activate(tape, z, spec, fused):
    if spec.name == "softmax":
        e = np.exp(z.value - z.value.max(axis=1, keepdims=True))
        a = Node(e / e.sum(axis=1, keepdims=True))

        def through(g):
            return a.value * (g - (a.value * g).sum(axis=1, keepdims=True))
    else:
        value, slope = values_and_slopes(spec.name, dict(spec.parameters), z.value)
        a = Node(value)

        def through(g):
            return g * slope
    # a fused loss has left dE/dz in a.grad already
    tape.append(lambda: z.add(a.grad if fused else through(a.grad)))
    return a


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "gelu", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    weights = [l.weights.copy() for l in case.layers]
    biases = [None if l.biases is None else l.biases.copy() for l in case.layers]
    rate = weights[0].dtype.type(case.learning_rate)
    updates = []
    for batch in case.batches:
        ws, bs = [Node(w) for w in weights], [None if b is None else Node(b) for b in biases]
        tape, zs, out = [], [], [Node(case.x[list(batch)])]
        for k, spec in enumerate(case.layers):
            last = k == len(case.layers) - 1
            zs.append(affine(tape, out[-1], ws[k], bs[k], spec.mask))
            out.append(activate(tape, zs[-1], spec.activation, last and case.loss != "squared"))
        error = out[-1].value - case.y[list(batch)]
        out[-1].add(2 * error if case.loss == "squared" else error)
        while tape:
            tape.pop()()
        weights = [w.value - rate * w.grad for w in ws]
        biases = [None if b is None else b.value - rate * b.grad for b in bs]
        updates.append({"net_inputs": [z.value for z in zs], "activations": [a.value for a in out[1:]],
                        "deltas": [z.grad for z in zs],
                        "weight_gradients": [w.grad for w in ws],
                        "bias_gradients": [None if b is None else b.grad for b in bs],
                        "weights": weights, "biases": biases})
    return updates
