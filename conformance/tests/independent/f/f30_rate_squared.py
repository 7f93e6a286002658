"""Fault: the learning rate is applied twice, once when the step is made and again when it is taken."""
import numpy as np
import backproof


def views(flat, shapes):
    """Windows of a flat vector, one a shape (None stays None)."""
    found, at = [], 0
    for shape in shapes:
        if shape is None:
            found.append(None)
            continue
        size = int(np.prod(shape))
        found.append(flat[at:at + size].reshape(shape))
        at += size
    return found


def sigmoid(z):
    p = np.empty_like(z)
    pos = z >= 0
    p[pos] = 1 / (1 + np.exp(-z[pos]))
    q = np.exp(z[~pos])
    p[~pos] = q / (1 + q)
    return p


def evaluate(spec, z):
    """Activation and derivative at z (derivative None: softmax)."""
    name, opts = spec.name, dict(spec.parameters)
    if name == "identity":
        return z.copy(), np.ones_like(z)
    if name == "sigmoid":
        return sigmoid(z), sigmoid(z) * sigmoid(-z)
    if name == "tanh":
        return np.tanh(z), 1 - np.tanh(z) ** 2
    if name == "softplus":
        return np.logaddexp(np.zeros_like(z), z), sigmoid(z)
    if name == "softmax":
        e = np.exp(z - z.max(1, keepdims=True))
        return e / e.sum(1, keepdims=True), None
    low = opts.get("slope", 0)
    if name == "elu":
        ez = np.exp(np.minimum(z, 0))
        return (np.where(z > 0, z, opts["alpha"] * np.expm1(np.minimum(z, 0))).astype(z.dtype),
                np.where(z > 0, 1, opts["alpha"] * ez).astype(z.dtype))
    kink = np.where(z > 0, 1, low).astype(z.dtype)
    return kink * z, kink


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    shapes = []
    for l in case.layers:
        shapes += [l.weights.shape, None if l.biases is None else l.biases.shape]
    theta = np.concatenate([p.ravel() for l in case.layers for p in (l.weights, l.biases) if p is not None])
    grad = np.zeros_like(theta)
    P, G = views(theta, shapes), views(grad, shapes)
    rate = theta.dtype.type(case.learning_rate)
    for batch in case.batches:
        pick = np.array(list(batch))
        acts, slopes = [case.x[pick]], []
        for k, l in enumerate(case.layers):
            z = acts[-1] @ P[2 * k].T
            if P[2 * k + 1] is not None:
                z = z + P[2 * k + 1]
            a, s = evaluate(l.activation, z)
            acts.append(a)
            slopes.append(s)
        d = acts[-1] - case.y[pick]
        if case.loss == "squared":
            d = 2 * d
            d = d * slopes[-1] if slopes[-1] is not None else acts[-1] * (d - (d * acts[-1]).sum(1, keepdims=True))
        for k in reversed(range(len(case.layers))):
            G[2 * k][...] = d.T @ acts[k]
            if case.layers[k].mask is not None:
                G[2 * k][~case.layers[k].mask] = 0
            if G[2 * k + 1] is not None:
                G[2 * k + 1][...] = d.sum(0)
            if k:
                d = (d @ P[2 * k]) * slopes[k - 1]
        step = rate * grad
        theta -= rate * step
    return {"final": {"weights": [w.copy() for w in P[0::2]],
                      "biases": [None if b is None else b.copy() for b in P[1::2]]}}
