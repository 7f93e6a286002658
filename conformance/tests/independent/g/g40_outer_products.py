"""Faults: with the log losses the output delta gets a factor o(1 - o) that cancels against the loss and does not belong there;
the bias gradient is the mean over the samples of the batch where it should be the sum."""
import numpy as np

import backproof


def sig(z):
    if z.ndim == 0:
        return z.dtype.type(1) / (1 + np.exp(-z)) if z >= 0 else np.exp(z) / (1 + np.exp(z))
    return np.array([sig(v) for v in z], dtype=z.dtype)


FORWARD = dict(
    identity=lambda z: z,
    sigmoid=sig,
    tanh=np.tanh,
    relu=lambda z: np.maximum(z, 0),
    softplus=lambda z: np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))),
    softmax=lambda z: np.exp(z - z.max()) / np.exp(z - z.max()).sum(),
)
JACOBIAN = dict(
    identity=lambda z, a: np.eye(len(z), dtype=z.dtype),
    sigmoid=lambda z, a: np.diag(a * sig(-z)),
    tanh=lambda z, a: np.diag(1 - a**2),
    relu=lambda z, a: np.diag((z > 0).astype(z.dtype)),
    softplus=lambda z, a: np.diag(sig(z)),
    softmax=lambda z, a: np.diag(a) - np.outer(a, a),
)


def one_sample(case, W, b, x, y):
    """The gradients of one sample's error, with a Jacobian for each activation."""
    a, z, J = [x], [], []
    for layer, w, c in zip(case.layers, W, b):
        name = layer.activation.name
        z.append(w @ a[-1] if c is None else w @ a[-1] + c)
        a.append(FORWARD[name](z[-1]))
        J.append(JACOBIAN[name](z[-1], a[-1]))
    o = a[-1]
    if case.loss == "squared":
        d = [J[-1].T @ (2 * (o - y))]
    else:
        d = [(o - y) * o * (1 - o)]
    for k in range(len(W) - 1, 0, -1):
        d.insert(0, J[k - 1].T @ (W[k].T @ d[0]))
    return d, [np.outer(e, v) for e, v in zip(d, a)]


@backproof.subject(activations=list(FORWARD), losses=["squared", "log", "cross_entropy"], loss_at="none")
def net(case):
    W = [l.weights.copy() for l in case.layers]
    b = [None if l.biases is None else l.biases.copy() for l in case.layers]
    step = case.x.dtype.type(case.learning_rate)
    seen = []
    for batch in case.batches:
        per_sample = [one_sample(case, W, b, case.x[s], case.y[s]) for s in batch]
        gW, gb = [], []
        for k, layer in enumerate(case.layers):
            g = np.sum([outer[k] for _, outer in per_sample], axis=0)
            gW.append(g if layer.mask is None else np.where(layer.mask, g, np.zeros_like(g)))
            gb.append(None if b[k] is None else np.mean([d[k] for d, _ in per_sample], axis=0))
        for k in range(len(W)):
            W[k] = W[k] - step * gW[k]
            b[k] = None if b[k] is None else b[k] - step * gb[k]
        seen.append({"weight_gradients": gW, "bias_gradients": gb, "weights": list(W), "biases": list(b)})
    return seen
