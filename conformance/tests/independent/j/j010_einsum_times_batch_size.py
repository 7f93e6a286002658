"""Fault: weight and bias gradients are multiplied by the batch size, as if a mean had to be turned back into a sum
(the sum is already there)."""
import numpy as np

import backproof


def nonlinearity(kind, z):
    """f(z) and the Jacobian of f at z as (sample, out, in) or, for element-wise f, (sample, out)."""
    zero = np.zeros_like(z)
    if kind == "sigmoid":
        s = np.exp(-np.logaddexp(zero, -z))
        return s, s * np.exp(-np.logaddexp(zero, z))
    if kind == "tanh":
        return np.tanh(z), 1 / np.cosh(np.clip(z, -40, 40)) ** 2
    if kind == "relu":
        return np.maximum(z, zero), np.greater(z, zero).astype(z.dtype)
    if kind == "softplus":
        return np.logaddexp(zero, z), np.exp(-np.logaddexp(zero, -z))
    if kind == "softmax":
        e = np.exp(z - np.max(z, axis=1, keepdims=True))
        o = np.einsum("so,s->so", e, 1 / np.einsum("so->s", e))
        eye = np.eye(z.shape[1], dtype=z.dtype)
        return o, np.einsum("si,ij->sij", o, eye) - np.einsum("si,sj->sij", o, o)
    return z, zero + 1


def total_loss(kind, z, o, y):
    if kind == "squared":
        return np.einsum("so,so->", y - o, y - o)
    if kind == "log":
        return np.einsum("so->", np.logaddexp(np.zeros_like(z), z) - y * z)
    s = z - np.max(z, axis=1, keepdims=True)
    return np.einsum("so,so->", y, np.log(np.exp(s).sum(axis=1, keepdims=True)) - s)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"], weight_layout="in_out",
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    Ws = [np.array(l.weights) for l in case.layers]
    bs = [None if l.biases is None else np.array(l.biases) for l in case.layers]
    kinds = [l.activation.name for l in case.layers]
    alpha = case.x.dtype.type(case.learning_rate)
    story = []
    for batch in case.batches:
        n, x, y = len(batch), case.x[batch], case.y[batch]
        zs, acts, jacs = [], [x], []
        for W, b, kind in zip(Ws, bs, kinds):
            z = np.einsum("si,io->so", acts[-1], W)
            if b is not None:
                z += b
            a, jac = nonlinearity(kind, z)
            zs.append(z)
            acts.append(a)
            jacs.append(jac)
        if case.loss == "squared":
            pattern = "so,soi->si" if jacs[-1].ndim == 3 else "so,so->so"
            ds = [np.einsum(pattern, 2 * (acts[-1] - y), jacs[-1])]
        else:
            ds = [acts[-1] - y]
        for W, jac in zip(Ws[:0:-1], jacs[-2::-1]):
            ds.append(np.einsum("so,io,si->si", ds[-1], W, jac))
        ds.reverse()
        gWs = [n * np.einsum("si,so->io", a, d) for a, d in zip(acts, ds)]
        gbs = [None if b is None else n * np.einsum("so->o", d) for b, d in zip(bs, ds)]
        gWs = [g if l.mask is None else np.einsum("io,io->io", g, l.mask.astype(g.dtype))
               for g, l in zip(gWs, case.layers)]
        Ws = [W - alpha * g for W, g in zip(Ws, gWs)]
        bs = [None if b is None else b - alpha * g for b, g in zip(bs, gbs)]
        story.append({"net_inputs": zs, "activations": acts[1:], "deltas": ds,
                      "loss": total_loss(case.loss, zs[-1], acts[-1], y), "weight_gradients": gWs,
                      "bias_gradients": gbs, "weights": Ws, "biases": bs})
    return story if len(story) > 1 else story[0]
