"""Fault: plain gradient descent was wanted, but the optimiser still has momentum 0.9: the first update is right,
later ones carry the velocity along."""
import numpy as np
import backproof

MOMENTUM = 0.9


def views(theta, shapes):
    """Cut the flat vector into (W, b) views, W as (n_in, n_out)."""
    at, parts = 0, []
    for (rows, cols), has_bias in shapes:
        W = theta[at:at + rows * cols].reshape(rows, cols)
        at += rows * cols
        b = theta[at:at + cols] if has_bias else None
        at += cols if has_bias else 0
        parts.append((W, b))
    return parts


def s(z):
    small = np.exp(-np.abs(z))
    return np.where(z < 0, small, 1) / (1 + small)


def soft(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


f = dict(identity=lambda z: z + 0, sigmoid=s, tanh=np.tanh, relu=lambda z: z * (z > 0), softmax=soft,
         softplus=lambda z: np.logaddexp(z.dtype.type(0), z))
df = dict(identity=np.ones_like, sigmoid=lambda z: s(z) * s(-z), tanh=lambda z: 4 * s(2 * z) * s(-2 * z),
          relu=lambda z: (z > 0).astype(z.dtype), softplus=s)


def gradient(theta, shapes, kinds, masks, x, y, loss):
    parts = views(theta, shapes)
    a, z = [x], []
    for (W, b), k in zip(parts, kinds):
        z.append(a[-1] @ W if b is None else a[-1] @ W + b)
        a.append(f[k](z[-1]))
    d = a[-1] - y
    if loss == "squared":
        d = 2 * d
        d = a[-1] * (d - (d * a[-1]).sum(1, keepdims=True)) if kinds[-1] == "softmax" else d * df[kinds[-1]](z[-1])
    grad = np.zeros_like(theta)
    for l, (gW, gb) in reversed(list(enumerate(views(grad, shapes)))):
        gW[...] = a[l].T @ d
        if masks[l] is not None:
            gW *= masks[l]
        if gb is not None:
            gb[...] = d.sum(axis=0)
        if l:
            d = (d @ parts[l][0].T) * df[kinds[l - 1]](z[l - 1])
    return grad


@backproof.subject(activations=list(f), losses=["squared", "log", "cross_entropy"], weight_layout="in_out")
def net(case):
    shapes = [(l.weights.shape, l.biases is not None) for l in case.layers]
    kinds = [l.activation.name for l in case.layers]
    masks = [l.mask for l in case.layers]
    theta = np.concatenate([p.ravel() for l in case.layers for p in (l.weights, l.biases) if p is not None])
    velocity = np.zeros_like(theta)
    lr = theta.dtype.type(case.learning_rate)
    out = []
    for batch in case.batches:
        rows = list(batch)
        g = gradient(theta, shapes, kinds, masks, case.x[rows], case.y[rows], case.loss)
        velocity = MOMENTUM * velocity - lr * g
        theta = theta + velocity
        now, grads = views(theta, shapes), views(g, shapes)
        out.append({"weight_gradients": [W for W, _ in grads], "bias_gradients": [b for _, b in grads],
                    "weights": [W for W, _ in now], "biases": [b for _, b in now]})
    return out
