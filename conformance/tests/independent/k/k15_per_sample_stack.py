"""Fault: the samples' gradients are stacked and summed in half precision (float16), so that about 3 digits of a gradient are left."""
import numpy as np
import backproof


def total(stack):
    """The sum of the samples' gradients (first axis)."""
    return np.sum(stack, axis=0, dtype=np.float16).astype(stack.dtype)


def s(z):
    e = np.exp(-np.abs(z))
    return np.where(z > 0, 1, e) / (1 + e)


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


FORWARD = {"identity": lambda z, p: z.copy(), "sigmoid": lambda z, p: s(z), "tanh": lambda z, p: np.tanh(z),
           "relu": lambda z, p: np.maximum(z, 0), "softmax": lambda z, p: softmax(z),
           "elu": lambda z, p: np.where(z > 0, z, p["alpha"] * np.expm1(np.minimum(z, 0)))}
SLOPE = {"identity": lambda z, p: np.ones_like(z), "sigmoid": lambda z, p: s(z) * s(-z),
         "tanh": lambda z, p: 1 - np.tanh(z) ** 2, "relu": lambda z, p: (z > 0).astype(z.dtype),
         "elu": lambda z, p: np.where(z > 0, 1, p["alpha"] * np.exp(np.minimum(z, 0))).astype(z.dtype)}


def output_delta(case, act, z, o, y):
    if case.loss != "squared":
        return o - y
    g = 2 * (o - y)
    if act[0] == "softmax":
        return o * (g - np.sum(g * o, axis=-1, keepdims=True))
    return g * SLOPE[act[0]](z, act[1])


def batch_loss(case, z, o, y):
    if case.loss == "squared":
        return np.sum((y - o) ** 2)
    if case.loss == "log":
        return np.sum(y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z))
    m = z.max(axis=-1, keepdims=True)
    return np.sum(y * (m - z + np.log(np.exp(z - m).sum(axis=-1, keepdims=True))))


@backproof.subject(activations=list(FORWARD), losses=["squared", "log", "cross_entropy"])
def net(case):
    acts = [(l.activation.name, dict(l.activation.parameters)) for l in case.layers]
    W = [l.weights.copy() for l in case.layers]
    b = [None if l.biases is None else l.biases.copy() for l in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    shown = []
    for batch in case.batches:
        a, z, y = [case.x[list(batch)]], [], case.y[list(batch)]
        for w, c, (name, p) in zip(W, b, acts):
            z.append(np.matvec(w, a[-1]) + (0 if c is None else c))
            a.append(FORWARD[name](z[-1], p))
        d = [output_delta(case, acts[-1], z[-1], a[-1], y)]
        for w, zl, (name, p) in zip(W[:0:-1], z[-2::-1], acts[-2::-1]):
            d.append(np.matvec(w.T, d[-1]) * SLOPE[name](zl, p))
        d.reverse()
        # one gradient per sample: (batch, n_out, n_in), and then their sum
        gW = [total(dl[:, :, None] * al[:, None, :]) for dl, al in zip(d, a)]
        gW = [g if l.mask is None else np.where(l.mask, g, np.zeros_like(g)) for g, l in zip(gW, case.layers)]
        gb = [None if c is None else total(dl) for dl, c in zip(d, b)]
        W = [w - rate * g for w, g in zip(W, gW)]
        b = [None if c is None else c - rate * g for c, g in zip(b, gb)]
        shown.append({"net_inputs": z, "activations": a[1:], "deltas": d, "loss": batch_loss(case, z[-1], a[-1], y),
                      "weight_gradients": gW, "bias_gradients": gb, "weights": W, "biases": b})
    return shown
